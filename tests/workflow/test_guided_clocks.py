"""The clocks of guided and spoken sessions on the real engine: minutes of its time in seconds of ours.

The engine moves no time while the model speaks. So a phase first waits out a provider in trouble, which the
engine skips, and its clock strikes a moment later, in the middle of what the model says.
"""

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

from temporalio.api.enums.v1 import EventType

from activities.store.audio import AudioStore
from activities.store.client import connect
from tests.workflow.conftest import Talk
from tests.workflow.test_guided import phases, told
from tests.workflow.test_spoken import SAID, SPOKEN, heard
from tests.workflow.test_voice import barge_in, report, spoken_to_its_end, states

Start = Callable[..., Any]

FIVE = ("settling", "deepening", "exploration", "integration", "return")
MINUTES_4 = 240
BEFORE = 2.5
"""Seconds that the model has spoken when the clock strikes."""
LATE = 3
"""Seconds; the engine fires a timer up to a second late, and a machine is busy."""
LONG = {"sentences": 60, "wind_down_at": 50, "duration": MINUTES_4}


def slow(name: str) -> str:
    return "".join(f"In the {name}, breath number {n} is slow. " for n in range(50))


async def trouble_then_speech(script: Start, name: str, seconds: float) -> None:
    """The provider answers after so many seconds, and then slowly."""
    await script(status=503, retry_after=seconds)
    await script(text=slow(name), tokens_per_second=40)


def at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


async def timers(session: Talk) -> list[str]:
    """The names of the durable timers, as people see them."""
    history = await session.handle.fetch_history()
    converter = session.engine.client.data_converter.payload_converter
    return [
        converter.from_payload(event.user_metadata.summary)
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED
    ]


async def test_twenty_minutes_in_five_phases_that_their_clocks_end(
    talk: Start, script: Start, store_url: str
) -> None:
    began = monotonic()
    for name in FIVE:
        await trouble_then_speech(script, name, MINUTES_4 - BEFORE)
        await script(text="It comes to rest. It is over.")
    session = await talk(**phases(*FIVE, **LONG), **SPOKEN)
    for number, name in enumerate(FIVE, 1):
        await session.until("turn.retrying", times=number)
        await session.pass_time(MINUTES_4 - BEFORE)
        struck = await session.until("phase.winding_down", phase=name)
        assert 0 <= at(struck) - at(session.seen("phase.started")[-1]) - MINUTES_4 < LATE
        await session.until("phase.completed", phase=name)
    ended = await session.ended()
    assert ended["reason"] == "completed"
    assert monotonic() - began < 60
    assert 5 * MINUTES_4 <= ended["summary"]["active_seconds"] < 5 * MINUTES_4 + 60
    of_phases = [(e["type"], e["phase"]) for e in session.events if e["type"].startswith("phase.")]
    assert of_phases == [
        (f"phase.{what}", name) for name in FIVE for what in ("started", "winding_down", "completed")
    ]
    for name in FIVE:
        said = [e["text"] for e in session.seen("sentence", phase=name)]
        slowly = [text for text in said if text.startswith(f"In the {name}")]
        assert (
            said[: len(slowly)]
            == slowly
            == [text.strip() + "." for text in slow(name).split(". ")[: len(slowly)]]
        )
        assert 1 <= len(slowly) < 50
        assert len(said) > len(slowly)
    assert heard(session) == list(range(len(told(session))))
    assert not session.seen("speech.skipped")
    redis = connect(store_url)
    for event in session.seen("speech.ready"):
        assert await AudioStore(redis).get(session.session_id, event["audio_id"]) is not None
    await redis.aclose()
    assert {f"phase {name} winds down" for name in FIVE} <= set(await timers(session))


