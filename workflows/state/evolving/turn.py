"""What each event about a turn makes of the state.

Owns where a step may stand when something happens to it, and what an answer leaves behind.
"""

from datetime import timedelta
from typing import Any, Final, assert_never

from workflows.contract.events import (
    AnswerSettled,
    ProjectionMissed,
    SettlingStarted,
    StepBroken,
    StepCancelled,
    StepEvent,
    StepStarted,
    TurnCompleted,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnRetrying,
    TurnStarted,
    TurnStopped,
    TurnStopRequested,
)
from workflows.contract.session import StopReason, TranscriptMessage
from workflows.state.evolving.messages import used_message
from workflows.state.plan import Part
from workflows.state.session_state import SessionState
from workflows.state.speaking import Speaking
from workflows.state.talk import StoppedTurn
from workflows.state.transcript import Transcript
from workflows.state.turn import StepStatus, Turn, ready_for_next_step, retrying

_FITS: Final[dict[type[StepEvent], frozenset[StepStatus]]] = {
    TurnStopRequested: frozenset(StepStatus),
    StepStarted: frozenset({StepStatus.READY, StepStatus.RETRYING}),
    StepCancelled: frozenset({StepStatus.RUNNING}),
    TurnRetrying: frozenset({StepStatus.RUNNING}),
    ProjectionMissed: frozenset({StepStatus.RUNNING, StepStatus.SETTLING}),
    StepBroken: frozenset(StepStatus),
    SettlingStarted: frozenset({StepStatus.BROKEN}),
}
"""Where a step may stand when something happens to it."""


def after_turn_event(state: SessionState, event: TurnEvent) -> dict[str, Any]:
    """What changes of `state`."""
    match event:
        case TurnStarted():
            return _turn_start(state, event)
        case AnswerSettled():
            return _answer(state, event)
        case TurnCompleted() | TurnStopped() | TurnFailed():
            return _turn_end(state, event)
        case _:
            return _while_running(state, event)


def _turn_start(state: SessionState, event: TurnStarted) -> dict[str, Any]:
    if state.turn is not None or event.turn != state.turns + 1:
        return {}
    used = [found for found in map(state.queue.find, event.message_ids) if found]
    effort = state.effort_for(used[-1].settings) if used else state.effort_for(state.settings)
    if state.talk.goes_on is not None and not used:
        effort = state.talk.goes_on.effort
    return {
        "turn": Turn(
            number=event.turn,
            agent=event.agent,
            message_ids=event.message_ids,
            started_at=event.at,
            effort=effort,
        ),
        "turns": event.turn,
        "queue": state.queue.without(event.message_ids),
        "transcript": state.transcript.added(*(used_message(message, event.turn) for message in used)),
        "plan": state.plan.resumed(),
        "talk": state.talk.going_on(),
    }


def _while_running(
    state: SessionState,
    event: StepEvent,
) -> dict[str, Any]:
    turn = state.turn
    if turn is None or turn.number != event.turn or turn.status not in _FITS[type(event)]:
        return {}
    if isinstance(event, StepStarted):
        turn = turn.model_copy(update={"step": event.step, "asked_to": state.transcript.end})
        turn = turn.model_copy(update=_asked_of_phase(state))
    return {"turn": _turn_after(turn, event)}


def _asked_of_phase(state: SessionState) -> dict[str, Any]:
    phase = state.phase
    if phase is None:
        return {"part": None}
    return {"part": state.plan.part, "asked_for": state.plan.most_sentences(phase)}


def _turn_after(
    turn: Turn,
    event: StepEvent,
) -> Turn:
    match event:
        case TurnStopRequested():
            may_go_on = turn.stop in {None, StopReason.BARGED_IN}
            return turn.model_copy(update={"stop": event.reason}) if may_go_on else turn
        case TurnRetrying():
            return retrying(
                turn, at=event.at, until=event.next_retry_at, reason=event.reason, shown=event.shown
            )
        case StepStarted():
            update = {"status": StepStatus.RUNNING, "attempt": event.attempt, "retry_at": None}
            return turn.model_copy(update=update)
        case StepCancelled():
            return turn.model_copy(update={"cancelled": True})
        case StepBroken():
            update = {"status": StepStatus.BROKEN, "failure": event.error, "retry_at": None}
            return turn.model_copy(update=update)
        case SettlingStarted():
            return turn.model_copy(update={"status": StepStatus.SETTLING})
        case ProjectionMissed():
            if turn.status is StepStatus.SETTLING:
                return turn.model_copy(update={"status": StepStatus.BROKEN})
            # An earlier attempt may have gone on in a new epoch, and shown something there.
            return turn.model_copy(update={"status": StepStatus.READY, "shown": max(turn.shown, 1)})
        case _:
            assert_never(event)


def _answer(state: SessionState, event: AnswerSettled) -> dict[str, Any]:
    turn = state.turn
    if turn is None or turn.number != event.turn:
        return {}
    told = len(event.sentences.ends) if event.sentences else 0
    had_no_more = told < turn.asked_for or turn.part is Part.WIND_DOWN
    to_its_end = event.status == "complete" and not event.cut and had_no_more
    return {
        "transcript": _with_answer(state.transcript, turn, event),
        "turn": ready_for_next_step(turn).model_copy(update={"usage": turn.usage + event.usage}),
        "usage": state.usage + event.usage,
        "sentences": state.sentences + told,
        "speaking": _speaking_of_answer(state, event, state.sentences + told),
        "strikes": state.strikes + event.flagged,
        "plan": state.plan.after_answer(turn.part, told, to_its_end=to_its_end),
    }


def _speaking_of_answer(state: SessionState, event: AnswerSettled, told: int) -> Speaking:
    """Who stopped a turn does not want to hear the rest of it; who barged in may yet."""
    if state.profile.speech is None:
        return state.speaking
    known = state.speaking.knowing(told)
    stopped = state.turn is not None and state.turn.stop not in {None, StopReason.BARGED_IN}
    return known.silenced() if stopped and event.status != "complete" else known


def _with_answer(transcript: Transcript, turn: Turn, event: AnswerSettled) -> Transcript:
    message = TranscriptMessage(
        message_id=event.message_id,
        role="assistant",
        agent=turn.agent,
        content=event.text,
        status=event.status,
        turn=event.turn,
        created_at=event.at,
        sentences=event.sentences,
    )
    grown = transcript.added(message) if event.text else transcript
    # What left the transcript must leave the model's sight too, and a stored response still holds it.
    equals_response = event.status == "complete" and grown.first == transcript.first
    return grown.chained(turn.agent, event.response_id) if equals_response else grown


def _turn_end(state: SessionState, event: TurnEnded) -> dict[str, Any]:
    if state.turn is None or state.turn.number != event.turn:
        return {}
    took = max(event.at - state.turn.started_at, timedelta())
    return {
        "turn": None,
        "last_turn": took,
        "clocks": state.clocks.touched(event.at),
        # Where the phase is over, that is said next.
        "plan": state.plan.waiting() if state.phase is not None else state.plan,
        **_what_is_left_to_say(state, state.turn, event),
    }


def _what_is_left_to_say(state: SessionState, turn: Turn, event: TurnEnded) -> dict[str, Any]:
    if not isinstance(event, TurnStopped):
        return {}
    # Stopped unasked: by the flag in the log, whose signal is still to come and may be a barge-in's.
    if turn.stop not in {None, StopReason.BARGED_IN}:
        return {"speaking": state.speaking.silenced()}
    stopped = StoppedTurn(agent=turn.agent, effort=turn.effort)
    return {"talk": state.talk.with_turn_stopped(stopped)}
