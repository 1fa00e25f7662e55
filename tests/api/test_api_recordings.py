"""Recordings over HTTP: each becomes a message, or is refused with a word that helps; the session lives."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis

from activities.store import keys
from activities.store.audio import recording_id
from api import uploads
from tests.api.asking import (
    Http,
    Json,
    act,
    answer,
    answered,
    close,
    logged,
    read,
    refusal,
    running,
    start,
    transcript,
)
from tests.api.conftest import MakeApp, Serve, asking
from tests.system import System
from tests.transcription.recordings import ogg, wav, webm
from tests.transcription.transcript_server import Reply, TranscriptServer
from tests.viewer import watch
from workflows.contract.transcription import MAX_RECORDING_BYTES

WAV = {"Content-Type": "audio/wav"}
SAID = wav(1.25)


@pytest.fixture(autouse=True)
def _nothing_is_planned(transcripts: TranscriptServer) -> Iterator[None]:
    transcripts.will()
    yield
    transcripts.will()


async def upload(
    http: Http, session_id: str, content: bytes = SAID, kind: str = "audio/wav", **query: Any
) -> httpx2.Response:
    url = f"/v1/sessions/{session_id}/audio"
    return await http.post(url, content=content, headers={"Content-Type": kind}, params=query)


async def fate(http: Http, session_id: str, message_id: str) -> Json:
    """What became of a recording."""
    ends = {"message.accepted", "message.rejected"}
    await watch(
        http, session_id, lambda _, event: event["type"] in ends and event["message_id"] == message_id
    )
    events = await logged(http, session_id)
    (found,) = [event for event in events if event["type"] in ends and event["message_id"] == message_id]
    return found


@pytest.mark.parametrize(
    ("content", "kind"),
    [(SAID, "audio/x-wav"), (webm(), "audio/webm;codecs=opus"), (ogg(), "audio/ogg; codecs=opus")],
    ids=["wav", "webm", "ogg"],
)
async def test_a_recording_becomes_a_message_and_is_answered(
    http: Http, transcripts: TranscriptServer, content: bytes, kind: str
) -> None:
    transcripts.will(Reply("What is a lighthouse?"))
    session_id = (await start(http))["session_id"]
    taken = answer(await upload(http, session_id, content, kind, message_id="spoken-1"), 202)
    assert set(taken) == {"message_id", "cursor"}
    assert taken["message_id"] == "spoken-1"
    last = answer(
        await http.get(f"/v1/sessions/{session_id}/messages/last", params={"after": taken["cursor"]})
    )
    accepted = await fate(http, session_id, "spoken-1")
    assert (accepted["type"], accepted["content"]) == ("message.accepted", "What is a lighthouse?")
    said = [(message["role"], message["content"]) for message in await transcript(http, session_id)]
    assert said == [("user", "What is a lighthouse?"), ("assistant", last["content"])]
    assert transcripts.asked[-1].file == content
    assert transcripts.asked[-1].fields["model"] == "ears"


async def test_a_read_behind_the_write_shows_what_was_said(http: Http, transcripts: TranscriptServer) -> None:
    transcripts.will(Reply(pause=0.5))
    session_id = (await start(http))["session_id"]
    taken = answer(await upload(http, session_id), 202)
    assert taken["message_id"].startswith("m-")
    assert (await read(http, session_id))["message_count"] == 0
    assert (await read(http, session_id, after=taken["cursor"]))["message_count"] == 1


async def test_what_was_recorded_can_be_heard_again(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    for content, kind in ((SAID, "audio/wav"), (webm(), "audio/webm"), (ogg(), "audio/ogg")):
        answer(await upload(http, session_id, content, kind), 202)
        heard = await http.get(f"/v1/sessions/{session_id}/audio/{recording_id(content)}")
        assert (heard.content, heard.headers["content-type"]) == (content, kind)


async def test_the_words_of_a_message_mean_the_same(http: Http, transcripts: TranscriptServer) -> None:
    session_id = (await start(http, profile="duo"))["session_id"]
    await act(http, session_id, "pause")
    answer(await upload(http, session_id, message_id="r1", agent="critic", delivery="queue"), 202)
    accepted = await fate(http, session_id, "r1")
    assert (accepted["agent"], accepted["delivery"], accepted["position"]) == ("critic", "queue", 1)
    answer(await upload(http, session_id, message_id="r2", agent="nobody"), 202)
    assert (await fate(http, session_id, "r2"))["reason"] == "invalid_request"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"message_id": "a-1.1"}, "query.message_id"),
        ({"message_id": "a b"}, "query.message_id"),
        ({"agent": "-"}, "query.agent"),
        ({"delivery": "shout"}, "query.delivery"),
    ],
)
async def test_wrong_words_are_refused(http: Http, query: dict[str, Any], field: str) -> None:
    session_id = (await start(http))["session_id"]
    refusal(await upload(http, session_id, **query), 422, "invalid_request", field)


async def test_the_same_message_twice_is_one(http: Http, transcripts: TranscriptServer) -> None:
    transcripts.will(Reply("once", pause=0.3), Reply("twice"))
    session_id = (await start(http))["session_id"]
    for content in (SAID, SAID, wav(0.5)):
        answer(await upload(http, session_id, content, message_id="r"), 202)
    await answered(http, session_id)
    answer(await upload(http, session_id, message_id="r"), 202)
    events = await logged(http, session_id)
    assert [event["content"] for event in events if event["type"] == "message.accepted"] == ["once"]
    assert [event["type"] for event in events].count("turn.started") == 1


async def test_the_provider_fails_twice_and_then_works(http: Http, transcripts: TranscriptServer) -> None:
    transcripts.will(Reply(status=503), Reply(status=429, headers={"Retry-After": "0.2"}), Reply("At last."))
    session_id = (await start(http))["session_id"]
    answer(await upload(http, session_id, message_id="r"), 202)
    assert (await fate(http, session_id, "r"))["content"] == "At last."


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(Reply(status=401), "transcription_failed"), (Reply(" "), "nothing_said")],
)
async def test_what_cannot_be_transcribed_is_rejected_and_the_session_lives(
    http: Http, transcripts: TranscriptServer, reply: Reply, reason: str
) -> None:
    transcripts.will(reply)
    session_id = (await start(http))["session_id"]
    answer(await upload(http, session_id, message_id="r"), 202)
    assert (await fate(http, session_id, "r"))["reason"] == reason
    answer(await upload(http, session_id, message_id="r2"), 202)
    assert (await answered(http, session_id)).messages["r2"].text == "It rains."


async def test_a_recording_may_interrupt(http: Http, system: System, transcripts: TranscriptServer) -> None:
    await system.script(tokens=2_000, tokens_per_second=50, contains="go")
    session_id = (await start(http, message={"content": "go"}))["session_id"]
    await running(http, session_id)
    answer(await upload(http, session_id, delivery="interrupt"), 202)
    await answered(http, session_id, 2)
    (stopped,) = [event for event in await logged(http, session_id) if event["type"] == "turn.stopped"]
    assert stopped["reason"] == "interrupted"


async def test_a_waiting_recording_can_be_withdrawn(http: Http, transcripts: TranscriptServer) -> None:
    transcripts.will(Reply(pause=1))
    session_id = (await start(http))["session_id"]
    answer(await upload(http, session_id, message_id="r"), 202)
    answer(await http.delete(f"/v1/sessions/{session_id}/messages/r"), 202)
    assert (await fate(http, session_id, "r"))["reason"] == "withdrawn"
    answer(await upload(http, session_id, message_id="r2"), 202)
    assert (await fate(http, session_id, "r2"))["type"] == "message.accepted"


BROKEN = {
    "nothing": b"",
    "text": b"It rains.",
    "a part": SAID[:-1_000],
    "another format": ogg(),
    "silence of 400 seconds": wav(400),
}


@pytest.mark.parametrize("why", BROKEN)
async def test_a_broken_file_is_refused_and_the_session_lives(
    http: Http, redis: "Redis", transcripts: TranscriptServer, why: str
) -> None:
    session_id = (await start(http))["session_id"]
    before = len(transcripts.asked)
    refusal(await upload(http, session_id, BROKEN[why]), 422, "invalid_audio", "body")
    assert await redis.exists(keys.audio(session_id)) == 0
    assert len(transcripts.asked) == before
    answer(await upload(http, session_id, message_id="r"), 202)
    assert (await fate(http, session_id, "r"))["type"] == "message.accepted"


@pytest.mark.parametrize("kind", ["audio/mpeg", "application/json", "multipart/form-data; boundary=x", ""])
async def test_another_format_is_told_what_is_taken(http: Http, kind: str) -> None:
    session_id = (await start(http))["session_id"]
    problem = refusal(await upload(http, session_id, SAID, kind), 415, "unsupported_audio")
    assert "audio/webm" in problem["detail"]


async def test_a_body_of_the_largest_size_is_read(http: Http) -> None:
    samples = wav(300)
    largest = samples[:40] + bytes(4) + samples[44:]
    content = element_of_size(MAX_RECORDING_BYTES)
    session_id = (await start(http))["session_id"]
    answer(await upload(http, session_id, largest), 202)
    answer(await upload(http, session_id, content, "audio/webm"), 202)


def element_of_size(size: int) -> bytes:
    """A WebM of so many bytes."""
    content = webm(unknown=True)
    padding = size - len(content) - 9
    return content + b"\xec\x01" + padding.to_bytes(7, "big") + bytes(padding)


async def test_a_body_that_is_too_large_is_refused(http: Http, redis: "Redis") -> None:
    session_id = (await start(http))["session_id"]
    refusal(await upload(http, session_id, element_of_size(11 * 2**20)), 413, "payload_too_large")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11 * 16):
            yield bytes(65_536)

    url = f"/v1/sessions/{session_id}/audio"
    refusal(await http.post(url, content=pieces(), headers=WAV), 413, "payload_too_large")
    assert await redis.exists(keys.audio(session_id)) == 0
    other = await http.post(f"{url}/x", content=bytes(300_000), headers=WAV)
    refusal(other, 413, "payload_too_large")


async def test_a_body_that_breaks_off_leaves_no_trace(
    http: Http, system: System, redis: "Redis", transcripts: TranscriptServer
) -> None:
    session_id = (await start(http))["session_id"]
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v1/sessions/{session_id}/audio HTTP/1.1\r\nHost: {host}\r\nContent-Type: audio/wav\r\n"
    writer.write(head.encode() + b"Content-Length: 100000\r\n\r\n" + SAID[:1_000])
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    await asyncio.sleep(0.2)
    assert await redis.exists(keys.audio(session_id)) == 0
    assert session_id not in (system.folder / "api.log").read_text("utf-8"), "an expected end is no error"
    answer(await upload(http, session_id), 202)


async def test_a_body_that_never_ends_is_given_up(
    make_app: MakeApp, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PATIENCE_SECONDS", 0.2)

    async def slow() -> AsyncIterator[bytes]:
        for place in range(50):
            yield SAID[place : place + 1]
            await asyncio.sleep(0.1)

    async with serve(make_app(transcribes=True)) as http:
        session_id = (await start(http))["session_id"]
        url = f"/v1/sessions/{session_id}/audio"
        refusal(await http.post(url, content=slow(), headers=WAV), 422, "invalid_audio", "body")


async def test_only_so_many_come_in_at_once(
    make_app: MakeApp, serve: Serve, transcripts: TranscriptServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 1)
    monkeypatch.setattr(uploads, "PATIENCE_SECONDS", 0.5)
    blocked = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield SAID[:100]
        blocked.set()
        await asyncio.sleep(5)

    async with serve(make_app(transcribes=True)) as http:
        session_id = (await start(http))["session_id"]
        url = f"/v1/sessions/{session_id}/audio"
        first = asyncio.create_task(http.post(url, content=stuck(), headers=WAV))
        await blocked.wait()
        await asyncio.sleep(0.1)
        second = asyncio.create_task(upload(http, session_id))
        await asyncio.sleep(0.2)
        assert not second.done()
        answer(await second, 202)
        refusal(await first, 422, "invalid_audio")


async def test_where_nobody_transcribes_the_way_out_is_told(make_app: MakeApp, http: Http) -> None:
    async with asking(make_app()) as deaf:
        session_id = (await start(deaf))["session_id"]
        for content, kind in ((SAID, "audio/wav"), (b"", "text/plain")):
            problem = refusal(await upload(deaf, session_id, content, kind), 501, "transcription_unavailable")
            assert "POST …/messages" in problem["detail"]
            assert "PERDURE_TRANSCRIPTION_MODEL" in problem["detail"]
        refusal(await upload(deaf, "nobody"), 404, "session_not_found")
        sent = {"content": "I said so.", "message_id": "m"}
        answer(await deaf.post(f"/v1/sessions/{session_id}/messages", json=sent), 202)
        assert (await answered(http, session_id)).messages["m"].text == "I said so."


async def test_a_session_that_is_over_takes_none(http: Http, redis: "Redis") -> None:
    session_id = (await start(http))["session_id"]
    await close(http, session_id)
    refusal(await upload(http, session_id), 409, "session_closed")
    assert await redis.exists(keys.audio(session_id)) == 0


async def test_a_session_that_closes_rejects_what_waits(http: Http, transcripts: TranscriptServer) -> None:
    transcripts.will(Reply(pause=2))
    session_id = (await start(http))["session_id"]
    answer(await upload(http, session_id, message_id="r"), 202)
    await close(http, session_id)
    kinds = [event["type"] for event in await logged(http, session_id)]
    assert kinds.index("message.rejected") < kinds.index("session.ended")
    assert "message.accepted" not in kinds


async def test_it_is_for_whom_the_session_is(make_app: MakeApp) -> None:
    one, two = ({"Authorization": f"Bearer key of {tenant}"} for tenant in ("one", "two"))
    app = make_app(keys=(("one", "key of one"), ("two", "key of two")), transcribes=True)
    async with asking(app, headers=one) as http:
        session = await start(http)
        token = {"Authorization": f"Bearer {session['session_token']}"}
        url = f"/v1/sessions/{session['session_key']}/audio"
        answer(await http.post(url, content=SAID, headers={**token, **WAV}), 202)
        answer(await http.post(url, content=SAID, headers=WAV), 202)
        foreign = f"/v1/sessions/{session['session_id']}/audio"
        response = await http.post(foreign, content=SAID, headers={**two, **WAV})
        refusal(response, 404, "session_not_found")
        del http.headers["Authorization"]
        refusal(await http.post(url, content=SAID, headers=WAV), 401, "unauthorized")


async def test_a_deleted_session_keeps_no_recording(http: Http, redis: "Redis") -> None:
    session_id = (await start(http))["session_id"]
    answer(await upload(http, session_id), 202)
    answer(await http.delete(f"/v1/sessions/{session_id}", params={"purge": "true"}), 202)
    async with asyncio.timeout(20):
        while await redis.exists(keys.audio(session_id)):
            await asyncio.sleep(0.1)
    assert (await upload(http, session_id)).status_code in {404, 409}
    assert await redis.exists(keys.audio(session_id)) == 0


async def test_the_document_says_what_is_taken(http: Http) -> None:
    described = answer(await http.get("/openapi.json"))["paths"]["/v1/sessions/{session_id}/audio"]
    assert set(described) == {"post"}
    binary = {"schema": {"type": "string", "format": "binary"}}
    assert described["post"]["requestBody"] == {
        "required": True,
        "content": {"audio/wav": binary, "audio/webm": binary, "audio/ogg": binary},
    }
    names = {parameter["name"] for parameter in described["post"]["parameters"]}
    assert names == {"session_id", "message_id", "agent", "delivery"}
    statuses = {"202", "401", "403", "404", "409", "413", "415", "422", "501", "503"}
    assert set(described["post"]["responses"]) == statuses
