"""Audio over HTTP: whole, in parts, from a cache, for whom it is, and until its session is deleted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import httpx2
import pytest
from redis.asyncio import Redis

from activities.store import keys
from activities.store.audio import Audio, AudioStore
from tests.api.asking import Http, Json, answer, refusal, start
from tests.api.conftest import MakeApp, Serve, asking

CONTENT = b"".join(number.to_bytes(4, "big") for number in range(2_561))
"""No part of it stands anywhere else in it."""
KEYS = (("one", "key of one"), ("two", "key of two"))
ONE, TWO = ({"Authorization": f"Bearer key of {tenant}"} for tenant in ("one", "two"))


@dataclass(frozen=True)
class Heard:
    """A session with audio."""

    session: Json
    url: str

    @property
    def session_id(self) -> str:
        found: str = self.session["session_id"]
        return found


async def audible(http: Http, redis: "Redis") -> Heard:
    session = await start(http)
    await AudioStore(redis).put(session["session_id"], "some-audio_1", Audio(CONTENT, "wav", 1_500))
    return Heard(session, f"/v1/sessions/{session['session_id']}/audio/some-audio_1")


@pytest.fixture(scope="module")
async def heard(http: Http, redis: "Redis") -> Heard:
    return await audible(http, redis)


def check_whole(response: httpx2.Response, content: bytes = CONTENT) -> None:
    assert response.status_code == 200
    assert response.content == content
    assert response.headers["content-type"] == "audio/wav"
    assert response.headers["content-length"] == str(len(CONTENT))
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "content-range" not in response.headers


async def test_it_is_sent_whole(http: Http, heard: Heard) -> None:
    check_whole(await http.get(heard.url))


async def test_the_sessions_key_is_as_good_as_its_id(http: Http, heard: Heard) -> None:
    url = f"/v1/sessions/{heard.session['session_key']}/audio/some-audio_1"
    check_whole(await http.get(url))


async def test_it_is_described_without_being_sent(http: Http, heard: Heard) -> None:
    whole, head = await http.get(heard.url), await http.head(heard.url, headers={"Range": "bytes=0-1"})
    check_whole(head, b"")
    own = {"date", "server"}
    assert {k: v for k, v in head.headers.items() if k not in own} == {
        k: v for k, v in whole.headers.items() if k not in own
    }


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-", CONTENT),
        ("bytes=0-1023", CONTENT[:1024]),
        ("bytes=1000-1999", CONTENT[1000:2000]),
        ("bytes=-10", CONTENT[-10:]),
        ("bytes=10000-99999", CONTENT[10000:]),
    ],
)
async def test_a_part_of_it_is_sent(http: Http, heard: Heard, wanted: str, part: bytes) -> None:
    response = await http.get(heard.url, headers={"Range": wanted})
    assert response.status_code == 206
    assert response.content == part
    first = CONTENT.index(part)
    assert response.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(CONTENT)}"
    assert response.headers["content-length"] == str(len(part))
    assert response.headers["content-type"] == "audio/wav"
    assert response.headers["etag"] == (await http.get(heard.url)).headers["etag"]


async def test_a_part_that_is_not_there_is_refused(http: Http, heard: Heard) -> None:
    response = await http.get(heard.url, headers={"Range": f"bytes={len(CONTENT)}-"})
    refusal(response, 416, "range_not_satisfiable")
    assert response.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=5-1", "pages=1"])
async def test_what_is_no_single_range_gets_everything(http: Http, heard: Heard, wanted: str) -> None:
    check_whole(await http.get(heard.url, headers={"Range": wanted}))


async def test_a_part_continues_only_what_the_client_has(http: Http, heard: Heard) -> None:
    etag = (await http.get(heard.url)).headers["etag"]
    for known, status in ((etag, 206), ('"another"', 200), (f"W/{etag}", 200)):
        response = await http.get(heard.url, headers={"Range": "bytes=5-", "If-Range": known})
        assert response.status_code == status


async def test_who_has_it_is_not_sent_it_again(http: Http, heard: Heard) -> None:
    etag = (await http.get(heard.url)).headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        for ask in (http.get, http.head):
            response = await ask(heard.url, headers={"If-None-Match": known, "Range": "bytes=0-1"})
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["etag"] == etag
    check_whole(await http.get(heard.url, headers={"If-None-Match": '"other"'}))


async def test_other_bytes_have_another_tag(http: Http, heard: Heard, redis: "Redis") -> None:
    await AudioStore(redis).put(heard.session_id, "other", Audio(CONTENT + b"!", "wav", 1))
    other = await http.get(heard.url.replace("some-audio_1", "other"))
    assert other.headers["etag"] != (await http.get(heard.url)).headers["etag"]


@pytest.mark.parametrize("name", ["unknown", "some-audio_1:facts", "%20", "🎧", "a" * 300])
async def test_audio_that_nobody_made_is_not_found(http: Http, heard: Heard, name: str) -> None:
    url = f"/v1/sessions/{heard.session_id}/audio/{name}"
    refusal(await http.get(url), 404, "audio_not_found")
    assert (await http.head(url)).status_code == 404


async def test_a_session_that_never_was_has_none(http: Http) -> None:
    refusal(await http.get("/v1/sessions/never/audio/some"), 404, "session_not_found")


@pytest.fixture
async def guarded(make_app: MakeApp, serve: Serve) -> AsyncIterator[Http]:
    async with serve(make_app(keys=KEYS)) as http:
        yield http


async def test_it_is_for_whom_the_session_is(guarded: Http, redis: "Redis") -> None:
    guarded.headers.update(ONE)
    heard, another = await audible(guarded, redis), await start(guarded)
    token = {"Authorization": f"Bearer {heard.session['session_token']}"}
    foreign = {"Authorization": f"Bearer {another['session_token']}"}
    for mine in (ONE, token):
        check_whole(await guarded.get(heard.url, headers=mine))
    for other in (TWO, foreign):
        refusal(await guarded.get(heard.url, headers=other), 404, "session_not_found")
    del guarded.headers["Authorization"]
    refusal(await guarded.get(heard.url), 401, "unauthorized")


async def test_it_is_gone_with_its_session(guarded: Http, redis: "Redis") -> None:
    guarded.headers.update(ONE)
    heard, another = await audible(guarded, redis), await start(guarded)
    answer(await guarded.delete(f"/v1/sessions/{heard.session_id}", params={"purge": "true"}), 202)
    async with asyncio.timeout(20):
        while (await guarded.get(heard.url)).status_code == 200:
            await asyncio.sleep(0.1)
    token = {"Authorization": f"Bearer {heard.session['session_token']}"}
    foreign = {"Authorization": f"Bearer {another['session_token']}"}
    for mine in (ONE, token):
        refusal(await guarded.get(heard.url, headers=mine), 410, "audio_gone")
        assert (await guarded.head(heard.url, headers=mine)).status_code == 410
    for other in (TWO, foreign):
        refusal(await guarded.get(heard.url, headers=other), 404, "session_not_found")
    assert await redis.exists(keys.audio(heard.session_id)) == 0


async def test_who_has_a_token_is_told_for_ever(make_app: MakeApp) -> None:
    app = make_app(keys=KEYS)
    forgotten = f"long-gone-{uuid4().hex}"
    token = app.state.context.credentials.session_token("one", forgotten)
    async with asking(app, headers={"Authorization": f"Bearer {token}"}) as http:
        refusal(await http.get(f"/v1/sessions/{forgotten}/audio/some"), 410, "audio_gone")
        refusal(await http.get(f"/v1/sessions/{forgotten}2/audio/some"), 404, "session_not_found")


async def test_pages_of_an_allowed_origin_may_ask_for_parts(make_app: MakeApp, heard: Heard) -> None:
    page = "https://page.example"
    async with asking(make_app(allowed_origins=(page,))) as http:
        asked = {"Origin": page, "Access-Control-Request-Method": "GET"}
        asked["Access-Control-Request-Headers"] = "authorization,if-none-match,if-range,range"
        assert (await http.options(heard.url, headers=asked)).status_code == 200
        shown = (await http.get(heard.url, headers={"Origin": page})).headers["access-control-expose-headers"]
        assert {"Accept-Ranges", "Content-Range", "ETag"} <= set(shown.split(", "))


async def test_the_document_says_what_it_is(http: Http) -> None:
    paths = answer(await http.get("/openapi.json"))["paths"]
    described = paths["/v1/sessions/{session_id}/audio/{audio_id}"]
    assert set(described) == {"get"}
    responses = described["get"]["responses"]
    for status in ("200", "206"):
        binary = {"schema": {"type": "string", "format": "binary"}}
        kinds = ("audio/wav", "audio/webm", "audio/ogg")
        assert responses[status]["content"] == dict.fromkeys(kinds, binary)
    assert {"304", "401", "404", "410", "416", "503"} <= set(responses)
