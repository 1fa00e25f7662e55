"""What each event of a voice conversation makes of the state.

Owns that part of the fold; the table of states is `talk`'s.
"""

from typing import Any, assert_never

from workflows.contract.events import (
    BargedIn,
    BargeInSettled,
    BargeInTakenBack,
    Interruption,
    MessageTruncated,
    MicrophoneMoved,
    PlaybackReported,
    VoiceEvent,
    VoiceRefused,
    VoiceStateChanged,
)
from workflows.state.playback import Place
from workflows.state.session_state import SessionState
from workflows.state.talk import Cut, Talk


def after_voice_event(state: SessionState, event: VoiceEvent) -> dict[str, Any]:
    """What changes of `state`."""
    match event:
        case VoiceStateChanged():
            return _entered(state, event)
        case MessageTruncated():
            return {"transcript": state.transcript.truncated(event.message_id, event.text)}
        case BargedIn():
            return _interrupted(state, event)
        case BargeInSettled():
            return _settled(state)
        case _:
            return {"talk": _talk_after(state.talk, event)}


def _talk_after(
    talk: Talk, event: Interruption | MicrophoneMoved | PlaybackReported | BargeInTakenBack | VoiceRefused
) -> Talk:
    match event:
        case Interruption():
            return talk.with_interruption_told()
        case MicrophoneMoved():
            return talk.with_microphone(event.at, on=event.on)
        case PlaybackReported():
            place = Place(index=event.sentence_index, played_ms=event.played_ms)
            return talk.followed(talk.playback.reported(place, event.state, event.at))
        case BargeInTakenBack():
            return talk.taken_back(event.at)
        case VoiceRefused():
            return talk.refusing(f"{event.asked}: {event.reason}")
        case _:
            assert_never(event)


def _entered(state: SessionState, event: VoiceStateChanged) -> dict[str, Any]:
    """Time in which the person was waited for begins anew."""
    talk = state.talk.entering(event.new, event.at)
    clocks = state.clocks.touched(event.at) if talk.waits and not state.talk.waits else state.clocks
    return {"talk": talk, "clocks": clocks}


def _settled(state: SessionState) -> dict[str, Any]:
    """Who interrupted has something to say: a plan does not go on by itself."""
    speaking = state.speaking.silenced()
    return {
        "talk": state.talk.settled(speaking.told),
        "speaking": speaking,
        "plan": state.plan.waiting() if state.profile.phases else state.plan,
    }


def _interrupted(state: SessionState, event: BargedIn) -> dict[str, Any]:
    place = Place(index=event.sentence_index, played_ms=event.played_ms)
    cut = Cut(at=event.at, turn=event.turn, place=place, messages=state.message_count)
    return {"talk": state.talk.interrupted(cut), "speaking": state.speaking.hushed()}
