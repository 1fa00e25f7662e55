"""Whatever happens to a session, in whatever order, what must be true of it stays true."""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.effort import examples
from tests.state import strategies as draw
from tests.state.builders import NOON, born, complete, kept, message, profile
from tests.state.history import History
from tests.state.shell import Happenings, Shell, StepEnd, Vanished
from workflows.contract.commands import Close, Resume, StoreLost
from workflows.contract.errors import StoreFault
from workflows.contract.events import (
    EpochStarted,
    Event,
    SessionEnded,
    SpeechReady,
    SpeechSkipped,
    SpeechUnannounced,
)
from workflows.contract.session import Status
from workflows.contract.speech import Utterance
from workflows.contract.start import RetrySchedule
from workflows.state import queue, recordings, transcript
from workflows.state.handover import Carried, SessionInput
from workflows.state.steps import CallModel, SettleAnswer
from workflows.state.view import card, session_view
from workflows.state.weight import weight

SHORT = RetrySchedule(initial=1, maximum=8, total=30)
TASKS_UNTIL_THE_END = 30
TOLD_WITH_THE_NEXT_NEWS = {"active_seconds", "updated_at", "last_activity_at", "idle_at", "ends_at"}


class AnySession(RuleBasedStateMachine):
    """Plays anything against the state, as `workflows.session` would."""

    shell: Shell
    is_silent = True
    store_lost_something = False

    @initialize(limits=draw.limits, first=st.booleans(), one_batch=st.booleans())
    def begins(self, limits: dict[str, Any], first: bool, one_batch: bool) -> None:
        first_message = message("first") if first else None
        self.start = born(limits, of=profile(*draw.AGENTS), retries=SHORT, first_message=first_message)
        self.shell = Shell(self.start, NOON, one_batch=one_batch)

    # ---- what happens --------------------------------------------------------------------------------

    @rule(commands=st.lists(draw.commands, min_size=1, max_size=3).map(tuple))
    def hears(self, commands: Any) -> None:
        self.shell.task(Happenings(commands=commands))

    @precondition(lambda self: self.shell.attempt is not None)
    @rule(choice=st.data(), commands=st.lists(draw.harmless, max_size=2).map(tuple))
    def a_step_ends(self, choice: st.DataObject, commands: Any) -> None:
        self.shell.task(Happenings(commands=commands, step_end=self._any_end(choice)))

    @precondition(lambda self: self.shell.transcribing is not None)
    @rule(transcript=draw.transcripts, commands=st.lists(draw.harmless, max_size=2).map(tuple))
    def a_recording_is_transcribed(self, transcript: Any, commands: Any) -> None:
        self.shell.task(Happenings(commands=commands, transcript=transcript))

    @precondition(lambda self: draw.may_say_its_last_word(self.shell))
    @rule(text=st.sampled_from(["", "Hello."]))
    def an_answer_is_complete_before_the_workflow_knows(self, text: str) -> None:
        self.shell.step_says(complete(text))

    @precondition(lambda self: self.shell.flight is not None and not self.shell.store_is_away)
    @rule(commands=st.lists(draw.harmless, max_size=2).map(tuple))
    def a_publication_arrives(self, commands: Any) -> None:
        self.shell.task(Happenings(commands=commands, publication="arrived"))

    @precondition(lambda self: self.shell.flight is not None)
    @rule()
    def a_publication_reaches_the_store_and_its_worker_dies(self) -> None:
        if self.shell.flight and not self.shell.store_is_away:
            self.shell.told_now(self.shell.flight)

    @precondition(lambda self: self.shell.flight is not None and self.shell.attempt is not None)
    @precondition(lambda self: not self.shell.store_is_away)
    @rule(choice=st.data())
    def a_step_ends_and_a_publication_arrives(self, choice: st.DataObject) -> None:
        self.shell.task(Happenings(step_end=self._any_end(choice), publication="arrived"))

    @rule(seconds=draw.moments)
    def time_passes(self, seconds: float) -> None:
        self.shell.pass_time(seconds)
        self.shell.task()

    @precondition(lambda self: self.shell.deadline is not None)
    @rule()
    def a_deadline_comes(self) -> None:
        assert self.shell.deadline is not None
        self.shell.now = max(self.shell.now, self.shell.deadline.at)
        self.shell.task()

    @rule(away=st.booleans())
    def the_store_goes_or_comes_back(self, away: bool) -> None:
        self.shell.store_is_away = away
        self.shell.task()

    @precondition(lambda self: self.shell.summary is None)
    @rule()
    def the_store_loses_everything(self) -> None:
        self.shell.lose_store()
        self.store_lost_something = True

    @precondition(lambda self: self.shell.summary is None)
    @rule(told=st.sampled_from(["doubt", "this epoch", "an older epoch"]))
    def somebody_tells_of_a_lost_store(self, told: str) -> None:
        epoch = {"doubt": None, "this epoch": self.shell.state.epoch, "an older epoch": 1}[told]
        self.store_lost_something |= told == "this epoch"
        self.shell.task(Happenings(commands=(StoreLost(epoch=epoch),)))

    @precondition(lambda self: self.shell.attempt is None and self.shell.flight is None)
    @precondition(lambda self: self.shell.transcribing is None)
    @rule()
    def a_new_run_begins(self) -> None:
        self.shell.in_new_run()

    def _any_end(self, choice: st.DataObject) -> StepEnd:
        assert self.shell.attempt is not None
        end = choice.draw(draw.step_ends(self.shell.attempt, self.shell))
        self.store_lost_something |= end is StoreFault.EPOCH_LOST
        return end

    # ---- what stays true -----------------------------------------------------------------------------

    @invariant()
    def the_events_make_sense_and_the_state_agrees_with_them(self) -> None:
        shell, state = self.shell, self.shell.state
        told = History(NOON, self.start.limits, self.is_silent).read(shell.recorded)
        waiting = [message_id for message_id, fate in told.fates.items() if fate == "waiting"]
        assert sorted(m.message_id for m in state.queue.waiting) == sorted(waiting)
        assert {recording.message_id for recording in state.recordings.waiting} == told.recordings
        assert state.message_count == told.accepted
        assert state.usage == told.usage
        assert (state.turn.number if state.turn else None) == told.turn
        assert state.turns == told.turns
        assert state.status is state.current_status is told.status
        assert state.limits == told.limits
        assert state.ending is told.ending
        assert (state.ended, state.status is Status.CLOSED) == (told.ended, told.ended)
        assert state.clocks.active(shell.now) == told.active(shell.now) or told.ended
        assert told.ending is not None or not told.should_have_ended(shell.now)

    @invariant()
    def a_session_waits_for_the_future_only(self) -> None:
        shell = self.shell
        assert shell.deadline is None or shell.deadline.at > shell.now

    @invariant()
    def a_turn_runs_exactly_one_step_or_waits_for_one(self) -> None:
        attempt, turn = self.shell.attempt, self.shell.state.turn
        if attempt is None:
            assert turn is None or turn.retry_at is not None
        else:
            assert turn is not None
            assert attempt.step.turn == turn.number
            assert isinstance(attempt.step, CallModel) == turn.running
            assert attempt.cancelled == (turn.running and turn.stop is not None)

    @invariant()
    def the_oldest_recording_is_transcribed(self) -> None:
        state, transcribing = self.shell.state, self.shell.transcribing
        waiting = [recording.message_id for recording in state.recordings.waiting]
        assert len(waiting) <= recordings.MAX_WAITING
        if transcribing is not None:
            assert transcribing.message_id == state.recordings.begun == waiting[0]
        else:
            assert not waiting or state.ending or state.messages_left == 0

    @invariant()
    def the_queue_keeps_its_order_and_its_weight(self) -> None:
        waiting, room = self.shell.state.queue.waiting, queue.MAX_WAITING_BYTES
        assert self.shell.state.queue.weight == sum(weight(m.content) for m in waiting) <= room
        order = ["interrupt", "steer", "queue"]
        assert [m.delivery for m in waiting] == sorted((m.delivery for m in waiting), key=order.index)

    @invariant()
    def everything_survives_json(self) -> None:
        carried = Carried(state=self.shell.state, outbox=self.shell.outbox)
        given = SessionInput(start=self.start, carried=carried)
        assert SessionInput.model_validate_json(given.model_dump_json()) == given

    @invariant()
    def it_can_be_shown(self) -> None:
        session_view(self.shell.state, self.shell.now)
        card(self.shell.state, self.shell.now)

    @invariant()
    def the_log_holds_what_happened_once_and_in_order(self) -> None:
        shell = self.shell
        if shell.store.epoch != shell.state.epoch:
            return
        happened = _of_this_epoch(shell)
        names = [name for name, _ in happened]
        assert len(set(names)) == len(names)
        assert shell.outbox.end + shell.outbox.said == len(happened)
        said = shell.store.said
        logged = [_essence_of(entry.event) for entry in shell.store.log if entry.name not in said]
        assert logged == [_essence(event) for name, event in happened if name not in said][: len(logged)]

    @invariant()
    def what_a_step_said_of_its_turn_is_what_happened(self) -> None:
        log = {entry.name: entry.event for entry in self.shell.store.log}
        for name, event in _of_this_epoch(self.shell):
            if name in self.shell.store.said and self.shell.store.epoch == self.shell.state.epoch:
                assert _essence(event) | {"at": log[name]["at"]} == _essence_of(log[name])

    @invariant()
    def viewers_begin_anew_only_when_the_store_lost_something(self) -> None:
        anew = [event for event in self.shell.recorded if isinstance(event, EpochStarted)]
        assert self.store_lost_something or not anew

    @invariant()
    def what_was_told_can_be_read(self) -> None:
        shell = self.shell
        if shell.attempt or shell.flight or shell.store_is_away or shell.store.epoch != shell.state.epoch:
            return
        assert shell.store.told + len(shell.store.said) == shell.outbox.base + shell.outbox.said
        assert not shell.outbox.writes
        view = session_view(shell.state, shell.now).fields()
        for name in view.keys() - TOLD_WITH_THE_NEXT_NEWS:
            assert shell.store.session[name] == view[name], name

    @invariant()
    def a_step_finds_in_the_store_what_it_sends(self) -> None:
        attempt = self.shell.attempt
        if attempt and isinstance(attempt.step, CallModel) and draw.writes_to(attempt, self.shell):
            call = attempt.step.call
            assert set(range(call.floor, call.seen_to)) <= self.shell.store.messages.keys()

    @invariant()
    def nothing_is_said_of_the_end_before_it_is_in_history(self) -> None:
        assert "session.ended" not in [entry.event["type"] for entry in self.shell.told_early]

    def teardown(self) -> None:
        """However it came here, a session that is closed comes to its end."""
        if hasattr(self, "shell"):
            _bring_to_its_end(self.shell)
            assert History(NOON, self.start.limits).read(self.shell.recorded).ended


