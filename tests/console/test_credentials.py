"""What a page may do with the credential that it has."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2
import pytest

from tests.console.browser import RefusedError, browsing, open_page, start
from tests.console.node import node
from tests.ports import free_port
from tests.system import Part, System

node()

KEY = "the-red-key-of-the-tests"
ANSWERED = "state.messages.at(-1)?.status === 'complete' && state.messages.length >= 2 && state.turn === null"


async def answers(http: httpx2.AsyncClient, url: str) -> bool:
    with suppress(httpx2.HTTPError):
        return (await http.get(url)).status_code == 200
    return False


@pytest.fixture(scope="module")
async def guarded(whole_system: System) -> AsyncIterator[str]:
    """The URL of an API that wants a key."""
    port = free_port()
    argv = [sys.executable, "-m", "workers", "api", "--port", str(port)]
    env = {**whole_system.env, "PERDURE_API_KEYS": f"red:{KEY}"}
    part = Part("guarded", argv, env, whole_system.folder)
    part.start()
    url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(20), whole_system.http() as http:
        while not await answers(http, f"{url}/readyz"):
            await asyncio.sleep(0.1)
    yield url
    part.stop()


async def test_a_session_token_opens_its_session_and_no_other(guarded: str) -> None:
    async with browsing(baseUrl=guarded, credential=KEY) as server, browsing(baseUrl=guarded) as browser:
        mine, other = await start(server, message={"content": "hello"}), await start(server)
        assert mine.token not in {None, KEY, other.token}
        page = await open_page(browser, mine.session_id, mine.token)
        await page.do("connect")
        await page.until(ANSWERED)
        await page.do("send", "and again")
        await page.until(f"{ANSWERED} && state.messages.length === 4")
        foreign = await open_page(browser, other.session_id, mine.token)
        await foreign.do("connect")
        state = await foreign.until("state.connection === 'closed'")
        assert (state["problem"]["status"], state["problem"]["code"]) == (404, "session_not_found")


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_without_a_right_credential_nothing_is_told(guarded: str, token: str | None) -> None:
    async with browsing(baseUrl=guarded, credential=KEY) as server, browsing(baseUrl=guarded) as browser:
        mine = await start(server)
        page = await open_page(browser, mine.session_id, token)
        await page.do("connect")
        state = await page.until("state.connection === 'closed'")
        assert (state["problem"]["status"], state["problem"]["code"]) == (401, "unauthorized")
        assert state["session"] is None
        for what, *args in (("refresh",), ("send", "hello"), ("stop",), ("audio", "a")):
            with pytest.raises(RefusedError) as refusal:
                await page.do(what, *args)
            assert refusal.value.status == 401
