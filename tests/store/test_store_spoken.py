"""What was told and spoken of a session is found by its sentence."""

from typing import Final

import pytest
from redis.asyncio import Redis

from activities.store.audio import Audio, AudioStore
from activities.store.event_log import AudioLostError, Outcome, Writer
from activities.store.log_reader import LogReader
from activities.store.spoken import Spoken
from tests.store.contents import log_of
from tests.store.faulty_log import FaultyLog
from tests.store.telling import Telling

SILENCE: Final = Audio(b"RIFF", "wav", 800)


async def test_speech_is_known_by_its_sentence_and_apart_from_it(
    log: FaultyLog, reader: LogReader, session_id: str, redis: "Redis"
) -> None:
    telling = Telling(session_id)
    for index in range(12):
        telling = telling.tell("sentence", index=index, text=f"Sentence {index}.")
    telling = telling.tell("speech.ready", sentence_index=11, audio_id="a").tell(
        "speech.skipped", sentence_index=2
    )
    await AudioStore(redis).put(session_id, "a", SILENCE)
    await log.publish(telling.publication())
    spoken = await reader.speech(session_id)
    assert {index: event["type"] for index, event in spoken.items()} == {
        11: "speech.ready",
        2: "speech.skipped",
    }
    assert spoken[11]["audio_id"] == "a"
    assert await Spoken(redis).sentence(session_id, 11) == "Sentence 11."


async def test_audio_that_the_store_lost_is_not_announced(
    log: FaultyLog, session_id: str, redis: "Redis"
) -> None:
    known = Telling(session_id).tell("session.started")
    await log.publish(known.publication())
    known = known.confirmed(known.publication())
    telling = known.tell("speech.ready", sentence_index=0, audio_id="kept")
    announced = telling.tell("speech.ready", sentence_index=1, audio_id="lost").publication()
    await AudioStore(redis).put(session_id, "kept", SILENCE)
    with pytest.raises(AudioLostError, match="sentence 1"):
        await log.publish(announced)
    with pytest.raises(AudioLostError, match="sentence 1"):
        await log.begin(Writer(session_id, 1, "1.1", 1, 1), announced)
    assert [line.kind for line in await log_of(redis, session_id)] == ["session.started"]
    await AudioStore(redis).put(session_id, "lost", SILENCE)
    assert await log.publish(announced) is Outcome.OK


async def test_of_a_session_that_never_spoke_no_speech_is_known(reader: LogReader, session_id: str) -> None:
    assert await reader.speech(session_id) == {}


async def test_a_sentence_may_have_been_lost_where_nothing_or_a_later_one_is_known(
    log: FaultyLog, session_id: str, redis: "Redis"
) -> None:
    spoken = Spoken(redis)
    assert await spoken.may_have_lost(session_id, 0)
    telling = Telling(session_id).tell("sentence", index=3, text="Three.")
    await log.publish(telling.tell("speech.skipped", sentence_index=2).publication())
    assert [await spoken.may_have_lost(session_id, index) for index in (0, 2, 4, 10)] == [
        True,
        True,
        False,
        False,
    ]