def _bring_to_its_end(shell: Shell) -> None:
    shell.store_is_away = False
    shell.task(Happenings(commands=(Resume(), Close())))
    for _ in range(TASKS_UNTIL_THE_END):
        if shell.summary is not None:
            break
        spoken = tuple((index, Utterance()) for index in sorted(shell.syntheses))
        shell.task(Happenings(step_end=_last_end(shell), publication="arrived", spoken=spoken))
    assert shell.summary is not None
    assert shell.store.log[-1].event["type"] == "session.ended"
    assert shell.store.session["status"] == "closed"


def _last_end(shell: Shell) -> StepEnd:
    attempt = shell.attempt
    if attempt is None:
        return Vanished()
    if not draw.writes_to(attempt, shell):
        return StoreFault.EPOCH_LOST
    status = attempt.step.status if isinstance(attempt.step, SettleAnswer) else "stopped"
    return shell.last_words.get(attempt.name) or kept("Hel", status)


def _of_this_epoch(shell: Shell) -> list[tuple[str, Event]]:
    """What viewers are to know of, by name."""
    names = iter(entry.name for entry in shell.entries)
    named: list[tuple[str, Event]] = []
    for event in shell.recorded:
        if isinstance(event, SpeechUnannounced):
            named = [(name, known) for name, known in named if not _is_taken_back(known, event)]
        if isinstance(event, EpochStarted):
            last_word = [(name, known) for name, known in named if isinstance(known, SessionEnded)]
            named = [(next(names), event), *last_word]
        elif not event.private:
            named.append((next(names), event))
    assert not list(names)
    return named


def _is_taken_back(event: Event, taken_back: SpeechUnannounced) -> bool:
    if not isinstance(event, SpeechReady | SpeechSkipped):
        return False
    return event.sentence_index >= taken_back.sentence_index


def _essence(event: Event) -> dict[str, Any]:
    return _essence_of(event.fields())


def _essence_of(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in {"session", "session_id"}}


@pytest.mark.timeout(0)  # interrupted, it would take that for what it searches
def test_any_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """In little room, so that it runs out."""
    monkeypatch.setattr(queue, "MAX_WAITING_BYTES", 2_000)
    monkeypatch.setattr(recordings, "MAX_WAITING", 3)
    monkeypatch.setattr(transcript, "BUDGET", 4_000)
    monkeypatch.setattr(transcript, "KEPT_WHEN_OVER", 3_000)
    run_state_machine_as_test(AnySession, settings=examples(100, steps=40))
