"""What a page may do with the credential that it has."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.console.browser import RefusedError, browsing, open_page, start
from tests.console.guarded import KEY, guarded_api
from tests.console.node import node
from tests.system import System

node()

ANSWERED = "state.messages.at(-1)?.status === 'complete' && state.messages.length >= 2 && state.turn === null"


@pytest.fixture(scope="module")
async def guarded(whole_system: System) -> AsyncIterator[str]:
    """The URL of an API that wants a key."""
    async with guarded_api(whole_system) as url:
        yield url


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


async def test_who_holds_the_key_gets_a_token_of_one_session(guarded: str) -> None:
    async with browsing(baseUrl=guarded, credential=KEY) as server, browsing(baseUrl=guarded) as browser:
        mine = await start(server, message={"content": "hello"})
        token = await server.call("token", "", mine.session_id)
        assert token not in {KEY, mine.token}
        page = await open_page(browser, mine.session_id, token)
        await page.do("connect")
        await page.until(ANSWERED)
        await browser.call("listen")
        async with asyncio.timeout(10):
            while "closed" not in (await browser.call("fed"))["connections"]:
                await asyncio.sleep(0.05)


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
