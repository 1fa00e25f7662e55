"""The console's player in a real Chromium, on sessions that really speak."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.console.chromium import OpenPage
from tests.console.listener import (
    ANSWER,
    LONG_ANSWER,
    PLAYERS_PATIENCE_SECONDS,
    SENTENCES,
    Listener,
    announced,
    heard_whole,
    in_order,
    listening,
)
from tests.system import System

"""Of the player and what is seen of it."""


@pytest.fixture
async def listener(open_page: OpenPage, system: System) -> AsyncIterator[Listener]:
    async with listening(open_page, system) as listener:
        yield listener


async def test_sentences_are_heard_once_in_order_right_behind_each_other(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.hears_all()
    sounds, speech = await listener.sounds(), await listener.speech()
    assert heard_whole(sounds) == announced(speech)
    assert len(sounds) == len(SENTENCES)
    assert in_order(sounds)
    assert await listener.do("heard") == [0, 1, 2, 3]
    gaps = [after["when"] - before["end"] for before, after in pairwise(sounds)]
    assert all(gap < 1e-6 for gap in gaps[1:]), gaps


async def test_the_session_learns_when_everything_is_heard(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.hears_all()
    over = time.monotonic()
    await listener.until("session.state.voice.state === 'waiting_for_input'")
    assert time.monotonic() - over < PLAYERS_PATIENCE_SECONDS / 2
    reports = await listener.asked("playback")
    told = [(report["given"][0]["sentence_index"], report["given"][0]["state"]) for report in reports]
    assert told == [(0, "started"), (1, "started"), (2, "started"), (3, "started"), (3, "finished")]
    assert {report["status"] for report in reports} == {202}


async def test_an_interruption_says_how_much_was_heard(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1")
    await asyncio.sleep(0.9)
    before = await listener.do("context.currentTime")
    await listener.press("Interrupt")
    sound = (await listener.sounds())[-1]
    await listener.until("session.state.voice.interruption")
    report = (await listener.asked("bargeIn"))[0]["given"][0]
    assert report["sentence_index"] == 1
    played = (sound["end"] - sound["when"]) * 1000
    assert report["played_ms"] == pytest.approx(played, abs=150)
    assert sound["end"] - before < 0.3
    first = (await listener.speech())[0]
    interruption = await listener.do("session.state.voice.interruption")
    assert interruption["heardMs"] == pytest.approx(first["durationMs"] + played, abs=150)
    assert interruption["heardText"].startswith(SENTENCES[0])
    share = played / (await listener.speech())[1]["durationMs"]
    rest = len(interruption["heardText"]) - len(SENTENCES[0]) - 1
    assert rest == pytest.approx(share * len(SENTENCES[1]), abs=9)


async def test_silence_comes_at_once_and_nothing_of_the_turn_comes_after_it(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1")
    asked_at, _, sounds = await listener.do("[context.currentTime, player.interrupt(), sounds()]")
    assert all(sound["end"] <= asked_at + 0.05 for sound in sounds)
    await listener.until("session.state.voice.state === 'waiting_for_input'")
    await listener.until("player.state.goesOnUntil === null")
    assert await listener.do("player.state.ahead") == 0
    assert len(await listener.sounds()) == len([sound for sound in sounds if sound["when"] < asked_at + 0.05])
    await listener.ask("Now something else is said.")
    await listener.until("session.state.speech.at(-1).text === 'Now something else is said.'")
    await listener.hears_all()
    newest = (await listener.speech())[-1]["index"]
    assert await listener.do("heard") == [0, 1, newest]


async def test_what_was_taken_back_goes_on_without_a_word_lost_or_said_twice(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1")
    await asyncio.sleep(0.5)
    await listener.press("Interrupt")
    await listener.until("session.state.voice.state === 'barged_in'")
    await asyncio.sleep(0.4)
    await listener.press("Go on")
    await listener.until("player.state.isPlaying", 3)
    await listener.hears_all()
    sounds, speech = await listener.sounds(), await listener.speech()
    assert heard_whole(sounds) == announced(speech)
    assert [sound["offset"] > 0 for sound in sounds] == [False, False, True, False, False]
    assert await listener.do("told.filter((name) => name === 'barged_in').length") == 1
    said = [one["text"] for one in speech]
    assert said == list(SENTENCES)
    assert not await listener.do("told.includes('message.truncated')")


async def test_one_who_goes_on_at_once_is_not_left_in_silence(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1")
    await listener.do("[player.interrupt(), player.takeBack()]")
    await listener.hears_all()
    assert heard_whole(await listener.sounds()) == announced(await listener.speech())


async def test_somebody_elses_interruption_is_silence_here_too(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1")
    turn = (await listener.speech())[0]["turn"]
    assert await listener.post("barge_in", {"turn": turn, "sentence_index": 1, "played_ms": 300}) == 202
    await listener.until("!player.state.isPlaying && player.state.goesOnUntil", 3)
    assert await listener.post("barge_in", {"resume": True}) == 202
    await listener.until("player.state.isPlaying", 3)
    await listener.hears_all()
    assert heard_whole(await listener.sounds()) == announced(await listener.speech())
    assert await listener.asked("bargeIn") == []


async def test_a_message_that_interrupts_silences_the_old_answer(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.system.script(text=f"{ANSWER}{' And so on.' * 200}", tokens_per_second=25)
    await listener.say()
    await listener.until("player.state.index === 0")
    await listener.ask("That is another matter.", delivery="interrupt")
    await listener.until("session.state.speech.at(-1).text === 'That is another matter.'")
    await listener.hears_all(2)
    speech = await listener.speech()
    heard = await listener.do("heard")
    assert heard[-1] == speech[-1]["index"]
    assert len(heard) <= 3
    await listener.until("session.state.voice.state === 'waiting_for_input'", PLAYERS_PATIENCE_SECONDS / 2)


async def test_the_end_of_the_session_is_the_end_of_the_sound(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.isPlaying")
    await listener.do("session.close()")
    await listener.until("session.state.endReason === 'user_ended' && !player.state.isPlaying", 3)
    assert await listener.do("player.state.ahead") == 0


async def test_audio_that_cannot_be_had_is_passed_over(listener: Listener) -> None:
    await listener.do("holdAudio()")
    await listener.press("Listen")
    await listener.ask()
    await listener.until("session.state.speech.length === 4")
    speech = await listener.speech()
    await listener.do("[hidden.add(a), spoilt.add(b)]", speech[1]["audioId"], speech[2]["audioId"])
    await listener.do("releaseAudio()")
    await listener.hears_all()
    assert await listener.do("heard") == [0, 3]
    assert heard_whole(await listener.sounds()) == announced([speech[0], speech[3]])
    assert await listener.do("player.state.unheard") == [1, 2]
    assert await listener.page.get_by_text("2 could not be played").is_visible()


async def test_sentences_without_audio_are_passed_over(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask("One bird sings here. *** ### ***. Another bird answers it.")
    await listener.until("session.state.speech.length >= 2 && session.state.turn === null")
    await listener.hears_all(2)
    speech = await listener.speech()
    assert heard_whole(await listener.sounds()) == announced(speech)


async def test_who_comes_late_hears_the_answer_that_is_being_spoken_and_nothing_older(
    open_page: OpenPage, system: System
) -> None:
    async with listening(open_page, system) as first:
        await first.press("Listen")
        await first.ask("This is what was said long ago.")
        await first.hears_all(1)
        await first.until("session.state.voice.state === 'waiting_for_input'")
        await first.ask()
        await first.until("player.state.index === 2")
        async with listening(open_page, system, first.session_id) as late:
            await late.until("session.state.speech.length === 5")
            assert await late.sounds() == []
            await late.press("Listen")
            await late.hears_all(5)
            assert await late.do("heard") == [1, 2, 3, 4]
            await late.press("From the beginning")
            await late.hears_all(5)
            assert await late.do("heard") == [1, 2, 3, 4, 0, 1, 2, 3, 4]


async def test_who_comes_when_nobody_speaks_hears_what_comes_next(
    open_page: OpenPage, system: System
) -> None:
    async with listening(open_page, system) as first:
        await first.ask("This is what was said long ago.")
        await first.until("session.state.speech.length")
        await first.until("session.state.voice.state === 'waiting_for_input'")
        async with listening(open_page, system, first.session_id) as late:
            # At once, while the past is still on its way.
            await late.do("[open(a), player.turnOn()] && null", first.session_id)
            await late.until("session.state.speech.length === 1")
            await asyncio.sleep(0.5)
            assert await late.sounds() == []
            await late.ask("And this is new.")
            await late.hears_all(2)
            assert await late.do("heard") == [1]


async def test_a_pause_goes_on_where_it_was(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1")
    await asyncio.sleep(0.4)
    await listener.press("Stop listening")
    assert await listener.page.get_by_role("button", name="Listen").get_attribute("aria-pressed") == "false"
    await listener.until("session.state.voice.state === 'waiting_for_input'", PLAYERS_PATIENCE_SECONDS / 2)
    paused, sound = (await listener.asked("playback"))[-1]["given"][0], (await listener.sounds())[1]
    assert (paused["state"], paused["sentence_index"]) == ("paused", 1)
    assert paused["played_ms"] == pytest.approx((sound["end"] - sound["when"]) * 1000, abs=150)
    await listener.press("Listen")
    await listener.until("session.state.voice.state === 'speaking'", 3)
    await listener.hears_all()
    assert heard_whole(await listener.sounds()) == announced(await listener.speech())


async def test_the_api_is_killed_and_the_voice_goes_on(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask(LONG_ANSWER)
    await listener.until("player.state.index === 1")
    listener.system.parts["api"].kill()
    await asyncio.sleep(6)
    listener.system.restart("api")
    await listener.until("session.state.connection === 'live' && session.state.speech.length === 8", 30)
    await listener.hears_all(8)
    assert await listener.do("heard") == list(range(8))
    assert heard_whole(await listener.sounds()) == announced(await listener.speech())
    assert in_order(await listener.sounds())


async def test_nothing_is_heard_twice_when_the_store_is_emptied(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask(LONG_ANSWER)
    await listener.until("player.state.index === 2")
    async with listener.system.redis() as redis:
        await redis.flushall()
    await listener.until("player.state.index === 7", 60)
    await listener.hears_all(1)
    assert await listener.do("heard") == list(range(8))
    assert in_order(await listener.sounds())
    assert len([sound for sound in await listener.sounds() if sound["offset"] == 0]) == 8


async def test_a_guided_session_is_heard_without_being_asked(open_page: OpenPage, system: System) -> None:
    async with listening(open_page, system, profile="guided") as listener:
        await listener.press("Listen")
        await listener.until("sounds().length > 1", 60)
        sounds = await listener.sounds()
        assert in_order(sounds)
        reports = await listener.asked("playback")
        assert {report["status"] for report in reports if "status" in report} <= {202}


async def test_a_player_that_is_closed_is_silent(listener: Listener) -> None:
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.isPlaying")
    await listener.do("pane.leave()")
    now, sounds = await listener.do("[context.currentTime, sounds()]")
    assert all(sound["end"] <= now + 0.05 for sound in sounds)
    assert (await listener.asked("playback"))[-1]["given"][0]["state"] == "started"
