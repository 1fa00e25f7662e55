import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from redis.asyncio import Redis
from temporalio.client import Client

from activities.store import keys
from activities.store.cursor import Cursor
from tests.api.asking import (
    SESSION_FIELDS,
    Http,
    Json,
    act,
    answered,
    close,
    kinds,
    logged,
    page,
    read,
    running,
    say,
    start,
    transcript,
)
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import events, turn_over, watch
from workflows.contract.session import workflow_id

RESET_FIELDS = {
    "type",
    "session_id",
    "at",
    "session",
    "messages",
    "partial",
    "sentences",
    "speech",
    "rejected",
}


async def talked(http: Http, turns: int = 3) -> str:
    """A session with some turns, at rest."""
    session_id: str = (await start(http))["session_id"]
    for turn in range(1, turns + 1):
        await say(http, session_id, f"number {turn}", delivery="queue")
        await answered(http, session_id, turn)
    async with asyncio.timeout(10):
        while (await read(http, session_id))["status"] != "idle":
            await asyncio.sleep(0.02)
    return session_id


async def trim(redis: "Redis", session_id: str, first: str) -> None:
    """As the store does it between turns: what is before `first` leaves the log."""
    place = Cursor.parse(first)
    assert place is not None
    await redis.xtrim(keys.log(session_id), minid=place.stream_id, approximate=False)


async def viewed(http: Http, session_id: str, count: int, last_event_id: str | None = None) -> list[Json]:
    """`count` events of a connection, each of which a strict client accepts."""
    found: list[Json] = []
    async with asyncio.timeout(10), aclosing(events(http, session_id, last_event_id)) as stream:
        while len(found) < count:
            found.append(await anext(stream))
    return found


def of_turn(events_: list[Json], kind: str, turn: int) -> int:
    return next(n for n, e in enumerate(events_) if e["type"] == kind and e["turn"] == turn)


async def test_who_asks_for_what_was_trimmed_gets_a_reset_first(http: Http, redis: "Redis") -> None:
    session_id = await talked(http)
    everything = await logged(http, session_id)
    kept = of_turn(everything, "turn.started", 3)
    await trim(redis, session_id, everything[kept]["cursor"])
    said = await transcript(http, session_id)
    for last_event_id in (None, everything[0]["cursor"], everything[kept - 2]["cursor"]):
        reset = (await viewed(http, session_id, 1, last_event_id))[0]
        assert set(reset) - {"cursor", "replay"} == RESET_FIELDS
        assert set(reset["session"]) == SESSION_FIELDS
        assert (reset["messages"], reset["partial"]) == (said, None)
        assert (reset["sentences"], reset["speech"]) == ([], [])
        held = Reducer()
        held.feed(reset)
        await say(http, session_id, "on", message_id=f"on-{len(said)}")
        turn = len(said) // 2 + 1
        await watch(http, session_id, turn_over(turn), held)
        said = await transcript(http, session_id)
        assert {key: m.text for key, m in held.messages.items()} == {
            m["message_id"]: m["content"] for m in said
        }


async def test_a_reset_says_which_messages_were_rejected(http: Http, redis: "Redis", engine: Client) -> None:
    session_id = await talked(http, turns=1)
    handle = engine.get_workflow_handle(workflow_id(session_id))
    await handle.signal("send_message", {"content": "", "message_id": "empty-1"})
    async with asyncio.timeout(10):
        while "message.rejected" not in kinds(everything := await logged(http, session_id)):
            await asyncio.sleep(0.02)
    assert everything[-1]["type"] == "message.rejected"
    await trim(redis, session_id, everything[-1]["cursor"])
    rejected = [{"message_id": "empty-1", "reason": "invalid_request"}]
    assert (await viewed(http, session_id, 1))[0]["rejected"] == rejected
    await redis.delete(*keys.script_keys(session_id))
    await read(http, session_id)
    assert (await viewed(http, session_id, 1))[0]["rejected"] == rejected


async def test_who_misses_nothing_of_a_trimmed_log_gets_no_reset(http: Http, redis: "Redis") -> None:
    session_id = await talked(http)
    everything = await logged(http, session_id)
    kept = of_turn(everything, "turn.started", 2)
    await trim(redis, session_id, everything[kept]["cursor"])
    rest = await viewed(http, session_id, 3, everything[kept]["cursor"])
    assert [event["cursor"] for event in rest] == [
        event["cursor"] for event in everything[kept + 1 : kept + 4]
    ]
    await close(http, session_id)
    last = (await logged(http, session_id))[-1]["cursor"]
    assert [event async for event in events(http, session_id, last)] == []