async def test_max_duration_strikes_in_the_middle_of_a_phase(talk: Start, script: Start) -> None:
    await trouble_then_speech(script, "settling", 600 - BEFORE)
    plan = phases("settling", "return", sentences=60, wind_down_at=50, duration=3000)
    session = await talk(**plan, **SPOKEN, limits={"max_duration": 600})
    await session.until("turn.retrying")
    await session.pass_time(535)
    await session.look()
    assert not session.seen("session.ending_soon")
    await session.pass_time(6)
    warning = await session.until("session.ending_soon")
    assert warning["reason"] == "max_duration"
    assert not session.seen("sentence")
    await session.pass_time(59 - BEFORE)
    await session.until("sentence")
    ended = await session.ended()
    assert ended["reason"] == "max_duration"
    assert 600 <= ended["summary"]["active_seconds"] < 600 + LATE
    # A warning's time is that of the end.
    assert 0 <= at(ended) - at(warning) < LATE
    (stopped,) = session.seen("message.completed")
    assert stopped["status"] == "stopped"
    assert [text.strip() for text in stopped["text"].split(". ") if text] == [
        text.removesuffix(".") for text in told(session)
    ]
    assert slow("settling").startswith(stopped["text"])
    assert session.seen("turn.stopped")[0]["reason"] == "session_ended"
    assert [e["phase"] for e in session.seen("phase.started")] == ["settling"]
    assert not session.seen("phase.winding_down")
    kinds = session.kinds()
    assert kinds.index("turn.stopped") < kinds.index("session.ended")
    assert "speech.ready" not in kinds[kinds.index("turn.stopped") :]
    assert {"warning before max duration 600 s", "max duration 600 s"} <= set(await timers(session))


async def test_the_clock_of_a_phase_stands_still_in_a_pause(talk: Start, script: Start) -> None:
    await script(status=503, retry_after=2000)
    plan = phases("settling", **LONG)
    session = await talk(**plan, limits={"max_duration": 3600, "idle_timeout": 60})
    await session.until("turn.retrying")
    await session.pass_time(100)
    await session.signal("pause")
    await session.until("session.paused")
    await session.pass_time(1000)
    snapshot = await session.snapshot()
    assert not session.seen("phase.winding_down")
    assert (snapshot["ends_at"], snapshot["idle_at"]) == (None, None)
    assert 100 <= snapshot["active_seconds"] < 110
    await session.signal("resume")
    await session.until("session.resumed")
    await session.pass_time(MINUTES_4 - 115)
    await session.look()
    assert not session.seen("phase.winding_down")
    await session.pass_time(20)
    struck = await session.until("phase.winding_down")
    (started,), (paused,), (resumed,) = map(
        session.seen, ("phase.started", "session.paused", "session.resumed")
    )
    assert 0 <= at(struck) - at(started) - (at(resumed) - at(paused)) - MINUTES_4 < LATE
    await session.pass_time(2000)
    assert (await session.ended())["reason"] == "completed"
    assert not session.seen("session.ending_soon")
    assert "phase settling winds down" in await timers(session)


async def test_a_plan_that_is_told_in_a_pause_ends_when_it_goes_on(talk: Start, script: Start) -> None:
    await script(text=slow("settling"), tokens_per_second=40)
    session = await talk(**phases("settling"), limits={"max_duration": 600, "idle_timeout": 60})
    await session.until("sentence")
    await session.signal("pause")
    await session.until("turn.completed")
    await session.pass_time(5000)
    await session.look()
    assert not session.seen("session.ending_soon")
    assert (await session.snapshot())["status"] == "paused"
    await session.signal("resume")
    assert (await session.ended())["reason"] == "completed"


async def test_who_is_waited_for_is_warned_before_the_session_ends(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, limits={"idle_timeout": 300})
    await spoken_to_its_end(session)
    await session.pass_time(1)
    await session.look()
    assert not session.seen("session.ending_soon")
    await report(session, 3, "finished")
    waits = await session.until("voice.state_changed", old="speaking", new="waiting_for_input")
    await session.pass_time(235)
    await session.look()
    assert not session.seen("session.ending_soon")
    await session.pass_time(6)
    warning = await session.until("session.ending_soon")
    assert warning["reason"] == "idle_timeout"
    assert 0 <= at(warning) - at(waits) - 300 < LATE
    await session.pass_time(60)
    ended = await session.ended()
    assert ended["reason"] == "idle_timeout"
    assert 0 <= at(ended) - at(warning) < LATE
    assert states(session)[-1] == "terminated"
    assert {"warning before idle timeout 300 s", "idle timeout 300 s"} <= set(await timers(session))


