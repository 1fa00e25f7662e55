"""The step that is running: one activity beside the loop.

Owns the activity, and how its end reads as events; which step runs is the state's to say.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import options
from workflows.contract.activities import call_model, settle_answer
from workflows.contract.errors import STEP_FAILED, StepFailure
from workflows.contract.model_call import CallModelInput, SettleAnswerInput, StepResult
from workflows.contract.publication import Publication
from workflows.contract.turn_end import TurnEnd
from workflows.found_wrong import found_wrong
from workflows.state import settle
from workflows.state.session_state import SessionState
from workflows.state.settle import Outcome
from workflows.state.steps import CallModel, SettleAnswer


class RunningStep:
    """At most one activity that works on the current turn."""

    def __init__(self, heartbeat_timeout: timedelta) -> None:
        self._heartbeat_timeout = heartbeat_timeout
        self._activity: workflow.ActivityHandle[StepResult] | None = None
        self._given: CallModelInput | SettleAnswerInput | None = None
        self._started_at = -1
        """The length of the history before it was started."""

    @property
    def active(self) -> bool:
        """Whether a step runs or its end was not taken yet."""
        return self._activity is not None

    @property
    def is_in_history(self) -> bool:
        """Whether what started the running step, if one runs, cannot turn out otherwise any more."""
        return self._started_at < workflow.info().get_current_history_length()

    @property
    def riding(self) -> Publication | None:
        """The publication that the running step carries."""
        return self._given.publication if self._given else None

    @property
    def done(self) -> bool:
        """Whether an end waits to be taken."""
        return self._activity is not None and self._activity.done()

    def call_model(
        self,
        step: CallModel,
        publication: Publication,
        turn_end: TurnEnd | None,
        *,
        tell_after: timedelta | None,
    ) -> None:
        """Start the model step, which carries `publication` to the store."""
        self._given = CallModelInput(
            turn=step.turn,
            step=step.step,
            message_id=step.message_id,
            publication=publication,
            turn_end=turn_end,
            call=step.call,
            sentences=step.sentences,
            safety=step.safety,
            tell_after=tell_after,
        )
        summary = f"turn {step.turn} · {step.call.agent} · step {step.step}"
        self._started_at = workflow.info().get_current_history_length()
        self._activity = workflow.start_activity(
            call_model, self._given, **options.model_step(summary, self._heartbeat_timeout)
        )

    def settle_answer(self, step: SettleAnswer, publication: Publication, turn_end: TurnEnd | None) -> None:
        """Start the settlement of a broken step, which carries `publication` to the store."""
        self._given = SettleAnswerInput(
            turn=step.turn,
            step=step.step,
            message_id=step.message_id,
            publication=publication,
            turn_end=turn_end,
            status=step.status,
            sentences=step.sentences,
        )
        self._started_at = workflow.info().get_current_history_length()
        self._activity = workflow.start_activity(
            settle_answer, self._given, **options.settlement(f"turn {step.turn} · keep what was shown")
        )

    def cancel(self) -> None:
        """Ask the running step to end; its result still comes."""
        if self._activity is not None:
            self._activity.cancel()

    def take(self, state: SessionState, now: datetime) -> Outcome:
        """What follows from the end of the step."""
        activity, self._activity = self._activity, None
        given, self._given = self._given, None
        if activity is None or given is None:
            raise RuntimeError("no step is running")
        riding = given.publication
        try:
            result: StepResult = activity.result()
        except ActivityError as error:
            return _failed(error, state, now, riding)
        said_in = riding.epoch if result.epoch is None else result.epoch
        return Outcome(
            settle.step_finished(state, result, now, said_in=said_in),
            riding,
            published=True,
            last_word_in=said_in,
            turn_end=given.turn_end_with(result) if result.turn_ended else None,
        )


def _failed(error: ActivityError, state: SessionState, now: datetime, riding: Publication) -> Outcome:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == STEP_FAILED:
        failure = StepFailure.model_validate(cause.details[0])
        return Outcome(settle.step_failed(state, failure, now), riding, True)
    finding = found_wrong(error)
    if finding is not None:
        return Outcome(settle.projection_missed(state, now), riding, False, finding)
    return Outcome(settle.step_vanished(state, now), riding, False)
