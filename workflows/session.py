"""The Session workflow: the shell that carries out durably what the state asks for.

Signals append to the inbox (`inbox`); one loop folds it, asks `next_step`, and does that. Owns the loop, the
running step, the publication in flight and the timer; every rule is in `workflows.state`, every effect an
activity.
"""

import asyncio
from datetime import datetime
from typing import Any, Final, NoReturn

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workflows.contract import commands, wire
from workflows.contract.base import to_milliseconds
from workflows.contract.events import (
    DoorClosed,
    EpochStarted,
    Event,
    SentenceSpoken,
    SessionStarted,
    SessionStatusChanged,
    SettlingStarted,
    SpeechBegun,
    StepCancelled,
    StepStarted,
    TranscriptionBegun,
)
from workflows.contract.publication import Publication
from workflows.contract.session import Summary
from workflows.contract.speech import SynthesizeSentenceInput, Voice
from workflows.contract.start import SessionStart
from workflows.contract.turn_end import TurnEnd
from workflows.engine_list import EngineList
from workflows.inbox import Inbox, fresh_message_id
from workflows.publisher import Publisher
from workflows.running_speech import RunningSpeech
from workflows.running_step import RunningStep
from workflows.running_transcription import RunningTranscription
from workflows.state.admission import refusal
from workflows.state.decide import decide
from workflows.state.evolve import apply
from workflows.state.handover import Carried, SessionInput
from workflows.state.intake import read_command
from workflows.state.next_step import next_step
from workflows.state.outbox import Outbox
from workflows.state.session_state import SessionState
from workflows.state.steps import (
    CallModel,
    CancelStep,
    CloseDoor,
    Finish,
    Record,
    SettleAnswer,
    Speak,
    Transcribe,
    Wait,
)
from workflows.state.store_finding import StoreFinding
from workflows.state.transcribed import transcribed
from workflows.state.turn_end import turn_end
from workflows.state.view import card, session_view
from workflows.timer import Timer

_PAUSE: Final = Wait(until=None)


