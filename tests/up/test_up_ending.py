"""How an `up` ends, asked or killed, and how the next one goes on."""

import os
import signal
import socket
import time
import uuid
from contextlib import suppress

import httpx2
from redis import Redis
from temporalio.client import Client

from api.cli.program import typed
from tests.up.conftest import StartUp
from tests.up.running import RunningUp, eventually, living


async def leave_data(up: RunningUp, name: str) -> None:
    with Redis.from_url(up.record["store"]["url"]) as store:
        store.set(name, "kept")
    client = await Client.connect(up.record["temporal"]["address"])
    await client.start_workflow("Nobody", id=name, task_queue=f"nobody-{uuid.uuid4()}")


async def assert_data(up: RunningUp, name: str) -> None:
    with Redis.from_url(up.record["store"]["url"]) as store:
        assert store.get(name) == b"kept"
    client = await Client.connect(up.record["temporal"]["address"])
    assert (await client.get_workflow_handle(name).describe()).id == name


def addresses(up: RunningUp) -> list[str]:
    record = up.record
    return [
        record["api"]["url"],
        record["temporal"]["ui_url"],
        record["store"]["url"],
        record["model"]["url"],
        record["speech"]["url"],
    ]


async def test_up_goes_on_after_the_supervisor_and_then_everything_was_killed(start_up: StartUp) -> None:
    first = start_up().ready()
    links, births = addresses(first), first.births()
    await leave_data(first, "first")
    assert len(living(births)) == 6
    first.process.kill()
    first.process.wait()
    eventually(lambda: not living(births), within=3)

    second = start_up().ready()
    assert addresses(second) == links
    await assert_data(second, "first")
    await leave_data(second, "second")
    second.process.kill()
    for pid in living(second.births()):
        # The kernel kills them too, and may have been faster.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    second.process.wait()

    third = start_up().ready()
    assert addresses(third) == links
    await assert_data(third, "first")
    await assert_data(third, "second")
    births = third.births()
    assert third.stop() == 0
    assert not living(births)
    assert not (third.folder / "up.json").exists()
    assert third.err == f"stopping; Ctrl-C again ends everything at once\n{stopped(third)}"


def stopped(up: RunningUp) -> str:
    return f'stopped; the next "{typed("up", "--data-dir", str(up.folder))}" goes on here\n'


def test_who_waits_for_the_worker_is_told_why_and_for_how_long(start_up: StartUp) -> None:
    up = start_up(STAND_IN_WORKER="stubborn").ready()
    up.process.send_signal(signal.SIGTERM)
    eventually(lambda: "\nanswers under way may end (8 s at most)\n" in up.err, within=4)
    assert "stopped" not in up.err
    assert up.stop(signal.SIGINT) == 0
    assert up.err.endswith(f"at most)\n{stopped(up)}")


def test_a_second_ctrl_c_ends_everything_at_once(start_up: StartUp) -> None:
    up = start_up(STAND_IN_API="stubborn").ready()
    births = up.births()
    up.process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    assert len(living(births)) == 6
    asked = time.monotonic()
    assert up.stop(signal.SIGINT) == 0
    assert time.monotonic() - asked < 3
    assert not living(births)


def test_ctrl_c_while_starting_is_no_failure(start_up: StartUp) -> None:
    up = start_up()
    births = eventually(up.births)
    assert up.stop(signal.SIGINT) == 0
    assert not living(births)
    assert up.out == ""


def test_a_part_that_cannot_start_is_one_line(start_up: StartUp) -> None:
    up = start_up(STAND_IN_WORKER="broken")
    assert up.process.wait(20) == 1
    assert up.out == ""
    assert up.err == (
        "worker stopped 3 times before it was ready "
        f'(exit code 1, last line: "no such profile: chatt"); see {up.folder}/logs/worker.log\n'
    )
    assert not (up.folder / "births.json").exists()


def test_without_the_extra_there_is_no_speech_and_one_line_says_so(start_up: StartUp) -> None:
    elsewhere = {"OPENAI_SPEECH_BASE_URL": "http://voices.test/v1"}
    up = start_up("--offline", STAND_IN_SPEECH="missing", **elsewhere).ready()
    assert up.record["speech"] is None
    assert "none (pip install 'perdure[speech]', or set OPENAI_SPEECH_BASE_URL)\n" in up.out
    assert "OPENAI_SPEECH_BASE_URL" not in httpx2.get(up.record["api"]["url"], trust_env=False).json()
    assert up.stop() == 0


def test_a_port_given_by_number_is_used_and_a_configured_model_too(start_up: StartUp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    model = {"OPENAI_API_KEY": "sk-real", "OPENAI_BASE_URL": "http://models.test/v1", "PERDURE_MODEL": "m-1"}
    speech = {"OPENAI_SPEECH_BASE_URL": "http://voices.test/v1"}
    up = start_up("--port", str(port), PERDURE_SECRET="given", **model, **speech).ready()
    assert up.record["api"]["url"] == f"http://127.0.0.1:{port}"
    assert (up.record["model"], up.record["speech"]) == (None, None)
    assert httpx2.get(up.record["api"]["url"], trust_env=False).json().items() >= (model | speech).items()
    assert "at http://voices.test/v1" in up.out
    assert "m-1, at http://models.test/v1" in up.out
    assert "sk-real" not in up.out
    assert up.stop() == 0
