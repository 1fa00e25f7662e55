"""Why a command has no effect, where it has none.

Owns admission; what follows from a command that is admitted is `decide`'s.
"""

from typing import assert_never

from pydantic_core import to_json

from workflows.contract.base import Value
from workflows.contract.commands import (
    MAX_METADATA_BYTES,
    BargeIn,
    Cancel,
    Close,
    Command,
    Listening,
    Malformed,
    Pause,
    Playback,
    Resume,
    SendMessage,
    SendRecording,
    SentencesTold,
    StopTurn,
    StoreLost,
    UpdateSession,
    WithdrawMessage,
)
from workflows.contract.errors import ErrorCode
from workflows.contract.profile import SettingsPatch
from workflows.state import recording_rules
from workflows.state.session_state import SessionState


class Refusal(Value):
    """Why a command has no effect."""

    code: ErrorCode
    detail: str


def refusal(state: SessionState, command: Command) -> Refusal | None:
    """Why `command` cannot be carried out now; None when it can."""
    if state.ending is not None:
        return Refusal(code=ErrorCode.SESSION_CLOSED, detail="The session is over; start a new one.")
    match command:
        case SendMessage():
            return _message_refusal(state, command)
        case SendRecording():
            return _recording_refusal(state, command)
        case WithdrawMessage():
            return _withdrawal_refusal(state, command)
        case UpdateSession():
            return _update_refusal(state, command)
        case Malformed():
            return Refusal(code=ErrorCode.INVALID_REQUEST, detail=command.problem)
        case StopTurn() | Pause() | Resume() | Close() | Cancel() | StoreLost() | SentencesTold():
            return None
        case Listening() | Playback() | BargeIn():
            return None
        case _:
            assert_never(command)


def _message_refusal(state: SessionState, message: SendMessage) -> Refusal | None:
    if state.messages_left == 0:
        return Refusal(code=ErrorCode.MAX_MESSAGES, detail="The session has taken its last message.")
    if state.profile.agent(message.agent) is None:
        names = ", ".join(agent.name for agent in state.profile.agents)
        return Refusal(code=ErrorCode.INVALID_REQUEST, detail=f"No such agent; the session has: {names}.")
    refused = _settings_refusal(state, message.settings)
    if refused is not None:
        return refused
    if not state.queue.has_room_for(message.content):
        return Refusal(code=ErrorCode.QUEUE_FULL, detail="Too much waits already; send it again later.")
    return None


def _recording_refusal(state: SessionState, recording: SendRecording) -> Refusal | None:
    if not state.recordings.has_room:
        return Refusal(code=ErrorCode.QUEUE_FULL, detail="Too many recordings wait; send it again later.")
    if state.messages_left is not None and state.messages_left <= len(state.recordings):
        return Refusal(code=ErrorCode.MAX_MESSAGES, detail="The session has taken its last message.")
    return _message_refusal(state, recording.saying(recording_rules.NOT_HEARD_YET))


def _withdrawal_refusal(state: SessionState, command: WithdrawMessage) -> Refusal | None:
    if is_waiting(state, command.message_id):
        return None
    if command.message_id in state.seen:
        return Refusal(
            code=ErrorCode.MESSAGE_USED, detail="The message has been used; stop the turn instead."
        )
    return Refusal(code=ErrorCode.MESSAGE_NOT_FOUND, detail="No message of this id waits.")


def _update_refusal(state: SessionState, command: UpdateSession) -> Refusal | None:
    refused = _settings_refusal(state, command.settings or SettingsPatch())
    if refused is not None:
        return refused
    if len(to_json(merged_metadata(state, command))) > MAX_METADATA_BYTES:
        return Refusal(
            code=ErrorCode.INVALID_REQUEST, detail=f"metadata would exceed {MAX_METADATA_BYTES} bytes."
        )
    return None


def _settings_refusal(state: SessionState, asked: SettingsPatch) -> Refusal | None:
    # Null is no wish: a first message carries every field.
    wished = {name for name in asked.model_fields_set if getattr(asked, name) is not None}
    forbidden = wished - set(state.profile.settings)
    if forbidden:
        detail = f"The profile does not let clients set: {', '.join(sorted(forbidden))}."
        return Refusal(code=ErrorCode.INVALID_REQUEST, detail=detail)
    phases = [phase.name for phase in state.profile.phases]
    if not {asked.skip_phase, asked.extend_phase} <= {None, *phases}:
        detail = f"No such phase; the session has: {', '.join(phases) or 'none'}."
        return Refusal(code=ErrorCode.INVALID_REQUEST, detail=detail)
    return None


def merged_metadata(state: SessionState, command: UpdateSession) -> dict[str, object]:
    """The session's metadata, with what `command` says of it."""
    return {**state.metadata, **(command.metadata or {})}


def is_waiting(state: SessionState, message_id: str) -> bool:
    """Whether a message or a recording of this id waits."""
    return state.queue.find(message_id) is not None or state.recordings.find(message_id) is not None
