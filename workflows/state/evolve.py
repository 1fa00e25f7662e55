"""What each event makes of the state.

Total: an event that does not fit the state changes nothing but the revision. Owns the fold; must not decide
which event comes next.
"""

from datetime import timedelta
from typing import Any, Final, assert_never

from workflows.contract.base import unix_milliseconds
from workflows.contract.events import (
    AnswerSettled,
    CommandTaken,
    DoorClosed,
    EndDecided,
    EpochStarted,
    Event,
    MessageAccepted,
    MessageInjected,
    MessageRejected,
    MessageWithdrawn,
    PhaseCompleted,
    PhaseStarted,
    PhaseWindingDown,
    ProjectionMissed,
    SentencesKnown,
    SentenceSpoken,
    SessionEnded,
    SessionEndingSoon,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    SessionStatusChanged,
    SessionUpdated,
    SettlingStarted,
    SpeechBegun,
    SpeechReady,
    SpeechSkipped,
    StepBroken,
    StepCancelled,
    StepStarted,
    StoreDoubted,
    TurnCompleted,
    TurnFailed,
    TurnRetrying,
    TurnStarted,
    TurnStopped,
    TurnStopRequested,
)
from workflows.contract.session import TranscriptMessage
from workflows.state.plan import Part, Plan
from workflows.state.queue import WaitingMessage
from workflows.state.session_state import REMEMBERED_IDS, SessionState
from workflows.state.speaking import Speaking, Utterance
from workflows.state.transcript import Transcript
from workflows.state.turn import StepStatus, Turn, ready_for_next_step, retrying

_SessionEvent = (
    SessionStarted
    | SessionUpdated
    | SessionPaused
    | SessionResumed
    | SessionStatusChanged
    | SessionEndingSoon
    | SessionEnded
    | StoreDoubted
    | EpochStarted
    | EndDecided
    | DoorClosed
    | CommandTaken
)

_SpeechEvent = SentencesKnown | SpeechBegun | SentenceSpoken | SpeechReady | SpeechSkipped

_StepEvent = (
    TurnStopRequested
    | TurnRetrying
    | StepStarted
    | StepCancelled
    | StepBroken
    | SettlingStarted
    | ProjectionMissed
)


_FITS: Final[dict[type[_StepEvent], frozenset[StepStatus]]] = {
    TurnStopRequested: frozenset(StepStatus),
    StepStarted: frozenset({StepStatus.READY, StepStatus.RETRYING}),
    StepCancelled: frozenset({StepStatus.RUNNING}),
    TurnRetrying: frozenset({StepStatus.RUNNING}),
    ProjectionMissed: frozenset({StepStatus.RUNNING, StepStatus.SETTLING}),
    StepBroken: frozenset(StepStatus),
    SettlingStarted: frozenset({StepStatus.BROKEN}),
}
"""Where a step may stand when something happens to it."""


def apply(state: SessionState, event: Event) -> SessionState:
    """The state after `event`."""
    changed = _changes(state, event)
    revision = max(state.revision + 1, unix_milliseconds(event.at))
    return state.model_copy(
        update={**changed, "revision": revision, "updated_at": max(event.at, state.updated_at)}
    )


def _changes(state: SessionState, event: Event) -> dict[str, Any]:
    match event:
        case MessageAccepted() | MessageRejected() | MessageWithdrawn() | MessageInjected():
            return _message_changes(state, event)
        case TurnStarted():
            return _turn_start(state, event)
        case (
            TurnStopRequested()
            | TurnRetrying()
            | StepStarted()
            | StepCancelled()
            | StepBroken()
            | SettlingStarted()
            | ProjectionMissed()
        ):
            return _while_running(state, event)
        case AnswerSettled():
            return _answer(state, event)
        case PhaseStarted() | PhaseWindingDown() | PhaseCompleted():
            return {"plan": _plan_after(state, event)}
        case SentencesKnown() | SpeechBegun() | SentenceSpoken() | SpeechReady() | SpeechSkipped():
            return {"speaking": _speaking_after(state.speaking, event)}
        case TurnCompleted() | TurnStopped() | TurnFailed():
            return _turn_end(state, event)
        case _:
            return _session_changes(state, event)


