"""What each event makes of the state.

Total: an event that does not fit the state changes nothing but the revision. Owns the fold; must not decide
which event comes next.
"""

from typing import Any, assert_never

from workflows.contract.base import unix_milliseconds
from workflows.contract.events import (
    Event,
    MessageEvent,
    PhaseEvent,
    RecordingEvent,
    SessionEvent,
    SpeechEvent,
    TurnEvent,
    VoiceEvent,
)
from workflows.state.evolving.messages import after_message_event
from workflows.state.evolving.recordings import recordings_after
from workflows.state.evolving.session import after_session_event
from workflows.state.evolving.speech import after_phase_event, after_speech_event
from workflows.state.evolving.turn import after_turn_event
from workflows.state.evolving.voice import after_voice_event
from workflows.state.session_state import SessionState


def apply(state: SessionState, event: Event) -> SessionState:
    """The state after `event`."""
    changed = _changes(state, event)
    revision = max(state.revision + 1, unix_milliseconds(event.at))
    return state.model_copy(
        update={**changed, "revision": revision, "updated_at": max(event.at, state.updated_at)}
    )


def _changes(state: SessionState, event: Event) -> dict[str, Any]:
    if isinstance(event, SessionEvent):
        return after_session_event(state, event)
    if isinstance(event, MessageEvent):
        return after_message_event(state, event)
    if isinstance(event, TurnEvent):
        return after_turn_event(state, event)
    if isinstance(event, PhaseEvent):
        return after_phase_event(state, event)
    if isinstance(event, SpeechEvent):
        return after_speech_event(state, event)
    if isinstance(event, RecordingEvent):
        return {"recordings": recordings_after(state.recordings, event)}
    if isinstance(event, VoiceEvent):
        return after_voice_event(state, event)
    assert_never(event)