@workflow.defn(name=wire.WORKFLOW_TYPE)
class Session(Inbox):
    """One session, from its first word to its summary."""

    @workflow.init
    def __init__(self, given: SessionInput) -> None:
        super().__init__()
        self._input = given
        self._step = RunningStep(given.start.heartbeat_timeout)
        self._speech = RunningSpeech(given.start.heartbeat_timeout)
        self._transcription = RunningTranscription(given.start.heartbeat_timeout)
        self._publisher = Publisher()
        self._timer = Timer()
        self._engine_list = EngineList(given.start)
        if given.carried is not None:
            self._state, self._outbox = given.carried.state, given.carried.outbox
        else:
            self._state, self._outbox = SessionState.born(given.start, self._now()), Outbox()
            self._begin(given.start)

    @workflow.run
    async def run(self, given: SessionInput) -> Summary:
        """Live until `Finish`; the result is the session's summary."""
        del given  # read in `__init__`, because signals may come before this runs
        while True:
            self._fold()
            step = self._carry_out()
            self._transcription.give_up_unless(self._state.recordings.begun)
            self._engine_list.tell(self._state, self._now())
            if isinstance(step, Finish) and not self._publisher.busy and not self._has_news():
                return step.summary
            self._publish_news()
            self._timer.arm(step.until if isinstance(step, Wait) else None)
            workflow.set_current_details(card(self._state, self._now()))
            await self._something_happens()

    # ---- what comes in -------------------------------------------------------------------------------

    @workflow.update(name=wire.UPDATE_SESSION)
    def update_session_now(self, payload: Any) -> dict[str, Any]:
        """Change the session and answer with the session object as it is then."""
        return self._take("update_session", payload)

    @workflow.update(name=wire.WITHDRAW_MESSAGE)
    def withdraw_message_now(self, payload: Any) -> dict[str, Any]:
        """Withdraw a waiting message, or say why that is not possible."""
        return self._take("withdraw_message", payload)

    @workflow.query(name=wire.SNAPSHOT_QUERY)
    def snapshot(self) -> dict[str, Any]:
        """The session object."""
        return session_view(self._state, self._now()).fields()

    @workflow.query(name=wire.TRANSCRIPT_QUERY)
    def transcript(self) -> list[dict[str, Any]]:
        """The messages that the model may still see."""
        return [message.model_dump(mode="json") for message in self._state.transcript.messages]

    def _take(self, name: str, payload: Any) -> dict[str, Any]:
        # What came before is folded here, so the loop looks again, whatever becomes of this command.
        self._stirred = True
        self._fold_inbox()
        command = read_command(name, payload, fresh_message_id)
        refused = refusal(self._state, command)
        if refused is not None:
            raise ApplicationError(refused.detail, type=refused.code, non_retryable=True)
        self._inbox.append(command)
        self._fold_inbox()
        return self.snapshot()

    # ---- what has happened ---------------------------------------------------------------------------

    def _begin(self, start: SessionStart) -> None:
        self._record(SessionStarted(at=self._now()))
        if start.first_message is not None:
            self._inbox.append(start.first_message)

    def _fold(self) -> None:
        """Take in everything that happened: what was asked first, then what has ended."""
        self._stirred = False
        self._fold_inbox()
        if self._step.done:
            self._fold_step()
        if self._publisher.done:
            self._fold_publication()
        for index, utterance in self._speech.take():
            self._record(SentenceSpoken(at=self._now(), sentence_index=index, utterance=utterance))
        self._fold_transcription()

    def _fold_inbox(self) -> None:
        asked, self._inbox = self._inbox, []
        for command in asked:
            if self._state.ended:
                workflow.logger.warning("%s came after the end and is ignored", command.kind)
            else:
                self._record(*decide(self._state, command, self._now()))

    def _fold_step(self) -> None:
        outcome = self._step.take(self._state, self._now())
        if outcome.published:
            self._outbox = self._outbox.confirmed(outcome.riding).with_last_word_in(outcome.last_word_in)
        if outcome.turn_end is not None:
            self._outbox = self._outbox.knowing(outcome.turn_end)
        self._record(*outcome.events)
        if outcome.finding is not None:
            self._mend_store(outcome.finding, outcome.riding)

    def _fold_transcription(self) -> None:
        begun = self._state.recordings.begun
        if begun is not None and self._transcription.done:
            self._record(*transcribed(self._state, begun, self._transcription.take(), self._now()))

    def _fold_publication(self) -> None:
        published, finding = self._publisher.take()
        if finding is not None:
            self._mend_store(finding, published)
            return
        self._outbox = self._outbox.confirmed(published)
        if published.closing:
            self._record(DoorClosed(at=self._now()))

    def _mend_store(self, finding: StoreFinding, found_with: Publication) -> None:
        workflow.logger.warning("the store lost something of the session: %s", finding.fault)
        self._outbox = self._outbox.doubting_store()
        if found_with.epoch == self._state.epoch:
            others = [other for other in (self._step.riding, self._publisher.carried) if other is not None]
            self._record(*finding.mended(found_with, self._outbox, others, self._now()))

    def _record(self, *events: Event) -> None:
        """The only way in which the state changes."""
        for event in events:
            if isinstance(event, EpochStarted):
                self._record(*self._outbox.taking_back(event.at))
            self._state = apply(self._state, event)
            self._outbox = self._outbox.added(event, self._state, self._now())
            if isinstance(event, SessionStatusChanged):
                self._engine_list.tell_change(event.new)
            self._speech.keep_only(self._state.speaking.awaited)

    # ---- what follows --------------------------------------------------------------------------------

    def _carry_out(self) -> Wait | Finish:
        """Do what the state asks for until it says wait."""
        while True:
            step = next_step(self._state, self._now())
            match step:
                case Record():
                    self._record(*step.events)
                case CallModel():
                    if self._new_run_is_due() and not self._transcription.active:
                        return _PAUSE if self._is_busy() else self._continue_as_new()
                    # No answer waits until somebody else's recording is transcribed.
                    self._call_model(step)
                case CancelStep():
                    self._step.cancel()
                    self._record(StepCancelled(at=self._now(), turn=step.turn))
                case SettleAnswer():
                    self._record(SettlingStarted(at=self._now(), turn=step.turn))
                    self._step.settle_answer(step, self._publication(), self._turn_end())
                case Speak():
                    self._speak(step)
                case Transcribe():
                    self._go_on_in_new_run_if_due()
                    self._transcribe(step)
                case CloseDoor():
                    self._close_door()
                    return _PAUSE
                case Wait():
                    self._go_on_in_new_run_if_due()
                    return step
                case Finish():
                    return step

    def _call_model(self, step: CallModel) -> None:
        started = StepStarted(at=self._now(), turn=step.turn, step=step.step, attempt=step.attempt)
        self._record(started)
        listed_in = self._engine_list.waits_for(self._state, self._now())
        self._step.call_model(step, self._publication(), self._turn_end(), tell_after=listed_in)

    def _speak(self, step: Speak) -> None:
        self._record(SpeechBegun(at=self._now(), sentence_index=step.index))
        session_id, speech = self._state.session_id, self._state.profile.speech or Voice()
        given = SynthesizeSentenceInput(
            session_id=session_id, index=step.index, text=step.text, speech=speech
        )
        self._speech.start(given)

    def _transcribe(self, step: Transcribe) -> None:
        self._record(TranscriptionBegun(at=self._now(), message_id=step.message_id))
        self._transcription.start(step)

    def _turn_end(self) -> TurnEnd | None:
        return turn_end(self._state, self._outbox, self._now())

    def _close_door(self) -> None:
        if not self._publisher.busy:
            publication = self._publication(closing=True)
            self._publisher.start(publication, durable=True)

    def _has_news(self) -> bool:
        return self._outbox.has_news_after(self._step.riding)

    def _publish_news(self) -> None:
        if self._publisher.busy or not self._has_news():
            return
        between_turns = self._state.turn is None
        publication = self._publication(trim=between_turns)
        may_turn_out_otherwise = self._state.speaks_after_history or self._outbox.speaks_after_history
        durable = may_turn_out_otherwise or not self._step.is_in_history
        self._publisher.start(publication, durable=durable)

    def _publication(self, *, closing: bool = False, trim: bool = False) -> Publication:
        info = workflow.info()
        everything = self._outbox.publication(self._state, self._now(), closing=closing, trim=trim)
        return everything.spoken_by(info.run_id, info.continued_run_id)

    async def _something_happens(self) -> None:
        try:
            await workflow.wait_condition(self._has_happened)
        except asyncio.CancelledError:
            # An operator cancelled the workflow: that closes the session like a client's wish does.
            self._inbox.append(commands.Cancel())
            # It runs ahead of what else its task brings; a step that ended with it must not be cancelled.
            await workflow.wait_condition(self._has_happened)

    def _has_happened(self) -> bool:
        heard = self._speech.done or self._transcription.done
        ended = self._step.done or heard or self._publisher.done or self._timer.fired
        return ended or self._stirred or bool(self._inbox)

    def _new_run_is_due(self) -> bool:
        info = workflow.info()
        too_long = info.get_current_history_length() >= self._input.history_limit
        return too_long or info.is_continue_as_new_suggested()

    def _is_busy(self) -> bool:
        at_work = self._step.active or self._speech.active or self._transcription.active
        return self._publisher.busy or at_work

    def _go_on_in_new_run_if_due(self) -> None:
        if self._new_run_is_due() and not self._is_busy():
            self._continue_as_new()

    def _continue_as_new(self) -> NoReturn:
        carried = Carried(state=self._state, outbox=self._outbox)
        workflow.continue_as_new(self._input.model_copy(update={"carried": carried}))

    def _now(self) -> datetime:
        return to_milliseconds(workflow.now())