def _session_changes(state: SessionState, event: _SessionEvent) -> dict[str, Any]:
    match event:
        case SessionStarted() | StoreDoubted():
            return {}
        case SessionUpdated():
            changed = event.model_dump(include={"title"}) | {
                "metadata": event.metadata,
                "settings": event.settings,
                "limits": event.limits,
            }
            return changed | {
                "clocks": state.clocks.rearmed(state.limits, event.limits),
                "plan": state.plan.wishing(event.settings),
            }
        case SessionPaused():
            return {"clocks": state.clocks.pause(event.at)}
        case SessionResumed():
            return {"clocks": state.clocks.resume(event.at), "plan": state.plan.resumed()}
        case SessionStatusChanged():
            return {"status": event.new}
        case SessionEndingSoon():
            return {"clocks": state.clocks.warned(event.reason)}
        case EpochStarted():
            return {"epoch": max(state.epoch + 1, unix_milliseconds(event.at))}
        case EndDecided():
            return {} if state.ending else {"ending": event.reason}
        case DoorClosed():
            return {"door_closed": state.ending is not None}
        case SessionEnded():
            # The clocks stand still, so that the summary is the same whenever it is asked for.
            clocks = state.clocks.pause(event.at)
            return {"ended": True, "ending": state.ending or event.reason, "clocks": clocks}
        case CommandTaken():
            return {"clocks": state.clocks.touched(event.at)}
        case _:
            assert_never(event)


def _message_changes(
    state: SessionState, event: MessageAccepted | MessageRejected | MessageWithdrawn | MessageInjected
) -> dict[str, Any]:
    match event:
        case MessageAccepted():
            return {
                "queue": state.queue.added(_waiting(event, state.message_count + 1)),
                "seen": (*state.seen, event.message_id)[-REMEMBERED_IDS:],
                "message_count": state.message_count + 1,
                "plan": state.plan.wishing(event.settings),
            }
        case MessageRejected() | MessageWithdrawn():
            return {"queue": state.queue.without((event.message_id,))}
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


def _said(message: WaitingMessage, turn: int) -> TranscriptMessage:
    return TranscriptMessage(
        message_id=message.message_id,
        role="user",
        agent=message.agent,
        content=message.content,
        turn=turn,
        created_at=message.accepted_at,
    )


def _turn_start(state: SessionState, event: TurnStarted) -> dict[str, Any]:
    if state.turn is not None or event.turn != state.turns + 1:
        return {}
    used = [found for found in map(state.queue.find, event.message_ids) if found]
    effort = state.effort_for(used[-1].settings) if used else state.effort_for(state.settings)
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
        "transcript": state.transcript.added(*(_said(message, event.turn) for message in used)),
        "plan": state.plan.resumed(),
    }


def _injected(state: SessionState, event: MessageInjected) -> dict[str, Any]:
    message = state.queue.find(event.message_id)
    if message is None or state.turn is None or state.turn.number != event.turn:
        return {}
    return {
        "queue": state.queue.without((event.message_id,)),
        "transcript": state.transcript.added(_said(message, event.turn)),
        "turn": state.turn.model_copy(
            update={"message_ids": (*state.turn.message_ids, event.message_id)},
        ),
    }


def _while_running(
    state: SessionState,
    event: _StepEvent,
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
    event: _StepEvent,
) -> Turn:
    match event:
        case TurnStopRequested():
            return turn if turn.stop else turn.model_copy(update={"stop": event.reason})
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
    """Who stopped a turn does not want to hear the rest of it."""
    if state.profile.speech is None:
        return state.speaking
    known = state.speaking.knowing(told)
    stopped = state.turn is not None and state.turn.stop is not None
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


def _turn_end(state: SessionState, event: TurnCompleted | TurnStopped | TurnFailed) -> dict[str, Any]:
    if state.turn is None or state.turn.number != event.turn:
        return {}
    took = max(event.at - state.turn.started_at, timedelta())
    cut_short = state.phase is not None and not isinstance(event, TurnCompleted)
    return {
        "turn": None,
        "last_turn": took,
        "clocks": state.clocks.touched(event.at),
        "plan": state.plan.waiting() if cut_short else state.plan,
    }


def _speaking_after(speaking: Speaking, event: _SpeechEvent) -> Speaking:
    match event:
        case SentencesKnown():
            return speaking.knowing(event.told)
        case SpeechBegun():
            return speaking.beginning(event.sentence_index)
        case SentenceSpoken():
            utterance = Utterance.model_validate(event.model_dump(include=set(Utterance.model_fields)))
            return speaking.with_ready(event.sentence_index, utterance)
        case SpeechReady() | SpeechSkipped():
            return speaking.announcing(event.sentence_index)
        case _:
            assert_never(event)


def _plan_after(state: SessionState, event: PhaseStarted | PhaseWindingDown | PhaseCompleted) -> Plan:
    match event:
        case PhaseStarted():
            return state.plan.begun(event.index - 1, state.clocks.active(event.at))
        case PhaseWindingDown():
            return state.plan.winding_down() if state.phase else state.plan
        case PhaseCompleted():
            return state.plan.over()
        case _:
            assert_never(event)
