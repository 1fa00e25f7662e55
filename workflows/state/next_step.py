"""What a session does next.

One question with one answer, total over all states: `next_step(state, now)`. Asked again after every answer
that was carried out, until it says `Wait` or `Finish`. Owns the order of the rules.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from workflows.contract.errors import ErrorCode
from workflows.contract.events import (
    Event,
    MessageInjected,
    MessageRejected,
    SessionEnded,
    SessionEndingSoon,
    SessionStatusChanged,
    StepBroken,
    TurnStarted,
    TurnStopped,
)
from workflows.contract.session import EndReason, Status, Summary
from workflows.state import phases, recording_rules, speech_rules, talk_rules
from workflows.state.asking import model_call
from workflows.state.clocks import Deadline, DeadlineKind
from workflows.state.endings import end
from workflows.state.session_state import SessionState
from workflows.state.steps import (
    CallModel,
    CancelStep,
    CloseDoor,
    Finish,
    Record,
    SettleAnswer,
    Step,
    Transcribe,
    Wait,
)
from workflows.state.talk import Trigger
from workflows.state.turn import StepStatus, Turn, message_id

_Rule = Callable[[SessionState, datetime], Step | None]


def next_step(state: SessionState, now: datetime) -> Step:
    """The first thing that a rule asks for; `Wait` when none does."""
    for rule in _RULES:
        step = rule(state, now)
        if step is not None:
            return step
    return Wait(until=next_deadline(state))


def next_deadline(state: SessionState) -> Deadline | None:
    """The next moment at which something follows by itself, and why."""
    if state.ending is not None:
        return None
    found = state.clocks.deadlines(state.limits, busy=state.busy)
    phase_ends = phases.phase_deadline(state)
    found += [deadline for deadline in (phase_ends, talk_rules.talk_deadline(state)) if deadline is not None]
    if state.turn is not None and state.turn.retry_at is not None:
        found.append(_retry_deadline(state.turn, state.turn.retry_at))
    return min(found, key=lambda deadline: deadline.at, default=None)


def summary(state: SessionState, now: datetime) -> Summary:
    """What remains to be said of the session."""
    return Summary(
        turns=state.turns,
        messages=state.message_count,
        active_seconds=state.clocks.active(now),
        usage=state.usage,
    )


def _retry_deadline(turn: Turn, at: datetime) -> Deadline:
    reason = turn.retry_reason.value if turn.retry_reason else "unknown"
    label = f"turn {turn.number} · retry {turn.retries}: {reason}"
    return Deadline(at=at, kind=DeadlineKind.RETRY, label=label)


def _finished(state: SessionState, now: datetime) -> Step | None:
    return Finish(summary=summary(state, now)) if state.ended else None


def _status(state: SessionState, now: datetime) -> Step | None:
    new = state.current_status
    if state.status is new:
        return None
    if state.status is Status.ACTIVE:
        # A turn's end says the same whatever was asked meanwhile: it may have been published already.
        new = Status.IDLE
    return Record((SessionStatusChanged(at=now, old=state.status, new=new),))


def _clock(state: SessionState, now: datetime) -> Step | None:
    if state.ending is not None:
        return None
    deadlines = state.clocks.deadlines(state.limits, busy=state.busy)
    due = {deadline.kind: deadline for deadline in deadlines if deadline.at <= now}
    events = _struck(state, due, now)
    return Record(events) if events else None


def _struck(state: SessionState, due: dict[DeadlineKind, Deadline], now: datetime) -> tuple[Event, ...]:
    if DeadlineKind.MAX_DURATION in due:
        return end(state, EndReason.MAX_DURATION, now)
    if DeadlineKind.IDLE_TIMEOUT in due:
        return end(state, EndReason.IDLE_TIMEOUT, now)
    clocks, busy = state.clocks, state.busy
    if DeadlineKind.DURATION_WARNING in due:
        ends_at = clocks.ends_at(state.limits)
        return (SessionEndingSoon(at=now, reason=EndReason.MAX_DURATION, ends_at=ends_at),)
    if DeadlineKind.IDLE_WARNING in due:
        ends_at = clocks.idle_at(state.limits, busy=busy)
        return (SessionEndingSoon(at=now, reason=EndReason.IDLE_TIMEOUT, ends_at=ends_at),)
    return ()


def _talk(state: SessionState, now: datetime) -> Step | None:
    events = talk_rules.talk_step(state, now)
    return Record(events) if events else None


def _speech(state: SessionState, now: datetime) -> Step | None:
    events = speech_rules.announcement(state, now)
    if events:
        return Record(events)
    return speech_rules.sentence_to_speak(state)


def _turn(state: SessionState, now: datetime) -> Step | None:
    turn = state.turn
    if turn is None:
        return None
    if turn.status in {StepStatus.READY, StepStatus.RETRYING, StepStatus.RUNNING}:
        events = phases.phase_step(state, turn, now)
        if events:
            return Record(events)
    match turn.status:
        case StepStatus.RUNNING:
            ends = turn.stop is not None or phases.is_cut(state, turn)
            return CancelStep(turn.number) if ends and not turn.cancelled else None
        case StepStatus.BROKEN:
            return _settle(state, turn)
        case StepStatus.SETTLING:
            return None
        case StepStatus.READY | StepStatus.RETRYING:
            return _stop_before_call(turn, now) if turn.stop else _call(state, turn, now)


def _stop_before_call(turn: Turn, now: datetime) -> Step | None:
    if turn.shown:
        return Record((StepBroken(at=now, turn=turn.number, error=None),))
    if turn.stop is None:
        return None
    return Record((TurnStopped(at=now, turn=turn.number, usage=turn.usage, reason=turn.stop),))


def _settle(state: SessionState, turn: Turn) -> SettleAnswer:
    return SettleAnswer(
        sentences=phases.sentences(state),
        turn=turn.number,
        step=turn.step,
        message_id=turn.message_id,
        status="failed" if turn.failure else "stopped",
    )


def _call(state: SessionState, turn: Turn, now: datetime) -> Step | None:
    if turn.retry_at is not None and turn.retry_at > now:
        return None
    steers = state.queue.steers(turn.agent)
    between_answers = turn.status is StepStatus.RETRYING or turn.step > 1
    if between_answers and not turn.shown and steers:
        return Record(
            tuple(MessageInjected(at=now, message_id=m.message_id, turn=turn.number) for m in steers)
        )
    step = turn.next_step(state.transcript.end)
    return CallModel(
        turn=turn.number,
        step=step,
        attempt=turn.attempt + 1,
        message_id=message_id(turn.number, step),
        call=model_call(state, turn),
        sentences=phases.sentences(state),
        safety=state.profile.safety,
    )


def _ending(state: SessionState, now: datetime) -> Step | None:
    if state.ending is None or state.turn is not None or speech_rules.holds_up_end(state):
        return None
    waiting = [m.message_id for m in state.queue.waiting] + [r.message_id for r in state.recordings.waiting]
    if waiting:
        return Record(
            tuple(
                MessageRejected(at=now, message_id=message_id, reason=ErrorCode.SESSION_CLOSED)
                for message_id in waiting
            )
        )
    if not state.door_closed:
        return CloseDoor()
    closed = SessionStatusChanged(at=now, old=state.status, new=Status.CLOSED)
    silent = talk_rules.voice_change(state, Trigger.ENDED, now)
    return Record((*silent, closed, SessionEnded(at=now, reason=state.ending, summary=summary(state, now))))


def _start_turn(state: SessionState, now: datetime) -> Step | None:
    if state.turn is not None or state.clocks.paused or state.ending is not None:
        return None
    if state.talk.cut is not None:
        return None
    messages = state.queue.next_turn()
    if not messages and not _speaks_by_itself(state, now):
        return None
    started = TurnStarted(
        at=now,
        turn=state.turns + 1,
        agent=messages[0].agent if messages else _own_agent(state),
        message_ids=tuple(m.message_id for m in messages),
    )
    return Record(phases.phase_start(state, started))


def _own_agent(state: SessionState) -> str:
    goes_on = state.talk.goes_on
    return goes_on.agent if goes_on else state.profile.agents[0].name


def _speaks_by_itself(state: SessionState, now: datetime) -> bool:
    if state.talk.goes_on is not None:
        return True
    return phases.waits_to_speak(state) and not talk_rules.runs_ahead(state, now)


def _last_message(state: SessionState, now: datetime) -> Step | None:
    answered = state.turn is None and not state.queue.waiting and not talk_rules.is_spoken_to(state)
    if state.messages_left != 0 or not answered or state.ending is not None:
        return None
    return Record(end(state, EndReason.MAX_MESSAGES, now))


def _recordings(state: SessionState, now: datetime) -> Step | None:
    del now
    recording = recording_rules.recording_to_transcribe(state)
    if recording is None:
        return None
    return Transcribe(recording.message_id, recording_rules.transcription(state, recording))


def _plan_is_told(state: SessionState, now: datetime) -> Step | None:
    waiting = state.queue.waiting or state.recordings.waiting
    at_rest = state.turn is None and not waiting and state.ending is None
    if not at_rest or state.clocks.paused or not phases.is_told(state):
        return None
    if talk_rules.is_being_heard(state) or state.talk.cut is not None:
        return None
    return Record(end(state, EndReason.COMPLETED, now))


_RULES: Final[tuple[_Rule, ...]] = (
    _finished,
    _status,
    _clock,
    _talk,
    _speech,
    _turn,
    _ending,
    _start_turn,
    _recordings,
    _plan_is_told,
    _last_message,
)
