"""What each event about a message makes of the state.

Owns the way from the queue to the transcript.
"""

from typing import Any, assert_never

from workflows.contract.errors import ErrorCode
from workflows.contract.events import (
    MessageAccepted,
    MessageEvent,
    MessageInjected,
    MessageRejected,
    MessageWithdrawn,
)
from workflows.contract.session import TranscriptMessage
from workflows.state.queue import WaitingMessage
from workflows.state.session_state import REMEMBERED_IDS, SessionState


def after_message_event(state: SessionState, event: MessageEvent) -> dict[str, Any]:
    """What changes of `state`."""
    match event:
        case MessageAccepted():
            return {
                "queue": state.queue.added(_waiting(event, state.message_count + 1)),
                "seen": _seen(state, event.message_id),
                "message_count": state.message_count + 1,
                "plan": state.plan.wishing(event.settings),
            }
        case MessageRejected() | MessageWithdrawn():
            return _no_longer_waiting(state, event)
        case MessageInjected():
            return _injected(state, event)
        case _:
            assert_never(event)


def _waiting(event: MessageAccepted, number: int) -> WaitingMessage:
    return WaitingMessage(
        message_id=event.message_id,
        number=number,
        content=event.content,
        agent=event.agent,
        delivery=event.delivery,
        settings=event.settings,
        accepted_at=event.at,
    )


def _no_longer_waiting(state: SessionState, event: MessageRejected | MessageWithdrawn) -> dict[str, Any]:
    gone = {
        "queue": state.queue.without((event.message_id,)),
        "recordings": state.recordings.without(event.message_id),
    }
    # A message that was withdrawn stays withdrawn if it is sent again, in whatever form it waited.
    was_taken_back = event.reason == ErrorCode.WITHDRAWN and state.recordings.find(event.message_id)
    return gone | {"seen": _seen(state, event.message_id)} if was_taken_back else gone


def _seen(state: SessionState, message_id: str) -> tuple[str, ...]:
    return (*state.seen, message_id)[-REMEMBERED_IDS:]


def _injected(state: SessionState, event: MessageInjected) -> dict[str, Any]:
    message = state.queue.find(event.message_id)
    if message is None or state.turn is None or state.turn.number != event.turn:
        return {}
    return {
        "queue": state.queue.without((event.message_id,)),
        "transcript": state.transcript.added(used_message(message, event.turn)),
        "turn": state.turn.model_copy(
            update={"message_ids": (*state.turn.message_ids, event.message_id)},
        ),
    }


def used_message(message: WaitingMessage, turn: int) -> TranscriptMessage:
    """`message` in the transcript, once `turn` uses it."""
    return TranscriptMessage(
        message_id=message.message_id,
        role="user",
        agent=message.agent,
        content=message.content,
        turn=turn,
        created_at=message.accepted_at,
    )
