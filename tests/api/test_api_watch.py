"""A watch outlives everything that its looks meet."""

import asyncio
from contextlib import suppress

import pytest

from activities.store.client import StoreUnavailableError
from api.errors import session_not_found
from api.watch import keep_looking


@pytest.mark.parametrize(
    "met",
    [StoreUnavailableError("away"), session_not_found(), KeyError("a bug")],
    ids=lambda e: type(e).__name__,
)
async def test_a_look_that_fails_is_said_and_followed_by_another(
    met: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    looks = 0
    seen_again = asyncio.Event()

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise met
        seen_again.set()

    watch = asyncio.create_task(keep_looking(look, 0, "it was not seen"))
    async with asyncio.timeout(5):
        await seen_again.wait()
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    assert "it was not seen" in caplog.text
