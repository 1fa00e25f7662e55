"""A workflow task that published and was lost is repeated: what it said must still be true.

A local activity publishes before its task is durable. When the task is lost, the next one sees what came
meanwhile too, and all signals go first. Viewers have seen what the lost task said, so the repetition must say
the same, under the same names, or nothing would keep the log from saying it twice, or differently.
"""

from typing import Any, Final

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.effort import examples
from tests.state import strategies as draw
from tests.state.builders import NOON, born, complete, kept, message, profile
from tests.state.shell import Happenings, Shell, StepEnd, Vanished
from tests.state.viewer import Viewer
from workflows.contract.commands import Close, Command, Pause, StoreLost
from workflows.contract.errors import StoreFault
from workflows.contract.publication import LogEntry
from workflows.contract.start import RetrySchedule
from workflows.state.steps import SettleAnswer

ADVISORY: Final = {"turn.retrying", "session.ending_soon"}
"""May turn out to be wrong, and nobody is misled for long."""

CIRCUMSTANCES: Final = {"at", "session", "reason", "error", "next_retry_at", "summary"}
"""May differ: when, why in which words, and what else was true then."""

SHORT: Final = RetrySchedule(initial=1, maximum=8, total=10)
MOST_TASKS: Final = 30
LOST_AFTER: Final = 0.1
"""Seconds until another worker repeats a lost task, at the least."""


DOUBT: Final = StoreLost()
"""Somebody wants to know whether the store lost something."""


def essence(entry: LogEntry) -> dict[str, Any]:
    return {name: value for name, value in entry.event.items() if name not in CIRCUMSTANCES}


def any_happenings(
    choice: st.DataObject,
    shell: Shell,
    *,
    after: Happenings | None = None,
    ending: bool = True,
    sound: bool = False,
) -> Happenings:
    """What a task may bring, `after` what came already; where the store is `sound`, it has lost nothing."""
    step_end: StepEnd | None = after.step_end if after else None
    runs = shell.attempt is not None and (step_end is None or isinstance(step_end, Vanished))
    may_say = runs and draw.may_say_its_last_word(shell)
    if may_say and choice.draw(st.booleans(), label="an answer is complete before the workflow knows"):
        shell.step_says(complete())
    if runs and shell.attempt and choice.draw(st.booleans(), label="a step ends"):
        ends = draw.step_ends(shell.attempt, shell)
        step_end = choice.draw(ends.filter(_spares_the_store) if sound else ends, label="how")
    arrives = shell.flight is not None and choice.draw(st.booleans(), label="a publication arrives")
    commands = draw.commands if ending else draw.harmless
    asked = st.lists(st.one_of(commands, commands, commands, st.just(DOUBT)), max_size=3).map(tuple)
    heard = shell.transcribing is not None and choice.draw(st.booleans(), label="a recording is transcribed")
    return Happenings(
        commands=choice.draw(asked, label="asked"),
        step_end=step_end,
        publication="arrived" if arrives else None,
        transcript=choice.draw(draw.transcripts, label="what it says") if heard else None,
    )


def _spares_the_store(end: StepEnd) -> bool:
    return end is not StoreFault.EPOCH_LOST


def any_session(choice: st.DataObject, *, sound: bool = False) -> Shell:
    """A session to which some things have happened."""
    first = message("first")
    start = born(choice.draw(draw.limits), of=profile(*draw.AGENTS), retries=SHORT, first_message=first)
    shell = Shell(start, NOON, one_batch=choice.draw(st.booleans()))
    for _ in range(choice.draw(st.integers(0, 6), label="tasks before")):
        let_time_pass(choice, shell)
        shell.task(any_happenings(choice, shell, ending=False, sound=sound))
    return shell


def let_time_pass(choice: st.DataObject, shell: Shell) -> None:
    if shell.deadline is not None and choice.draw(st.booleans(), label="a deadline comes"):
        shell.now = max(shell.now, shell.deadline.at)
    else:
        shell.pass_time(choice.draw(draw.moments, label="seconds pass"))


def last_end(shell: Shell) -> StepEnd:
    attempt = shell.attempt
    if attempt is None:
        return Vanished()
    if not draw.writes_to(attempt, shell):
        return StoreFault.EPOCH_LOST
    status = attempt.step.status if isinstance(attempt.step, SettleAnswer) else "stopped"
    return shell.last_words.get(attempt.name) or kept("Hel", status)


def bring_to_its_end(shell: Shell, viewer: Viewer) -> None:
    shell.task(Happenings(commands=(Close(),)))
    for _ in range(MOST_TASKS):
        viewer.look(shell.store)
        if shell.summary is None:
            shell.task(Happenings(step_end=last_end(shell), publication="arrived"))


