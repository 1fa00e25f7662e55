"""What is heard: duration, energy, voices, languages, and always the same bytes."""

import asyncio
import struct
from itertools import pairwise

import pytest
from httpx2 import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI

from tests.offline_speech.sound import Sound, heard, sound, spoken
from workers.offline_speech.server import OfflineSpeechServer
from workers.offline_speech.voices import character_of, language_of

RATE = 22_050
OPENAI_VOICES = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
    *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
)


async def test_a_sentence_is_heard(client: AsyncOpenAI) -> None:
    heard_now = await sound(client)
    assert heard_now.rate == RATE
    assert 1 < heard_now.seconds < 4
    assert heard_now.energy > 500


async def test_the_answer_is_a_whole_wav_file_by_default(speech: OfflineSpeechServer) -> None:
    async with AsyncClient() as http:
        body = {"model": "m", "input": "Good morning.", "voice": "nova"}
        answer = await http.post(f"{speech.url}/audio/speech", json=body)
    wav = answer.content
    assert answer.headers["content-type"] == "audio/wav"
    assert int(answer.headers["content-length"]) == len(wav)
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", wav[:44]) == (
        *(b"RIFF", len(wav) - 8, b"WAVE", b"fmt ", 16),
        *(1, 1, RATE, RATE * 2, 2, 16),
        *(b"data", len(wav) - 44),
    )


async def test_more_text_lasts_longer(client: AsyncOpenAI) -> None:
    lengths = [(await sound(client, "All is well. " * count)).seconds for count in (1, 2, 4, 8)]
    assert all(2.2 * shorter > longer > 1.5 * shorter for shorter, longer in pairwise(lengths))


async def test_the_longest_input_is_spoken_to_its_end(client: AsyncOpenAI) -> None:
    longest = await sound(client, ("count with me " * 300)[:4096])
    assert longest.seconds > 150
    assert Sound(longest.rate, longest.samples[-RATE * 2 :]).energy > 500


async def test_speed_changes_the_duration_all_the_way(client: AsyncOpenAI) -> None:
    lengths = [(await sound(client, speed=speed)).seconds for speed in (0.25, 0.35, 0.5, 1, 2, 4)]
    assert all(slower > 1.15 * faster for slower, faster in pairwise(lengths))
    assert lengths[0] > 3 * lengths[3]
    assert lengths[3] > 3 * lengths[5]


async def test_known_voices_all_differ(client: AsyncOpenAI) -> None:
    recordings = [await spoken(client, voice=voice) for voice in OPENAI_VOICES]
    assert len(set(recordings)) == len(OPENAI_VOICES)
    assert len({character_of(voice) for voice in OPENAI_VOICES}) == len(OPENAI_VOICES)


async def test_voices_differ_audibly(client: AsyncOpenAI) -> None:
    low, high = [(await sound(client, voice=voice)).pitch for voice in ("onyx", "shimmer")]
    assert high > 1.4 * low


async def test_any_name_is_a_voice_and_always_the_same_one(client: AsyncOpenAI) -> None:
    first = await sound(client, voice="My Aunt Édith 🦜")
    assert first.energy > 500
    assert await sound(client, voice="My Aunt Édith 🦜") == first
    assert len({character_of(f"aunt {number}") for number in range(100)}) > 5


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello there", "en"),
        ("Grüße aus Köln", "en"),
        ("Привет, как дела?", "ru"),
        ("今天天气很好。", "cmn"),
        ("今日は天気がいいですね", "ja"),
        ("カタカナ", "ja"),
        ("日本語学校の先生", "ja"),
        ("안녕하세요", "ko"),
        ("Καλημέρα", "el"),
        ("The word да means yes", "en"),
        ("42!", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_that_of_the_script(text: str, language: str) -> None:
    assert language_of(text, "en") == language


def test_what_no_script_tells_is_in_the_default_language() -> None:
    assert language_of("Guten Tag, 42", "de") == "de"
    assert language_of("Привет", "de") == "ru"


@pytest.mark.parametrize("text", ["Привет, как дела?", "今天天气很好。", "こんにちは"])
async def test_other_scripts_are_spoken_in_their_language(client: AsyncOpenAI, text: str) -> None:
    language = language_of(text, "en")
    by_script = await spoken(client, text, voice="nobody's")
    assert heard(by_script).energy > 500
    in_own, in_english = [await spoken(client, text, voice=f"espeak:{code}") for code in (language, "en")]
    assert 0.7 < heard(by_script).seconds / heard(in_own).seconds < 1.4
    assert in_own != in_english


@pytest.mark.parametrize("code", ["de", "fr", "pt-br", "en-us", "EN-GB", "zh", "es-mx"])
async def test_a_voice_can_name_its_language(client: AsyncOpenAI, code: str) -> None:
    text = "Information, 1999"
    assert (await sound(client, text, voice=f"espeak:{code}")).energy > 500
    assert await spoken(client, text, voice=f"espeak:{code}") != await spoken(
        client, text, voice="espeak:en-029"
    )


async def test_the_same_input_gives_the_same_bytes_whatever_was_said_between(client: AsyncOpenAI) -> None:
    voices = ("alloy", "onyx", "espeak:de")
    first = [await spoken(client, voice=voice) for voice in voices]
    for disturbance in ("Something else.", "И ещё", "x" * 300):
        await spoken(client, disturbance, voice="fable", speed=1.7)
        # Past a full second: espeak takes the time for the seed of its noise, unless it is told another.
        await asyncio.sleep(0.6)
        assert [await spoken(client, voice=voice) for voice in voices] == first


async def test_ten_at_once_are_each_as_if_alone(client: AsyncOpenAI) -> None:
    texts = [f"This is number {number}, and it says so. " * (1 + number % 3) for number in range(10)]
    alone = [await spoken(client, text) for text in texts]
    assert await asyncio.gather(*(spoken(client, text) for text in texts)) == alone
    assert len(set(alone)) == 10


async def test_a_long_text_does_not_hold_up_the_server(
    speech: OfflineSpeechServer, client: AsyncOpenAI
) -> None:
    long = asyncio.create_task(spoken(client, "All the words of a long story. " * 60, speed=0.5))
    async with AsyncClient() as http:
        asked = 0
        while not long.done():
            assert (await http.get(f"{speech.control_url}/healthz")).json() == {"status": "ok"}
            asked += 1
    assert asked > 10
    assert heard(await long).seconds > 200


async def test_markup_is_read_aloud_and_no_control_character_ends_a_text(client: AsyncOpenAI) -> None:
    said = await sound(client, "one two three four")
    assert 0.8 < (await sound(client, "one two\x00three\x07four")).seconds / said.seconds < 1.3
    assert (await sound(client, "<break time='3s'/> one")).seconds > (await sound(client, "one")).seconds + 1


@given(st.text(min_size=1, max_size=40), st.sampled_from(["alloy", "espeak:de", "x"]))
async def test_every_text_is_a_wav_file(client: AsyncOpenAI, text: str, voice: str) -> None:
    assert (await sound(client, text, voice)).rate == RATE
