"""What nobody may keep is deleted, in the store and in the engine, and does not come back."""

import asyncio
import time

from activities.store import keys
from tests.api.asking import Http, answer, answered, refusal, running, start
from tests.system import System
from tests.viewer import ended, watch


async def gone(http: Http, session_id: str) -> None:
    async with asyncio.timeout(20):
        while (await http.get(f"/v1/sessions/{session_id}")).status_code != 404:
            await asyncio.sleep(0.1)


async def test_what_is_purged_is_gone_everywhere(http: Http, system: System) -> None:
    session = await start(http, message={"content": "a secret"}, title="purged")
    session_id = session["session_id"]
    await answered(http, session_id)
    answer(await http.delete(f"/v1/sessions/{session_id}", params={"purge": "true"}), 202)
    await gone(http, session_id)
    for url in ("", "/messages", "/events"):
        refusal(await http.get(f"/v1/sessions/{session_id}{url}"), 404, "session_not_found")
    refusal(await http.get(f"/v1/sessions/{session['session_key']}"), 404, "session_not_found")
    listed = answer(await http.get("/v1/sessions", params={"q": session_id}))["items"]
    assert listed == []
    redis = system.redis()
    left = [key async for key in redis.scan_iter(match=f"*{session_id}*")]
    assert left == [keys.gone(session_id).encode()]
    await redis.aclose()


async def test_a_running_session_ends_for_its_viewers_before_it_is_purged(http: Http) -> None:
    session_id = (await start(http, message={"content": "count to 300"}))["session_id"]
    await running(http, session_id)
    watching = asyncio.create_task(watch(http, session_id, ended))
    await asyncio.sleep(0.2)
    answer(await http.delete(f"/v1/sessions/{session_id}", params={"purge": "true"}), 202)
    assert (await watching).ended == "user_ended"
    await gone(http, session_id)


async def test_a_closed_session_can_be_purged(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    answer(await http.delete(f"/v1/sessions/{session_id}"), 202)
    await watch(http, session_id, ended)
    answer(await http.delete(f"/v1/sessions/{session_id}", params={"purge": "true"}), 202)
    await gone(http, session_id)


async def test_what_was_over_for_long_enough_is_deleted(http: Http, system: System) -> None:
    over, kept = [(await start(http))["session_id"] for _ in range(2)]
    for session_id in (over, kept):
        answer(await http.delete(f"/v1/sessions/{session_id}"), 202)
        await watch(http, session_id, ended)
    redis = system.redis()
    async with asyncio.timeout(5):
        while await redis.zscore(keys.CLOSED, over) is None:
            await asyncio.sleep(0.02)
    month_ago = time.time() - 31 * 24 * 3600
    await redis.zadd(keys.CLOSED, {over: month_ago * 1000})
    await gone(http, over)
    answer(await http.get(f"/v1/sessions/{kept}"))
    await redis.aclose()
