"""The lives of one part: launched, kept alive, stopped."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from workers.up import logs, process
from workers.up.backoff import Backoff
from workers.up.births import birth_of
from workers.up.keeper import Keeper
from workers.up.parts import Part
from workers.up.process import LAUNCHER, PartProcess
from workers.up.readiness import Check
from workers.up.refusal import UpRefusedError

SLEEP = ("sleep", "60")
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


async def at_once(_: datetime) -> bool:
    return True


async def never(_: datetime) -> bool:
    return False


def part(*argv: str, check: Check = at_once) -> Part:
    return Part(name="part", argv=argv, env=dict(os.environ), check=check, patience=timedelta(seconds=0.3))


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not look():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def started(wanted: Part, log: Path) -> AsyncIterator[PartProcess]:
    running = await PartProcess.start(wanted, log)
    try:
        yield running
    finally:
        running.kill()
        await running.ended()


@asynccontextmanager
async def kept(wanted: Part, log: Path) -> AsyncIterator[tuple[Keeper, list[int]]]:
    pids: list[int] = []
    keeper = Keeper(wanted, log, needs=(), started=lambda _, pid: pids.append(pid))
    task = asyncio.create_task(keeper.keep())
    try:
        await until(keeper.ready.is_set)
        yield keeper, pids
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if keeper.process:
            keeper.process.kill()
            await keeper.process.ended()


async def kill_and_see_it_again(pids: list[int]) -> None:
    killed = pids[-1]
    os.kill(killed, signal.SIGTERM)
    await until(lambda: pids[-1] != killed)


async def refused(wanted: Part, log: Path) -> str:
    keeper = Keeper(wanted, log, needs=(), started=lambda *_: None)
    try:
        with pytest.raises(UpRefusedError) as refusal:
            async with asyncio.timeout(10):
                await keeper.keep()
    finally:
        if keeper.process:
            await keeper.process.stop()
    return refusal.value.lines[0]


def test_the_launcher_starts_nothing_for_a_supervisor_that_is_gone(tmp_path: Path) -> None:
    trace = tmp_path / "started"
    ended = subprocess.run([*LAUNCHER, "1", "touch", trace], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "the supervisor is gone\n")
    assert not trace.exists()


async def test_the_launcher_becomes_the_part(tmp_path: Path) -> None:
    async with started(part("sh", "-c", "echo $$; sleep 60"), tmp_path / "log") as running:
        await until(lambda: running.last_words)
        assert running.last_words == str(running.pid)


async def test_a_program_that_is_not_there_is_said_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    assert await refused(part("/no/such/program", check=never), log) == (
        "part stopped 3 times before it was ready (exit code 1, last line: "
        f'"cannot start /no/such/program: No such file or directory"); see {log}'
    )


async def test_a_part_that_never_answers_is_given_up(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    talker = part("sh", "-c", "echo loading; echo; exec sleep 60", check=never)
    assert await refused(talker, log) == (f'part is not ready after 0.3 s, last line: "loading"; see {log}')


async def test_a_part_that_once_worked_is_not_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter([True, *[False] * 15])

    async def first_then_late(_: datetime) -> bool:
        return next(answers, True)

    async with kept(part(*SLEEP, check=first_then_late), tmp_path / "log") as (keeper, pids):
        os.kill(pids[0], signal.SIGKILL)
        await until(lambda: len(pids) == 2)
        await until(keeper.ready.is_set)
    assert f"part is not ready after 0.3 s; see {tmp_path / 'log'}\n" in capsys.readouterr().err


async def test_a_part_is_started_again_at_once_and_then_with_growing_delay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with kept(part(*SLEEP), tmp_path / "log") as (_, pids):
        for _ in range(3):
            await kill_and_see_it_again(pids)
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(";")[0] for line in said] == ["part stopped (killed by SIGTERM)"] * 3
    first, second, third = (float(line.split()[-2]) for line in said)
    assert first < 0.5
    assert second >= 0.2
    assert third >= 0.4


def test_backoff_doubles_to_its_longest_and_is_reset_by_health() -> None:
    backoff = Backoff()
    delays = [round(backoff.delay(healthy_for=0), 1) for _ in range(8)]
    assert delays == [0, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10]
    assert [backoff.delay(healthy_for=h) for h in (29.9, 30, 0)] == [10, 0, 0.2]


async def test_a_part_that_cannot_be_started_again_yet_is_tried_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    async with kept(part(*SLEEP), folder / "part.log") as (_, pids):
        folder.rename(tmp_path / "away")
        os.kill(pids[0], signal.SIGKILL)
        line = "part cannot be started (No such file or directory); trying again\n"
        await until(lambda: line in capsys.readouterr().err)
        folder.mkdir()
        await until(lambda: len(pids) == 2)


async def test_a_part_that_is_asked_to_stop_may_end_by_itself(tmp_path: Path) -> None:
    async with started(
        part("sh", "-c", "trap 'echo bye; exit' TERM; echo on; while :; do sleep .02; done"), tmp_path / "log"
    ) as running:
        await until(lambda: running.last_words == "on")
        await running.stop()
        assert running.last_words == "bye"


async def test_a_part_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_GRACE", 0.2)
    async with started(part(sys.executable, "-c", DEAF), tmp_path / "log") as running:
        await until(lambda: running.last_words)
        await running.stop()
        assert await running.ended() == "killed by SIGKILL"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_what_a_part_has_started_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    async with started(part("sh", "-c", "sleep 60 & echo $!; wait"), tmp_path / "log") as running:
        await until(lambda: running.last_words)
        child = int(running.last_words)
        os.kill(running.pid, number)
        await running.ended()
        await until(lambda: birth_of(child) is None)


def test_a_large_log_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_bytes(b"x" * (logs.LARGEST + 1))
    logs.rotate(log)
    logs.rotate(log)
    assert not log.exists()
    assert logs.size_of(tmp_path / "part.log.1") == logs.LARGEST + 1


def test_last_words_are_of_this_life(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("of the life before\n")
    assert logs.last_line(log, logs.size_of(log)) == ""
    assert logs.last_line(log, 0) == "of the life before"
