"""Audio is kept once, and goes with its session."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from activities.store import keys
from activities.store.audio import Audio, AudioFacts, AudioStore, SessionGoneError, audio_id
from activities.store.client import StoreUnavailableError
from activities.store.projection import Projection
from activities.store.retention import Retention
from tests.state.builders import born
from tests.store_server import StoreServer

BYTES = b"RIFF\x00\xff\r\n" * 1_000
AUDIO = Audio(BYTES, "wav", 1_234)


@pytest.fixture
def store(redis: "Redis") -> AudioStore:
    return AudioStore(redis)


async def test_what_was_put_is_got(store: AudioStore, session_id: str) -> None:
    assert await store.find(session_id, "one") is None
    assert await store.get(session_id, "one") is None
    facts = await store.put(session_id, "one", AUDIO)
    assert (facts.format, facts.duration_ms, facts.size) == ("wav", 1_234, len(BYTES))
    assert await store.find(session_id, "one") == facts
    assert await store.get(session_id, "one") == BYTES
    assert await store.find(session_id, "two") is None


async def test_the_first_stays(store: AudioStore, session_id: str) -> None:
    others = [Audio(bytes([n]) * n, "wav", n) for n in range(1, 20)]
    kept = await asyncio.gather(*(store.put(session_id, "one", audio) for audio in others))
    assert len(set(kept)) == 1
    content = await store.get(session_id, "one")
    assert kept[0] in {AudioFacts.of(audio) for audio in others if audio.content == content}


async def test_it_goes_with_its_session(redis: "Redis", store: AudioStore, session_id: str) -> None:
    for name in ("one", "two"):
        await store.put(session_id, name, AUDIO)
    await store.put(session_id + "2", "one", AUDIO)
    await Retention(redis).delete(session_id)
    assert await store.get(session_id, "one") is None
    assert await store.find(session_id, "two") is None
    left = [key async for key in redis.scan_iter(match=f"*{{{session_id}}}*")]
    assert left == [keys.gone(session_id).encode()]
    assert await store.get(session_id + "2", "one") == BYTES


async def test_a_deleted_session_gets_none(redis: "Redis", store: AudioStore, session_id: str) -> None:
    await Retention(redis).delete(session_id)
    with pytest.raises(SessionGoneError):
        await store.put(session_id, "one", AUDIO)
    assert await redis.exists(keys.audio(session_id)) == 0


async def test_a_deleted_session_is_remembered_as_its_tenants(redis: "Redis", session_id: str) -> None:
    retention, start = Retention(redis), born()
    start = start.model_copy(update={"session_id": session_id, "tenant": "acme"})
    await Projection(redis).announce(start)
    assert not await retention.had("acme", session_id)
    for _ in range(2):
        await retention.delete(session_id)
        assert await retention.is_gone(session_id)
        assert await retention.had("acme", session_id)
        assert not await retention.had("other", session_id)


async def test_a_session_that_nobody_knew_is_nobodys(redis: "Redis", session_id: str) -> None:
    retention = Retention(redis)
    await retention.delete(session_id)
    assert await retention.is_gone(session_id)
    assert not await retention.had("acme", session_id)


async def test_a_store_that_is_away_says_so(
    store: AudioStore, session_id: str, store_server: StoreServer
) -> None:
    store_server.kill()
    with pytest.raises(StoreUnavailableError):
        await store.put(session_id, "one", AUDIO)
    with pytest.raises(StoreUnavailableError):
        await store.get(session_id, "one")


SAID = st.tuples(st.text(), st.text(), st.text(), st.floats(0.25, 4))


@given(SAID, SAID)
def test_the_id_is_that_of_what_is_said_and_how(
    one: tuple[str, str, str, float], other: tuple[str, str, str, float]
) -> None:
    assert (audio_id(*one) == audio_id(*other)) == (one == other)


def test_the_id_never_changes() -> None:
    assert audio_id("Hello.", "m", "v", 1) == audio_id("Hello.", "m", "v", 1.0)
    assert audio_id("Hello.", "m", "v", 1) == "dKBICDGNIn6nXm4RC4d2D_lJPGP1dHDy"
