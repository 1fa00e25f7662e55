"""Attempts to break a voice conversation over HTTP: what fails is a finding."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from activities.store import keys
from tests.api.asking import answer, logged, running, start, transcript
from tests.api.asking import say as send
from tests.system import System, running_system
from tests.viewer import turn_over, watch

Json = dict[str, Any]
SAID = "One is here. Two follows it now. Three comes after them. Four is the last. "


@pytest.fixture(scope="module")
async def spoken(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with running_system(tmp_path_factory.mktemp("trials"), speech=True) as system:
        yield system


@pytest.fixture
async def http(spoken: System) -> AsyncIterator[httpx2.AsyncClient]:
    async with spoken.http() as client:
        yield client
    await spoken.forget_script()


async def post(http: httpx2.AsyncClient, session_id: str, what: str, **asked: Any) -> httpx2.Response:
    return await http.post(f"/v1/sessions/{session_id}/{what}", json=asked)


async def talking(spoken: System, http: httpx2.AsyncClient, times: int = 20, pace: float = 40) -> str:
    """A voice session whose first turn is running."""
    await spoken.script(text=SAID * times, tokens_per_second=pace)
    session_id: str = (await start(http, profile="voice"))["session_id"]
    await send(http, session_id, "go")
    await running(http, session_id)
    return session_id


async def until(http: httpx2.AsyncClient, session_id: str, kind: str, times: int = 1) -> list[Json]:
    async with asyncio.timeout(20):
        while True:
            found = [event for event in await logged(http, session_id) if event["type"] == kind]
            if len(found) >= times:
                return found
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("asked", [{"sentence_index": 999, "played_ms": 0}, {"sentence_index": 999}])
async def test_an_interruption_that_is_refused_stops_nothing(
    spoken: System, http: httpx2.AsyncClient, asked: Json
) -> None:
    session_id = await talking(spoken, http, times=3)
    taken = await post(http, session_id, "barge_in", turn=1, **asked)
    held = await watch(http, session_id, turn_over(1))
    kinds = [event["type"] for event in await logged(http, session_id)]
    assert taken.status_code == 422 or held.turns[1] == "completed" or "interruption" in kinds


async def test_an_interruption_stops_a_turn_for_just_that_reason(
    spoken: System, http: httpx2.AsyncClient
) -> None:
    reasons = Counter[str]()
    for _ in range(15):
        session_id = await talking(spoken, http, pace=2_000, times=100)
        answer(await post(http, session_id, "barge_in", turn=1, sentence_index=0), 202)
        (stopped,) = await until(http, session_id, "turn.stopped")
        reasons[stopped["reason"]] += 1
        await http.delete(f"/v1/sessions/{session_id}")
    assert reasons == {"barged_in": 15}


async def test_a_store_that_lost_everything_does_not_deafen_the_session(
    spoken: System, http: httpx2.AsyncClient
) -> None:
    session_id = await talking(spoken, http)
    await until(http, session_id, "speech.ready", 2)
    redis = spoken.redis()
    await redis.delete(*keys.script_keys(session_id), keys.spoken(session_id))
    await redis.aclose()
    await until(http, session_id, "reset")
    taken = await post(http, session_id, "barge_in", turn=1, sentence_index=0, played_ms=100)
    assert taken.status_code == 202, taken.text


async def test_audio_that_was_lost_before_it_was_announced_is_spoken_again(
    spoken: System, http: httpx2.AsyncClient
) -> None:
    """A store that is killed may lose the last thing that it kept, and nothing else."""
    await spoken.script(text=SAID)
    await spoken.script_speech(contains="One", delay=2)
    session_id: str = (await start(http, profile="voice"))["session_id"]
    await send(http, session_id, "go")
    redis = spoken.redis()
    async with asyncio.timeout(10):
        while not await redis.delete(keys.audio(session_id)):
            await asyncio.sleep(0.02)
    await redis.aclose()
    announced = await until(http, session_id, "speech.ready", 4)
    assert [event["sentence_index"] for event in announced] == [0, 1, 2, 3]
    for event in announced:
        assert (await http.get(event["url"])).status_code == 200
    assert not [event for event in await logged(http, session_id) if event["type"] == "reset"]


async def test_a_reset_holds_no_sentence_that_nobody_heard(spoken: System, http: httpx2.AsyncClient) -> None:
    await spoken.script(text=SAID)
    session_id: str = (await start(http, profile="voice"))["session_id"]
    await send(http, session_id, "go")
    await until(http, session_id, "speech.ready", 4)
    answer(await post(http, session_id, "barge_in", turn=1, sentence_index=1, played_ms=10), 202)
    await until(http, session_id, "message.truncated")
    said = [m["content"] for m in await transcript(http, session_id)]
    assert said[-1] == "One is here."
    redis = spoken.redis()
    log = keys.log(session_id)
    first: Any = await redis.xrange(log, count=2)
    await redis.xtrim(log, minid=first[1][0], approximate=False)
    await redis.aclose()
    reset = (await logged(http, session_id))[0]
    assert reset["type"] == "reset"
    assert [told["text"] for told in reset["sentences"]] == ["One is here."]


async def test_an_interruption_that_is_refused_asks_the_model_nothing(
    spoken: System, http: httpx2.AsyncClient
) -> None:
    """A phase goes on after a step that was stopped: the next one finds the same stop."""
    await spoken.forget_model_calls()
    await spoken.script(text=SAID * 3, tokens_per_second=40)
    session_id: str = (await start(http, profile="guided"))["session_id"]
    await running(http, session_id)
    await post(http, session_id, "barge_in", turn=1, sentence_index=999)
    await asyncio.sleep(4)
    asked = [one for one in await spoken.model_requests() if one["path"] == "/v1/responses"]
    await http.delete(f"/v1/sessions/{session_id}")
    assert len(asked) <= 10, Counter(event["type"] for event in await logged(http, session_id))


async def test_whoever_interrupts_the_turn_that_runs_is_heard(
    spoken: System, http: httpx2.AsyncClient
) -> None:
    """The first phase is still being heard while the second is told; the client names what runs."""
    await spoken.forget_model_calls()
    await spoken.script(text=SAID * 3)
    await spoken.script(text=SAID)
    await spoken.script(text=SAID * 4, tokens_per_second=20)
    session_id: str = (await start(http, profile="guided"))["session_id"]
    await running(http, session_id, 2)
    answer(await post(http, session_id, "barge_in", turn=2), 202)
    await asyncio.sleep(4)
    asked = [one for one in await spoken.model_requests() if one["path"] == "/v1/responses"]
    kinds = [event["type"] for event in await logged(http, session_id)]
    await http.delete(f"/v1/sessions/{session_id}")
    assert ("interruption" in kinds, len(asked) < 10) == (True, True), (len(asked), Counter(kinds))