async def test_a_page_of_a_trimmed_log_begins_with_a_reset(http: Http, redis: "Redis") -> None:
    session_id = await talked(http)
    everything = await logged(http, session_id)
    await trim(redis, session_id, everything[-3]["cursor"])
    held = Reducer()
    first = await page(http, session_id, limit=200)
    assert kinds(first["events"])[0] == "reset"
    assert kinds(first["events"]).count("reset") == 1
    for event in first["events"]:
        held.feed(event)
    await say(http, session_id, "on")
    await answered(http, session_id, 4)
    for event in (await page(http, session_id, limit=200, after=first["cursor"]))["events"]:
        held.feed(event)
    assert held.messages["a-4.1"].status == "complete"
    assert len(held.messages) == 8


async def test_a_closed_session_that_was_trimmed_is_a_reset_that_ends(http: Http, redis: "Redis") -> None:
    session_id = await talked(http, turns=1)
    await close(http, session_id)
    everything = await logged(http, session_id)
    await trim(redis, session_id, everything[-2]["cursor"])
    async with asyncio.timeout(10):
        found = [event async for event in events(http, session_id)]
    held = Reducer()
    for event in found:
        held.feed(event)
    assert (kinds(found)[0], held.ended, len(held.messages)) == ("reset", "user_ended", 2)


@pytest.mark.parametrize("asked", ["the beginning", "an old place"])
async def test_a_lost_log_is_a_reset_at_once_and_goes_on(http: Http, redis: "Redis", asked: str) -> None:
    session_id = await talked(http, turns=1)
    cursor = (await logged(http, session_id))[2]["cursor"]
    await redis.delete(keys.log(session_id))
    reset = (await viewed(http, session_id, 1, None if asked == "the beginning" else cursor))[0]
    assert reset["type"] == "reset"
    held = Reducer()
    held.feed(reset)
    assert len(held.messages) == 2
    await say(http, session_id, "on")
    await watch(http, session_id, turn_over(2), held)
    assert held.messages["a-2.1"].status == "complete"
    assert len(held.messages) == 4


async def test_a_place_that_the_log_never_had_is_a_reset(http: Http) -> None:
    session_id = await talked(http, turns=1)
    place = Cursor.parse((await logged(http, session_id))[-1]["cursor"])
    assert place is not None
    for cursor in (f"{place.epoch}-{place.n + 1000}", f"{place.epoch + 1}-1", f"{place.epoch + 1}-{place.n}"):
        reset = (await viewed(http, session_id, 1, cursor))[0]
        assert (reset["type"], len(reset["messages"])) == ("reset", 2)
        assert kinds((await page(http, session_id, after=cursor))["events"]) == ["reset"]


async def test_a_closed_session_whose_log_was_lost_is_a_reset_that_ends(http: Http, redis: "Redis") -> None:
    session_id = await talked(http, turns=1)
    await close(http, session_id)
    await redis.delete(keys.log(session_id))
    async with asyncio.timeout(10):
        found = [event async for event in events(http, session_id)]
    assert kinds(found) == ["reset"]
    assert (found[0]["session"]["status"], len(found[0]["messages"])) == ("closed", 2)


async def test_a_log_that_is_lost_in_the_middle_of_an_answer_never_shows_a_gap(
    http: Http, redis: "Redis", system: System
) -> None:
    await system.script(contains="go on", tokens=120, tokens_per_second=60)
    session_id = (await start(http, message={"content": "go on"}))["session_id"]
    await running(http, session_id)
    viewers = [asyncio.create_task(counted(http, session_id)) for _ in range(2)]
    await asyncio.sleep(0.3)
    await redis.delete(keys.log(session_id))
    viewers.append(asyncio.create_task(counted(http, session_id)))
    text = "".join(f"w{n} " for n in range(120))
    for held, count in await asyncio.gather(*viewers):
        assert held.messages["a-1.1"].text == text
        assert count <= 3


async def counted(http: Http, session_id: str) -> tuple[Reducer, int]:
    """What a viewer holds at the end of the first turn, and how many resets that took."""
    resets = 0

    def over(held: Reducer, event: dict[str, Any]) -> bool:
        nonlocal resets
        resets += event["type"] == "reset"
        done = held.messages.get("a-1.1")
        return done is not None and done.status == "complete"

    return await watch(http, session_id, over, seconds=15), resets


async def test_a_viewer_of_a_paused_session_learns_of_a_lost_log_when_it_goes_on(
    http: Http, redis: "Redis"
) -> None:
    session_id = await talked(http, turns=1)
    await act(http, session_id, "pause")
    held = Reducer()
    watching = asyncio.create_task(watch(http, session_id, turn_over(2), held))
    await asyncio.sleep(0.3)
    await redis.delete(keys.log(session_id))
    await act(http, session_id, "resume")
    await say(http, session_id, "on")
    await asyncio.wait_for(watching, 15)
    assert held.messages["a-2.1"].status == "complete"