async def test_who_answers_a_warning_is_warned_anew(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, limits={"idle_timeout": 300})
    await spoken_to_its_end(session)
    await report(session, 3, "finished")
    await session.until("voice.state_changed", old="speaking", new="waiting_for_input")
    await session.pass_time(250)
    await session.until("session.ending_soon")
    await session.signal("listening", on=True)
    await session.until("voice.state_changed", new="listening")
    assert (await session.snapshot())["idle_at"] is None
    await session.pass_time(100)
    await session.signal("listening", on=False)
    await session.until("voice.state_changed", old="listening", new="waiting_for_input")
    await session.pass_time(241)
    await session.until("session.ending_soon", times=2)
    await session.pass_time(61)
    assert (await session.ended())["reason"] == "idle_timeout"


async def test_a_microphone_that_stays_silent_is_not_waited_for(talk: Start) -> None:
    session = await talk(**SPOKEN, limits={"idle_timeout": 300})
    await session.signal("listening", on=True)
    await session.until("voice.state_changed", new="listening")
    await session.pass_time(100)
    # Somebody who speaks for long says so.
    await session.signal("listening", on=True)
    await session.pass_time(115)
    await session.look()
    assert states(session) == ["listening"]
    await session.pass_time(6)
    await session.until("voice.state_changed", new="waiting_for_input")
    await session.pass_time(301)
    assert (await session.ended())["reason"] == "idle_timeout"
    assert "microphone is silent" in await timers(session)


async def test_a_barge_in_stands_after_two_seconds(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, limits={"idle_timeout": 300})
    await spoken_to_its_end(session)
    await session.signal("listening", on=True)
    await barge_in(session, 1, 200)
    barged = await session.until("voice.state_changed", new="barged_in")
    await session.until("interruption")
    assert not session.seen("message.truncated")
    await session.pass_time(2)
    stands = await session.until("voice.state_changed", old="barged_in", new="listening")
    assert 2 <= at(stands) - at(barged) < 2 + LATE
    await session.until("message.truncated")
    assert "barge-in stands" in await timers(session)
    await session.signal("barge_in", resume=True)
    await session.pass_time(121)
    await session.until("voice.state_changed", old="listening", new="waiting_for_input")
    assert not session.seen("voice.state_changed", old="listening", new="speaking")


async def test_audio_is_heard_in_a_pause_and_nothing_ends_in_it(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, limits={"idle_timeout": 300, "max_duration": 3600})
    await spoken_to_its_end(session)
    await session.signal("pause")
    await session.until("session.paused")
    await session.pass_time(10_000)
    await session.until("voice.state_changed", old="speaking", new="waiting_for_input")
    snapshot = await session.snapshot()
    assert (snapshot["status"], snapshot["idle_at"], snapshot["ends_at"]) == ("paused", None, None)
    assert snapshot["active_seconds"] < 60
    await session.signal("resume")
    await session.until("session.resumed")
    await session.pass_time(241)
    assert (await session.until("session.ending_soon"))["reason"] == "idle_timeout"
    await session.pass_time(60)
    assert (await session.ended())["reason"] == "idle_timeout"
    assert "audio should be heard" in await timers(session)


async def test_a_microphone_and_a_barge_in_are_settled_in_a_pause(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, limits={"idle_timeout": 300})
    await spoken_to_its_end(session)
    await barge_in(session, 1, 200)
    await session.until("interruption")
    await session.signal("pause")
    await session.until("session.paused")
    await session.pass_time(3)
    await session.until("message.truncated")
    await session.signal("listening", on=True)
    await session.until("voice.state_changed", new="listening")
    await session.pass_time(10_000)
    await session.until("voice.state_changed", old="listening", new="waiting_for_input")
    assert (await session.snapshot())["status"] == "paused"
    await session.signal("resume")
    await session.until("session.resumed")
    await session.pass_time(301)
    assert (await session.ended())["reason"] == "idle_timeout"