@examples(250)
@given(st.data(), st.integers(1, 3))
def test_what_a_lost_task_said_is_said_by_its_repetition(choice: st.DataObject, losses: int) -> None:
    session = any_session(choice)
    happened, said = Happenings(), list[LogEntry]()
    for _ in range(losses):
        happened += any_happenings(choice, session, after=happened)
        lost = session.copy()
        let_time_pass(choice, lost)
        lost.undurable_task(happened)
        said += lost.told_early
        session.outlives(lost)
        session.pass_time(LOST_AFTER)
    session.undurable_task(happened + any_happenings(choice, session, after=happened))
    note(f"said: {[entry.name for entry in said]}")
    note(f"repeated: {[entry.name for entry in session.entries]}")
    found = {entry.name: essence(entry) for entry in session.entries}
    for entry in said:
        assert entry.event["type"] != "session.ended", "the last word before it is in history"
        if entry.event["type"] not in ADVISORY:
            assert found.get(entry.name) == essence(entry), entry.name


@pytest.mark.parametrize("one_batch", [False, True])
@pytest.mark.parametrize("asked", [(DOUBT, message("m1")), (message("m1"), DOUBT)])
def test_a_doubt_tells_no_turn_that_may_still_start_otherwise(
    asked: tuple[Command, ...], one_batch: bool
) -> None:
    shell = Shell(born(), NOON, one_batch=one_batch)
    lost = shell.copy()
    lost.undurable_task(Happenings(commands=asked))
    assert "turn.started#1" not in {entry.name for entry in lost.told_early}
    shell.outlives(lost)
    shell.task(Happenings(commands=(*asked, message("m2"))))
    viewer = Viewer()
    viewer.look(shell.store)
    assert viewer.held.messages["m2"].turn == 1


@examples(250)
@given(st.data(), st.integers(1, 3))
def test_viewers_never_see_anything_twice_or_miss_anything(choice: st.DataObject, losses: int) -> None:
    """Where the store cannot tell a repetition from a loss, they begin anew."""
    session, viewer, happened = any_session(choice, sound=True), Viewer(), Happenings()
    for _ in range(losses):
        happened += any_happenings(choice, session, after=happened, sound=True)
        lost = session.copy()
        let_time_pass(choice, lost)
        lost.undurable_task(happened)
        viewer.look(lost.store)
        session.outlives(lost)
        session.pass_time(LOST_AFTER)
    session.task(happened + any_happenings(choice, session, after=happened, sound=True))
    bring_to_its_end(session, viewer)
    note(f"log: {[(entry.name, essence(entry)) for entry in session.store.log]}")
    assert session.store.names == {entry.name for entry in of_the_last_epoch(session.entries)}
    assert len(session.store.log) + len(session.store.overtaken) == len(session.store.names)
    assert viewer.held.ended == session.state.ending
    asked = [m for m in session.state.transcript.messages if m.role == "user"]
    assert [viewer.held.messages[m.message_id].turn for m in asked] == [m.turn for m in asked]


def test_a_publication_that_arrives_in_an_emptied_store_does_not_pass_for_the_log() -> None:
    """It began the epoch, and its worker died before it could say so; more was told meanwhile."""
    shell = Shell(born(first_message=message("first")), NOON)
    shell.store_is_away = True
    shell.task(Happenings(commands=(message("m0"),)))
    shell.store_is_away = False
    assert shell.flight is not None
    assert shell.told_now(shell.flight) is None
    shell.task(Happenings(step_end=shell.step_says(complete())))
    shell.task(Happenings(step_end=shell.step_says(complete())))
    shell.lose_store()
    shell.task(Happenings(publication="arrived"))
    for _ in range(3):
        shell.task(Happenings(publication="arrived"))
    viewer = Viewer()
    viewer.look(shell.store)
    assert shell.state.epoch > NOON.timestamp() * 1000
    assert [viewer.held.messages[m].turn for m in ("first", "m0")] == [1, 2]
    assert shell.store.names == {entry.name for entry in of_the_last_epoch(shell.entries)}


def test_a_turn_that_a_frozen_step_has_ended_is_not_told_to_be_tried_again() -> None:
    shell = Shell(born(first_message=message("first")), NOON)
    lost = shell.copy()
    happened = Happenings(commands=(Pause(),), step_end=Vanished())
    lost.undurable_task(happened)
    shell.outlives(lost)
    shell.step_says(complete())
    shell.task(happened)
    viewer = Viewer()
    bring_to_its_end(shell, viewer)
    kinds = [entry.event["type"] for entry in shell.store.log]
    assert kinds.count("turn.completed") == 1
    assert "turn.retrying" not in kinds
    assert shell.store.overtaken


def of_the_last_epoch(entries: tuple[LogEntry, ...]) -> tuple[LogEntry, ...]:
    resets = [index for index, entry in enumerate(entries) if entry.event["type"] == "reset"]
    if not resets:
        return entries
    before = entries[: resets[-1]]
    last_word = tuple(entry for entry in before if entry.event["type"] == "session.ended")
    return (*entries[resets[-1] :], *last_word)
