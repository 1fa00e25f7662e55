"""The offline speech as a process of its own."""

import asyncio
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from openai import AsyncOpenAI, InternalServerError

from tests.offline_speech.sound import SENTENCE, spoken
from workers.offline.control_client import ControlClient

COMMAND = (sys.executable, "-m", "workers.offline_speech")


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[tuple[Process, str]]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--port", "0", *arguments, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert line.startswith("offline speech ready: ")
        yield process, line.split()[-1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def refused(*arguments: str, before: str = "pass") -> str:
    code = f"import runpy, sys; {before}; sys.argv[1:] = {list(arguments)!r}"
    code += "; runpy.run_module('workers.offline_speech', run_name='__main__')"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE, stderr=PIPE)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, stdout) == (1, b"")
    return stderr.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_at_once_and_silently_in_the_middle_of_a_word(number: signal.Signals) -> None:
    async with (
        started() as (process, url),
        AsyncOpenAI(base_url=url, api_key="x", max_retries=0) as client,
        ControlClient(url.removesuffix("/v1")) as control,
    ):
        await control.script({"delay": 60, "contains": "later"})
        texts = ["later", *("All the words of a long story. " * 132,) * 5]
        waiting = [asyncio.create_task(spoken(client, text, speed=0.25)) for text in texts]
        while (await control.stats())["syntheses_started"] < 5:
            await asyncio.sleep(0.01)
        sent = time.monotonic()
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert time.monotonic() - sent < 3
        assert process.stderr is not None
        assert await process.stderr.read() == b""
        for end in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(end, InternalServerError)
            assert end.status_code == 503


async def test_two_processes_say_the_same_in_the_same_bytes() -> None:
    said = []
    for _ in range(2):
        async with started() as (_process, url), AsyncOpenAI(base_url=url, api_key="x") as client:
            said.append(await spoken(client))
    assert said[0] == said[1]


async def test_the_default_language_comes_from_the_command_line() -> None:
    async with (
        started("--language", "de") as (_, url),
        started() as (_, english_url),
        AsyncOpenAI(base_url=url, api_key="x") as german,
        AsyncOpenAI(base_url=english_url, api_key="x") as english,
    ):
        assert await spoken(german, SENTENCE) != await spoken(english, SENTENCE)
        assert await spoken(german, "Привет") == await spoken(english, "Привет")


async def test_a_taken_port_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = await refused("--port", port)
    assert line.startswith(f"offline speech: cannot listen on 127.0.0.1:{port}: ")


async def test_without_the_extra_it_says_so_in_one_line() -> None:
    line = await refused("--port", "0", before="sys.modules['espeakng_loader'] = None")
    assert line.startswith("offline speech: espeak is missing (")
    assert line.endswith("); pip install 'perdure[speech]'\n")
    assert line.count("\n") == 1


async def test_a_library_that_cannot_be_loaded_is_said_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.so"
    broken.write_text("no library")
    before = f"import espeakng_loader; espeakng_loader.get_library_path = lambda: {str(broken)!r}"
    line = await refused("--port", "0", before=before)
    assert line.startswith("offline speech: espeak is missing (")
    assert str(broken) in line
    assert line.count("\n") == 1


async def test_data_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "espeak-ng-data")
    before = f"import espeakng_loader; espeakng_loader.get_data_path = lambda: {nowhere!r}"
    assert "espeak is missing (no usable data in" in await refused("--port", "0", before=before)


async def test_a_default_language_that_nobody_speaks_is_said_so() -> None:
    line = "offline speech: espeak has no language 'tlh'; choose another with --language\n"
    assert await refused("--port", "0", "--language", "tlh") == line


async def test_nothing_but_this_process_loads_espeak() -> None:
    code = "import sys, workers.cli, workers.up, workers.offline.server, api, activities; "
    code += "sys.exit('espeakng_loader' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
