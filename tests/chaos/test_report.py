"""The last line says what happened, and records say the same when they are read again."""

import re
from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.records import Arrival, Book, Happened, Record, Records, Run, Totals
from tests.chaos.report import recovery_times, report
from tests.chaos.scene import SESSION, Said, Scene
from tests.chaos.verdict import Harm, Violation

SAID = (Said("a", 9, 9), Said("b", 12, 7, status="stopped"))
LINE = re.compile(
    r"seed=7 kills=2 turns=2 tokens=16 destroyed=1 fenced=3 lost=1 doubled=0 reordered=0 "
    r"nondeterminism=0 recovery_p50=n/a recovery_p99=n/a paid_per_turn=1\.50"
)


def happened(kind: str, began: float, ended: float) -> Happened:
    return Happened(kind, "worker-1", began, ended)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    story = Scene(SAID).story()
    noted: list[Record] = [Run(7, 60.0), *story.tries, *story.arrivals, story.settled, Totals(3, 3)]
    with Book(tmp_path) as book:
        for record in noted:
            book.note(record)
        for kind in ("kill", "kill", "empty-store", "freeze"):
            book.note(happened(kind, 0.0, 0.1))
    return Records(tmp_path)


def test_records_can_be_checked_again(records: Records) -> None:
    story = Scene(SAID).story()
    assert list(records.all(Arrival, SESSION)) == story.arrivals
    assert check(records) == []


def test_the_last_line_has_every_figure(records: Records) -> None:
    lost = Violation(Harm.LOST, SESSION, "a word")
    assert LINE.fullmatch(str(report(records, [lost])))


def delta(at: float, number: int) -> Arrival:
    event = {"type": "message.delta", "message_id": "a-1.1", "offset": number * 3, "text": "one"}
    return Arrival(SESSION, "live", 1, at, event)


def test_a_recovery_is_the_time_from_the_end_of_a_fault_to_the_next_new_word() -> None:
    late = [delta(4.5, 0), delta(4.6, 1)]  # what somebody sees who comes now is not news
    seen = [delta(1.0, 0), delta(1.1, 1), *late, delta(5.0, 2), delta(5.1, 3)]
    assert list(recovery_times(seen, [happened("kill", 2.0, 3.0)])) == [2.0]


def test_faults_that_follow_each_other_are_recovered_from_once() -> None:
    seen = [delta(1.0, 0), delta(5.0, 1)]
    faults = [happened("kill", 2.0, 2.5), happened("freeze", 2.2, 4.0), happened("kill", 6.0, 6.0)]
    assert list(recovery_times(seen, faults)) == [1.0]


def test_an_answer_that_went_on_was_not_interrupted() -> None:
    seen = [delta(2.0 + number / 10, number) for number in range(20)]
    assert list(recovery_times(seen, [happened("freeze", 2.0, 3.0)])) == []


def test_a_fault_between_two_answers_interrupts_nothing() -> None:
    other = {"type": "message.delta", "message_id": "a-2.1", "offset": 0, "text": "one"}
    seen = [delta(1.0, 0), Arrival(SESSION, "live", 1, 5.0, other)]
    assert list(recovery_times(seen, [happened("kill", 2.0, 3.0)])) == []
