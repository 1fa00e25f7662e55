"""What each event about a phase or a sentence makes of the state.

Owns that part of the fold.
"""

from typing import Any, assert_never

from workflows.contract.events import (
    PhaseCompleted,
    PhaseEvent,
    PhaseStarted,
    PhaseWindingDown,
    SentencesKnown,
    SentenceSpoken,
    SpeechBegun,
    SpeechEvent,
    SpeechReady,
    SpeechSilenced,
    SpeechSkipped,
    SpeechUnannounced,
)
from workflows.state.heard import turn_of_sentence
from workflows.state.plan import Plan
from workflows.state.playback import Piece
from workflows.state.session_state import SessionState
from workflows.state.speaking import Speaking


def after_phase_event(state: SessionState, event: PhaseEvent) -> dict[str, Any]:
    """What changes of `state`."""
    return {"plan": _plan_after(state, event)}


def after_speech_event(state: SessionState, event: SpeechEvent) -> dict[str, Any]:
    """What changes of `state`."""
    return {"speaking": _speaking_after(state.speaking, event)} | _talk_after(state, event)


def _talk_after(state: SessionState, event: SpeechEvent) -> dict[str, Any]:
    match event:
        case SpeechReady():
            return _audible(state, event)
        case SpeechUnannounced():
            unheard = state.talk.playback.unannounced(event.sentence_index)
            return {"talk": state.talk.with_playback(unheard)}
        case _:
            return {}


def _audible(state: SessionState, event: SpeechReady) -> dict[str, Any]:
    """The person hears it as soon as what was announced before is heard."""
    index = event.sentence_index
    turn = turn_of_sentence(state.transcript, index) or state.turns
    piece = Piece(index=index, turn=turn, duration_ms=event.duration_ms)
    return {"talk": state.talk.with_playback(state.talk.playback.announced(piece, event.at))}


def _plan_after(state: SessionState, event: PhaseEvent) -> Plan:
    match event:
        case PhaseStarted():
            return state.plan.begun(event.index - 1, state.clocks.active(event.at))
        case PhaseWindingDown():
            return state.plan.winding_down() if state.phase else state.plan
        case PhaseCompleted():
            return state.plan.over()
        case _:
            assert_never(event)


def _speaking_after(speaking: Speaking, event: SpeechEvent) -> Speaking:
    match event:
        case SentencesKnown():
            return speaking.knowing(event.told)
        case SpeechBegun():
            return speaking.beginning(event.sentence_index)
        case SentenceSpoken():
            return speaking.with_ready(event.sentence_index, event.utterance)
        case SpeechSilenced():
            return speaking.silenced()
        case SpeechReady() | SpeechSkipped():
            return speaking.announcing(event.sentence_index)
        case SpeechUnannounced():
            return speaking.unannounced(event.sentence_index)
        case _:
            assert_never(event)
