"""The session's shell without Temporal: the same loop as `workflows.session`, one workflow task at a time.

A workflow task brings what was asked and what has ended, in the SDK's order: first every signal, then the
rest. Local publications reach the store before the task is durable; everything else starts when it is.
Owns the loop; must not know any rule.
"""

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from tests.state.store_model import LostError, StoreModel
from workflows.contract.commands import Command, SentencesTold
from workflows.contract.errors import StepFailure, StoreFault
from workflows.contract.events import (
    DoorClosed,
    EpochStarted,
    Event,
    SentenceSpoken,
    SessionStarted,
    SettlingStarted,
    SpeechBegun,
    SpeechReady,
    SpeechSkipped,
    StepCancelled,
    StepStarted,
    TranscriptionBegun,
)
from workflows.contract.model_call import StepResult
from workflows.contract.publication import LogEntry, Publication, step_name
from workflows.contract.session import Summary
from workflows.contract.speech import Utterance
from workflows.contract.start import SessionStart
from workflows.contract.transcription import Transcript
from workflows.contract.turn_end import TurnEnd
from workflows.state import settle
from workflows.state.clocks import Deadline
from workflows.state.decide import decide
from workflows.state.evolve import apply
from workflows.state.handover import Carried
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

MOST_STEPS: Final = 20
"""Answers of `next_step` until it says wait; more is a loop."""


class Vanished:
    """A step that ended without saying how."""


StepEnd = StepResult | StepFailure | StoreFault | Vanished
LOST: Final = StoreFinding(StoreFault.EPOCH_LOST)
Arrival = Literal["arrived", "lost"]


@dataclass(frozen=True)
class Happenings:
    """What one workflow task brings."""

    commands: tuple[Command, ...] = ()
    step_end: StepEnd | None = None
    publication: Arrival | None = None
    transcript: Transcript | None = None
    told: int = 0
    """Sentences that the running step says it told."""
    spoken: tuple[tuple[int, Utterance], ...] = ()
    """Sentences whose synthesis ended."""

    def __add__(self, later: "Happenings") -> "Happenings":
        return Happenings(
            commands=self.commands + later.commands,
            step_end=self.step_end or later.step_end,
            publication=self.publication or later.publication,
            transcript=self.transcript or later.transcript,
            told=max(self.told, later.told),
            spoken=self.spoken + later.spoken,
        )


@dataclass(frozen=True)
class Attempt:
    """The step that is running."""

    step: CallModel | SettleAnswer
    riding: Publication
    turn_end: TurnEnd | None
    refused: StoreFinding | None = LOST
    """What keeps the store from taking anything of it."""
    is_new: bool = True
    """Whether the task that started it is not durable yet."""
    cancelled: bool = False
    lost: bool = False
    """Whether the store lost what the step wrote, which the step is yet to notice."""

    @property
    def begun(self) -> bool:
        return self.refused is None

    @property
    def name(self) -> tuple[int, str]:
        """What it writes as, and in which log."""
        number = self.step.step
        return self.riding.epoch, step_name(self.step.turn, number)

    def says_of_turn(self, result: StepResult) -> Publication:
        assert self.turn_end is not None
        assert result.ended_at is not None
        return self.turn_end.publication(self.riding, result.text, result.usage, result.ended_at)


