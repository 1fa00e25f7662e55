"""What follows from what a client says of its microphone and its player.

Owns admission: what does not fit where the conversation stands is refused and recorded. What follows by
itself is `talk_rules`'.
"""

from datetime import datetime

from workflows.contract.commands import BargeIn, Listening, Playback
from workflows.contract.events import (
    BargedIn,
    BargeInTakenBack,
    Event,
    MicrophoneMoved,
    PlaybackReported,
    VoiceRefused,
)
from workflows.contract.session import StopReason
from workflows.contract.voice import NO_VOICE, PlaybackState
from workflows.state.endings import turn_stopped
from workflows.state.heard import turn_of_sentence
from workflows.state.playback import Place
from workflows.state.session_state import SessionState
from workflows.state.talk import Trigger
from workflows.state.talk_rules import SECOND_THOUGHTS, voice_change

_TRIGGERS = {
    PlaybackState.STARTED: Trigger.PLAYING,
    PlaybackState.PAUSED: Trigger.PAUSED,
}
"""Of a sentence's end nothing follows but what `talk_rules` makes of it."""


def talked(state: SessionState, asked: Listening | Playback | BargeIn, now: datetime) -> tuple[Event, ...]:
    """What follows, if the session has a voice."""
    if state.profile.speech is None:
        return _refused(asked.kind, NO_VOICE, now)
    match asked:
        case Listening():
            return _moved_microphone(state, asked, now)
        case Playback():
            return _reported_playback(state, asked, now)
        case BargeIn():
            return _barged_in(state, asked, now)


def _moved_microphone(state: SessionState, asked: Listening, now: datetime) -> tuple[Event, ...]:
    """A microphone was opened or closed."""
    trigger = Trigger.MICROPHONE_OPENED if asked.on else Trigger.MICROPHONE_CLOSED
    if state.talk.after(trigger) is None:
        return _refused(asked.kind, f"nothing to do while {state.talk.state}", now)
    return (MicrophoneMoved(at=now, on=asked.on), *voice_change(state, trigger, now))


def _reported_playback(state: SessionState, asked: Playback, now: datetime) -> tuple[Event, ...]:
    """A player says where it stands."""
    problem = _report_problem(state, asked)
    if problem is not None:
        return _refused(asked.kind, problem, now)
    trigger = _TRIGGERS.get(asked.state)
    reported = PlaybackReported(
        at=now, sentence_index=asked.sentence_index, played_ms=asked.played_ms, state=asked.state
    )
    return (reported, *(voice_change(state, trigger, now) if trigger else ()))


def _barged_in(state: SessionState, asked: BargeIn, now: datetime) -> tuple[Event, ...]:
    """The person speaks into what is being said, or did not."""
    if asked.resume:
        return _taken_back(state, asked, now)
    if state.talk.cut is not None:
        return ()
    place = _place(state, asked, now)
    owner = _owner(state, place)
    turn = owner if owner and asked.sentence_index is None else asked.turn or state.turns
    problem = _barge_in_problem(state, turn, place)
    if problem is not None:
        return _refused(asked.kind, problem, now)
    interrupted = BargedIn(at=now, turn=turn, sentence_index=place.index, played_ms=place.played_ms)
    heard = voice_change(state, Trigger.BARGED_IN, now)
    return (interrupted, *heard, *turn_stopped(state, StopReason.BARGED_IN, now))


def _refused(asked: str, reason: str, now: datetime) -> tuple[Event, ...]:
    """Nothing follows, and that is remembered."""
    return (VoiceRefused(at=now, asked=asked, reason=reason),)


def _taken_back(state: SessionState, asked: BargeIn, now: datetime) -> tuple[Event, ...]:
    cut = state.talk.cut
    is_late = cut is None or now > cut.at + SECOND_THOUGHTS
    if is_late or state.talk.after(Trigger.TAKEN_BACK) is None:
        return _refused(asked.kind, "there is no barge-in that could still be taken back", now)
    return (BargeInTakenBack(at=now), *voice_change(state, Trigger.TAKEN_BACK, now))


def _report_problem(state: SessionState, asked: Playback) -> str | None:
    if state.talk.cut is not None:
        return "the person has barged in"
    piece = state.talk.playback.piece(asked.sentence_index)
    if piece is None:
        return f"sentence {asked.sentence_index} is not being played"
    if piece.turn != asked.turn:
        return f"sentence {asked.sentence_index} is of turn {piece.turn}, not {asked.turn}"
    if state.talk.after(_TRIGGERS.get(asked.state, Trigger.PAUSED)) is None:
        return f"nothing plays while {state.talk.state}"
    return None


def _place(state: SessionState, asked: BargeIn, now: datetime) -> Place:
    """Where the client says that it was, or where its player should be."""
    if asked.sentence_index is not None:
        return Place(index=asked.sentence_index, played_ms=asked.played_ms)
    return state.talk.playback.place_at(now) or Place(index=state.speaking.announced)


def _barge_in_problem(state: SessionState, turn: int, place: Place) -> str | None:
    if state.talk.after(Trigger.BARGED_IN) is None:
        return f"nothing to interrupt while {state.talk.state}"
    announced = state.speaking.announced
    if place.index > announced or (place.index == announced and place.played_ms):
        return f"sentence {place.index} was not announced"
    if state.turn is None and not state.speaking.pending and place.index == announced:
        return "everything was heard"
    if place.index < state.talk.floor:
        return "that was interrupted before"
    owner = _owner(state, place) or state.turns
    if owner != turn:
        return f"sentence {place.index} is of turn {owner}, not {turn}"
    if turn not in _audible_turns(state):
        return f"turn {turn} is not being heard"
    return None


def _owner(state: SessionState, place: Place) -> int | None:
    """The turn of the sentence at `place`; None for one that is yet to come."""
    piece = state.talk.playback.piece(place.index)
    return piece.turn if piece else turn_of_sentence(state.transcript, place.index)


def _audible_turns(state: SessionState) -> set[int]:
    return {state.turns, *(piece.turn for piece in state.talk.playback.pieces)}
