"""The offline model as a process of its own."""

import asyncio
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import pytest
from openai import APIConnectionError, AsyncOpenAI


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[tuple[Process, str]]:
    command = (sys.executable, "-m", "workers.offline", "--port", "0", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert line.startswith("offline model ready: ")
        yield process, line.split()[-1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_at_once_and_silently_with_streams_open(number: signal.Signals) -> None:
    async with (
        started("--tokens-per-second", "20") as (process, url),
        AsyncOpenAI(base_url=url, api_key="x", max_retries=0) as client,
    ):
        for background in (False, True):
            stream = await client.responses.create(
                model="m", input="count to 500", stream=True, background=background
            )
            await anext(aiter(stream))
        sent = time.monotonic()
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert time.monotonic() - sent < 3
        assert process.stderr is not None
        assert await process.stderr.read() == b""
        with pytest.raises(APIConnectionError):
            await client.models.list()


async def test_pace_comes_from_the_command_line() -> None:
    async with (
        started("--tokens-per-second", "100", "--first-token-delay", "0.2") as (_, url),
        AsyncOpenAI(base_url=url, api_key="x") as client,
    ):
        began = time.monotonic()
        await client.responses.create(model="m", input="repeat after me: " + "word " * 20)
        assert 0.39 < time.monotonic() - began < 2


async def test_a_taken_port_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = (sys.executable, "-m", "workers.offline", "--port", port)
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        _, stderr = await process.communicate()
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in stderr.decode()


async def test_a_request_waits_for_no_acknowledgement(client: AsyncOpenAI) -> None:
    seconds: list[float] = []
    for _ in range(20):
        began = time.monotonic()
        await client.models.list()
        seconds.append(time.monotonic() - began)
    assert median(seconds) < 0.03