class Shell:
    """One session; every attribute is immutable or replaced, so that a copy is a session of its own."""

    def __init__(self, start: SessionStart, now: datetime, *, one_batch: bool = False) -> None:
        self.now = now
        self.one_batch = one_batch
        """Whether a task's jobs are applied all at once, as a later SDK will do."""
        self.state, self.outbox = SessionState.born(start, now), Outbox()
        self.store = StoreModel()
        self.store_is_away = False
        self.attempt: Attempt | None = None
        self.transcribing: Transcribe | None = None
        self.flight: Publication | None = None
        """A publication that is a normal activity."""
        self.deadline: Deadline | None = None
        self.summary: Summary | None = None
        self.recorded: tuple[Event, ...] = ()
        self.entries: tuple[LogEntry, ...] = ()
        """Everything that was ever put into the outbox."""
        self.calls: tuple[CallModel, ...] = ()
        self.told_early: tuple[LogEntry, ...] = ()
        """What the current task published before it was durable."""
        self.last_words: dict[tuple[int, str], StepResult] = {}
        """Results that the store holds, by the step's name."""
        self.speaks: tuple[Speak, ...] = ()
        self.syntheses: frozenset[int] = frozenset()
        """Sentences that are being synthesized."""
        self.silenced = 0
        """Sentences of which nobody wanted to hear more."""
        self._spoken: tuple[tuple[int, Utterance], ...] = ()
        self._inbox: tuple[Command, ...] = ()
        self._arrived: Publication | None = None
        self._lost: tuple[Publication, StoreFinding] | None = None
        self._ended: StepEnd | None = None
        self._heard: Transcript | None = None
        self._record(SessionStarted(at=now))
        if start.first_message is not None:
            self._inbox = (start.first_message,)
        self.task()

    def copy(self) -> "Shell":
        twin = copy(self)
        twin.store, twin.last_words = self.store.copy(), dict(self.last_words)
        return twin

    def outlives(self, lost: "Shell") -> None:
        """A task of its twin `lost` was lost; what the store was told meanwhile stands."""
        self.store, self.last_words, self.now = lost.store, lost.last_words, lost.now

    def task(self, brought: Happenings | None = None) -> None:
        """One workflow task, and what it started begins."""
        self.undurable_task(brought or Happenings())
        self._begin_step()

    def undurable_task(self, happened: Happenings) -> None:
        """One workflow task, up to the moment before it is durable: of what it started, nothing begins."""
        self.told_early = ()
        self._inbox += happened.commands
        self._inbox += (SentencesTold(told=happened.told),) if happened.told else ()
        if not self.one_batch and happened.commands:
            self._loop()
        self._spoken = happened.spoken
        self._ended = happened.step_end if self.attempt else None
        if isinstance(self._ended, StepResult):
            self._ended = self.step_says(self._ended)
        self._heard = happened.transcript if self.transcribing else None
        if happened.publication and self.flight:
            self._take_flight(happened.publication)
        self._loop()
        while self._arrived is not None and self.summary is None:
            self._loop()

    def step_says(self, result: StepResult) -> StepResult:
        """The running step says its last word, and of its turn what it may; that stands."""
        attempt = self.attempt
        assert attempt is not None
        if attempt.name in self.last_words:
            return self.last_words[attempt.name]
        if result.outcome == "complete":
            result = result.model_copy(update={"ended_at": self.now})
            if self._may_end_turn(attempt) and self.store.end_turn(attempt.says_of_turn(result)):
                result = result.with_turn_ended(True)
        self.last_words[attempt.name] = result
        return result

    def _may_end_turn(self, attempt: Attempt) -> bool:
        could = isinstance(attempt.step, CallModel) and attempt.turn_end is not None
        return could and attempt.begun and not attempt.lost

    def in_new_run(self) -> None:
        """Continue as new: state and outbox go through JSON."""
        carried = Carried(state=self.state, outbox=self.outbox)
        read = Carried.model_validate_json(carried.model_dump_json())
        assert read == carried
        self.state, self.outbox = read.state, read.outbox

    # ---- the loop of `Session.run` -------------------------------------------------------------------

    def _loop(self) -> None:
        if self.summary is not None:
            return
        self._fold()
        step = self._carry_out()
        if self.transcribing and self.transcribing.message_id != self.state.recordings.begun:
            self.transcribing = None
        if isinstance(step, Finish) and not self._publishing and not self._has_news():
            self.summary = step.summary
            return
        may_turn_out_otherwise = self.state.speaks_after_history or self.outbox.speaks_after_history
        is_in_history = self.attempt is None or not self.attempt.is_new
        self._publish_news(durable=may_turn_out_otherwise or not is_in_history)
        self.deadline = step.until if isinstance(step, Wait) else self.deadline

    @property
    def _publishing(self) -> bool:
        return self.flight is not None or self._arrived is not None or self._lost is not None

    def _fold(self) -> None:
        asked, self._inbox = self._inbox, ()
        for command in asked:
            if not self.state.ended:
                self._record(*decide(self.state, command, self.now))
        if self._ended is not None:
            self._fold_step(self._ended)
        if self._lost is not None:
            (lost, finding), self._lost = self._lost, None
            self._mend_store(finding, lost)
        elif self._arrived is not None:
            self._fold_publication(self._arrived)
        spoken, self._spoken = self._spoken, ()
        for index, utterance in spoken:
            if index in self.syntheses:
                self.syntheses -= {index}
                self.store.inaudible.discard(index)
                self._record(SentenceSpoken(at=self.now, sentence_index=index, utterance=utterance))
        self._fold_transcription()

    def _fold_transcription(self) -> None:
        begun = self.state.recordings.begun
        if begun is not None and self._heard:
            self._record(*transcribed(self.state, begun, self._heard, self.now))
            self.transcribing = None
        self._heard = None

    def _fold_step(self, ended: StepEnd) -> None:
        attempt, self.attempt, self._ended = self.attempt, None, None
        assert attempt is not None
        finding = StoreFinding(ended) if isinstance(ended, StoreFault) else None
        if isinstance(ended, StepResult | StepFailure):
            self.outbox = self.outbox.confirmed(attempt.riding)
        if isinstance(ended, StepResult) and ended.turn_ended:
            self.outbox = self.outbox.knowing(attempt.says_of_turn(ended))
        self._record(*self._follows(ended, attempt))
        if finding is not None:
            self._mend_store(attempt.refused or finding, attempt.riding)

    def _follows(self, ended: StepEnd, attempt: Attempt) -> tuple[Event, ...]:
        match ended:
            case StepResult():
                said_in = attempt.riding.epoch if ended.epoch is None else ended.epoch
                return settle.step_finished(self.state, ended, self.now, said_in=said_in)
            case StepFailure():
                return settle.step_failed(self.state, ended, self.now)
            case StoreFault():
                return settle.projection_missed(self.state, self.now)
            case _:
                return settle.step_vanished(self.state, self.now)

    def _fold_publication(self, published: Publication) -> None:
        self._arrived = None
        self.outbox = self.outbox.confirmed(published)
        if published.closing:
            self._record(DoorClosed(at=self.now))

    def _mend_store(self, finding: StoreFinding, found_with: Publication) -> None:
        self.outbox = self.outbox.doubting_store()
        if found_with.epoch == self.state.epoch:
            riding = self.attempt.riding if self.attempt else None
            others = [other for other in (riding, self.flight, self._arrived) if other is not None]
            self._record(*finding.mended(found_with, self.outbox, others, self.now))

    def _record(self, *events: Event) -> None:
        for event in events:
            if isinstance(event, EpochStarted):
                self._record(*self.outbox.taking_back(event.at))
            announced, self.state = self.state.speaking.announced, apply(self.state, event)
            if (
                not isinstance(event, SpeechReady | SpeechSkipped)
                and self.state.speaking.announced > announced
            ):
                self.silenced = self.state.speaking.announced
            before, self.outbox = self.outbox, self.outbox.added(event, self.state, self.now)
            if isinstance(event, EpochStarted):
                self.entries += self.outbox.entries[:1]
            elif said := before.said_ahead - self.outbox.said_ahead:
                (name,) = said
                self.entries += (LogEntry(name=name, event=event.published(self.state.session_id)),)
            elif self.outbox.counts != before.counts:
                self.entries += self.outbox.entries[-1:]
            self.recorded += (event,)
            self.syntheses &= set(self.state.speaking.awaited)

    def _carry_out(self) -> Wait | Finish:
        for _ in range(MOST_STEPS):
            step = next_step(self.state, self.now)
            match step:
                case Record():
                    self._record(*step.events)
                case CallModel():
                    self._call_model(step)
                case CancelStep():
                    self._cancel_step(step)
                case SettleAnswer():
                    self._record(SettlingStarted(at=self.now, turn=step.turn))
                    self._start(step)
                case Transcribe():
                    self._record(TranscriptionBegun(at=self.now, message_id=step.message_id))
                    self.transcribing = step
                case Speak():
                    assert step.index not in self.syntheses, "a sentence is spoken twice at once"
                    self._record(SpeechBegun(at=self.now, sentence_index=step.index))
                    self.syntheses |= {step.index}
                    self.speaks += (step,)
                case CloseDoor():
                    self._close_door()
                    return Wait(until=None)
                case Wait() | Finish():
                    return step
        raise AssertionError(f"no end of steps: {step}")

    def _close_door(self) -> None:
        if not self._publishing:
            closing = self.outbox.publication(self.state, self.now, closing=True)
            self._publish(closing, early=False)

    def _call_model(self, step: CallModel) -> None:
        self._record(StepStarted(at=self.now, turn=step.turn, step=step.step, attempt=step.attempt))
        self.calls += (step,)
        self._start(step)

    def _start(self, step: CallModel | SettleAnswer) -> None:
        assert self.attempt is None, "two steps at once"
        riding = self.outbox.publication(self.state, self.now)
        self.attempt = Attempt(step, riding, turn_end(self.state, self.outbox, self.now))

    def _cancel_step(self, step: CancelStep) -> None:
        assert self.attempt is not None, "nothing to cancel"
        self.attempt = replace(self.attempt, cancelled=True)
        self._record(StepCancelled(at=self.now, turn=step.turn))

    # ---- the store -----------------------------------------------------------------------------------

    def _has_news(self) -> bool:
        return self.outbox.has_news_after(self.attempt.riding if self.attempt else None)

    def _publish_news(self, *, durable: bool) -> None:
        if not self._publishing and self._has_news():
            between_turns = self.state.turn is None
            publication = self.outbox.publication(self.state, self.now, trim=between_turns)
            self._publish(publication, early=not durable)

    def _publish(self, publication: Publication, *, early: bool) -> None:
        if early and self.told_now(publication) is None:
            self.told_early += publication.entries
            self._arrived = publication
        else:
            self.flight = publication

    def told_now(self, publication: Publication) -> StoreFinding | None:
        """What keeps the store from knowing of `publication`; one that is away counts as lost."""
        if self.store_is_away:
            return LOST
        try:
            self.store.publish(publication)
        except LostError as error:
            return error.finding
        return None

    def _take_flight(self, arrival: Arrival) -> None:
        assert self.flight is not None
        publication, self.flight = self.flight, None
        finding = self.told_now(publication) if arrival == "arrived" else LOST
        if finding is None:
            self._arrived = publication
        else:
            self._lost = publication, finding

    def _begin_step(self) -> None:
        attempt = self.attempt
        if attempt is not None and attempt.refused is LOST:
            self.attempt = replace(attempt, is_new=False, refused=self.told_now(attempt.riding))

    def lose_store(self) -> None:
        self.store, self.last_words = StoreModel(ever=self.store.ever), {}
        if self.attempt is not None and self.attempt.begun:
            self.attempt = replace(self.attempt, lost=True)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
