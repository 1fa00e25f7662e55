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
    SpeechSkipped,
)
from workflows.state.plan import Plan
from workflows.state.session_state import SessionState
from workflows.state.speaking import Speaking


def after_phase_event(state: SessionState, event: PhaseEvent) -> dict[str, Any]:
    """What changes of `state`."""
    return {"plan": _plan_after(state, event)}


def after_speech_event(state: SessionState, event: SpeechEvent) -> dict[str, Any]:
    """What changes of `state`."""
    return {"speaking": _speaking_after(state.speaking, event)}


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
        case SpeechReady() | SpeechSkipped():
            return speaking.announcing(event.sentence_index)
        case _:
            assert_never(event)
