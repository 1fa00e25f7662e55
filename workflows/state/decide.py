"""What follows from a command: the events that it causes.

Why one is refused is `admission`'s; must not know what the session does next by itself (`next_step`).
"""

from datetime import datetime
from typing import assert_never

from workflows.contract.commands import (
    SAYING,
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
from workflows.contract.events import (
    CommandTaken,
    EpochStarted,
    Event,
    MessageAccepted,
    MessageRejected,
    MessageWithdrawn,
    SentencesKnown,
    SessionEndingSoon,
    SessionPaused,
    SessionResumed,
    SessionStatusChanged,
    SessionUpdated,
    StoreDoubted,
)
from workflows.contract.profile import Settings
from workflows.contract.session import Delivery, EndReason, Status, StopReason
from workflows.state import recording_rules
from workflows.state.admission import is_waiting, merged_metadata, refusal
from workflows.state.endings import end, silenced, turn_stopped
from workflows.state.session_state import SessionState
from workflows.state.talk import Trigger
from workflows.state.talk_commands import talked
from workflows.state.talk_rules import voice_change


def decide(state: SessionState, command: Command, now: datetime) -> tuple[Event, ...]:
    """The events that `command` causes at `now`; none when it changes nothing."""
    if isinstance(command, StoreLost):
        return _store_lost(state, command, now)
    if isinstance(command, SentencesTold):
        is_news = state.turn is not None and command.told > state.speaking.told
        return (SentencesKnown(at=now, told=command.told),) if is_news else ()
    taken = CommandTaken(
        at=now, write_id=_write_id(state, command), by_person=not isinstance(command, Playback)
    )
    if _is_known(state, command):
        return (taken,)
    refused = refusal(state, command)
    if refused:
        return (taken, *_rejected(command, refused.code, now))
    if isinstance(command, SendRecording):
        return recording_rules.taken(state, command, now)
    return (taken, *_carried_out(state, command, now))


def _is_known(state: SessionState, command: Command) -> bool:
    """Whether a message of this id was taken already: whatever comes under it is the same message."""
    if not isinstance(command, SendMessage | SendRecording | Malformed) or command.about not in SAYING:
        return False
    return command.message_id in state.seen or is_waiting(state, command.message_id)


def _write_id(state: SessionState, command: Command) -> str | None:
    if not isinstance(command, SendMessage | SendRecording):
        return command.write_id
    # What a recording does is seen when it is transcribed.
    return None if state.recordings.find(command.message_id) else command.message_id


def _rejected(command: Command, code: ErrorCode, now: datetime) -> tuple[Event, ...]:
    if not isinstance(command, SendMessage | SendRecording | Malformed) or command.about not in SAYING:
        return ()
    return (MessageRejected(at=now, message_id=command.message_id, reason=code),)


def _carried_out(state: SessionState, command: Command, now: datetime) -> tuple[Event, ...]:
    match command:
        case SendMessage():
            return _accepted(state, command, now)
        case WithdrawMessage():
            return _withdrawn(state, command, now)
        case UpdateSession():
            return (_updated(state, command, now),)
        case StopTurn():
            return _stopped(state, command, now)
        case Pause():
            return () if state.clocks.paused else _paused(state, now)
        case Resume():
            return _resumed(state, now) if state.clocks.paused or state.plan.waits else ()
        case Close():
            return end(state, command.reason, now)
        case Cancel():
            return end(state, EndReason.CANCELLED, now)
        case Listening() | Playback() | BargeIn():
            return talked(state, command, now)
        case Malformed() | StoreLost() | SentencesTold() | SendRecording():
            return ()
        case _:
            assert_never(command)


def _store_lost(state: SessionState, command: StoreLost, now: datetime) -> tuple[Event, ...]:
    """No client did this: no clock is touched. A log that was given up already is not lost again."""
    if command.epoch is None:
        return (StoreDoubted(at=now),)
    return (EpochStarted(at=now),) if command.epoch == state.epoch else ()


def _withdrawn(state: SessionState, command: WithdrawMessage, now: datetime) -> tuple[Event, ...]:
    message = state.queue.find(command.message_id)
    if message is None:
        return recording_rules.withdrawn(state, command.message_id, now)
    return (MessageWithdrawn(at=now, message_id=message.message_id, number=message.number),)


def _stopped(state: SessionState, command: StopTurn, now: datetime) -> tuple[Event, ...]:
    if state.turn is not None and command.turn in (None, state.turn.number):
        return turn_stopped(state, StopReason.STOPPED, now)
    # A stop that comes late is not one of the turn that spoke after it.
    return silenced(state, now) if command.turn in (None, state.turns) else ()


def _paused(state: SessionState, now: datetime) -> tuple[Event, ...]:
    return (SessionPaused(at=now), *_status(state, Status.PAUSED, now))


def _resumed(state: SessionState, now: datetime) -> tuple[Event, ...]:
    return (SessionResumed(at=now), *_status(state, Status.IDLE, now))


def _status(state: SessionState, new: Status, now: datetime) -> tuple[Event, ...]:
    """Announced with its cause, so that what follows a command does not depend on what comes with it."""
    if state.turn is not None or state.status is new:
        return ()
    return (SessionStatusChanged(at=now, old=state.status, new=new),)


def _accepted(state: SessionState, message: SendMessage, now: datetime) -> tuple[Event, ...]:
    agent = state.profile.agent(message.agent)
    if agent is None:
        return ()
    accepted = MessageAccepted(
        at=now,
        message_id=message.message_id,
        delivery=message.delivery,
        position=_position(state, message.delivery),
        agent=agent.name,
        content=message.content,
        settings=message.settings.over(Settings()),
    )
    interrupted = (
        (*turn_stopped(state, StopReason.INTERRUPTED, now), *silenced(state, now))
        if message.delivery is Delivery.INTERRUPT
        else ()
    )
    last = (
        (SessionEndingSoon(at=now, reason=EndReason.MAX_MESSAGES, remaining=0),)
        if state.messages_left == 1
        else ()
    )
    heard = voice_change(state, Trigger.MESSAGE_TAKEN, now)
    return (accepted, *heard, *interrupted, *last)


def _position(state: SessionState, delivery: Delivery) -> int:
    """0 when the message runs now, else its place among those that wait."""
    must_wait = state.turn is not None or state.clocks.paused
    return state.queue.place_of(delivery) + int(must_wait)


def _updated(state: SessionState, command: UpdateSession, now: datetime) -> SessionUpdated:
    return SessionUpdated(
        at=now,
        title=command.title if "title" in command.model_fields_set else state.title,
        metadata=merged_metadata(state, command),
        limits=command.limits.over(state.limits) if command.limits else state.limits,
        settings=command.settings.over(state.settings) if command.settings else state.settings,
    )
