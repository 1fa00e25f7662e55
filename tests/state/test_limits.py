"""The three clocks of a session, their warnings, and what a changed limit does."""

from typing import Any

import pytest

from tests.state.builders import after, failure, message
from tests.state.story import Story
from workflows.contract.commands import Malformed, Pause
from workflows.contract.session import Status
from workflows.state.clocks import DeadlineKind

MALFORMED = Malformed(about="pause", message_id="x", problem="no")


def warnings(story: Story) -> list[tuple[str, str]]:
    return [(e["reason"], e["at"]) for e in story.seen("session.ending_soon") if "remaining" not in e]


# ---- idle timeout ------------------------------------------------------------------------------------


def test_an_idle_session_ends_when_its_time_is_over() -> None:
    story = Story({"idle_timeout": 300}).passes(299.999)
    assert story.ended is None
    assert story.passes(0.001).ended == "idle_timeout"


def test_without_a_limit_nothing_is_waited_for() -> None:
    assert Story().shell.deadline is None


def test_the_idle_timeout_counts_from_the_end_of_the_last_turn() -> None:
    story = Story({"idle_timeout": 300}).says("m").passes(1_000).answers().passes(299)
    assert story.ended is None
    assert story.passes(1).ended == "idle_timeout"


def test_the_idle_timeout_counts_from_the_last_action_of_a_client_if_that_is_later() -> None:
    story = Story({"idle_timeout": 300}).says("m").answers().passes(200).changes(title="T").passes(299)
    assert story.ended is None
    assert story.passes(1).ended == "idle_timeout"


@pytest.mark.parametrize("action", ["stops", "resumes", "withdraws", "malformed", "again"])
def test_any_action_of_a_client_puts_the_idle_timeout_off(action: str) -> None:
    story = Story({"idle_timeout": 300}).says("m").answers().passes(200)
    match action:
        case "malformed":
            story.hears(MALFORMED)
        case "again":
            story.says("m")
        case "withdraws":
            story.withdraws("m")
        case _:
            getattr(story, action)()
    assert story.passes(299).ended is None
    assert story.passes(1).ended == "idle_timeout"


def test_a_turn_is_never_idle_however_long_it_takes() -> None:
    story = Story({"idle_timeout": 300}).says("m").passes(100_000)
    assert story.ended is None
    assert warnings(story) == []


def test_a_retry_wait_is_part_of_the_turn() -> None:
    story = Story({"idle_timeout": 3}).says("m").step_ends(failure(retry_after=1_000)).passes(1_000)
    assert story.ended is None
    assert story.status is Status.ACTIVE


def test_a_pause_is_never_idle() -> None:
    story = Story({"idle_timeout": 300}).passes(200).pauses().passes(100_000)
    assert story.ended is None
    assert story.resumes().passes(299).ended is None
    assert story.passes(1).ended == "idle_timeout"


def test_a_turn_that_ends_during_a_pause_does_not_start_the_idle_clock() -> None:
    story = Story({"idle_timeout": 300}).says("m").pauses().answers().passes(10_000)
    assert story.ended is None


# ---- max duration ------------------------------------------------------------------------------------


def test_a_session_ends_when_its_duration_is_over_whatever_its_clients_do() -> None:
    story = Story({"max_duration": 3600})
    for number in range(36):
        story.says(f"m{number}").answers().passes(100 if number < 35 else 99.999)
    assert story.ended is None
    assert story.passes(0.001).ended == "max_duration"


def test_the_duration_strikes_during_a_turn_which_is_stopped_first() -> None:
    story = Story({"max_duration": 60}).says("m").passes(60)
    assert story.cancelled
    assert story.ended is None
    story.keeps("Hel")
    assert story.kinds()[-4:] == [
        "turn.stopped",
        "session.status_changed",
        "session.status_changed",
        "session.ended",
    ]
    assert story.ended == "max_duration"
    assert story.shell.state.transcript.messages[-1].content == "Hel"


def test_the_duration_strikes_during_a_retry_wait() -> None:
    story = Story({"max_duration": 60}).says("m").step_ends(failure(retry_after=100)).passes(60)
    assert story.last("turn.stopped")["reason"] == "session_ended"
    assert story.ended == "max_duration"


def test_the_duration_counts_unpaused_time() -> None:
    story = Story({"max_duration": 100}).passes(50).pauses().passes(1_000).resumes().passes(49)
    assert story.ended is None
    assert story.passes(1).ended == "max_duration"
    assert story.last("session.ended")["summary"]["active_seconds"] == 100


def test_of_two_clocks_the_first_to_strike_gives_the_reason() -> None:
    assert Story({"idle_timeout": 10, "max_duration": 20}).passes(30).ended == "idle_timeout"
    assert Story({"idle_timeout": 20, "max_duration": 10}).passes(30).ended == "max_duration"


def test_of_two_clocks_that_struck_while_nobody_looked_one_gives_the_reason() -> None:
    story = Story({"idle_timeout": 10, "max_duration": 20})
    story.shell.pass_time(1_000)
    assert story.hears().ended == "max_duration"


# ---- max messages ------------------------------------------------------------------------------------


def test_the_last_message_is_answered_and_then_the_session_ends() -> None:
    story = Story({"max_messages": 2}).says("m1").answers().says("m2")
    assert story.ended is None
    assert story.answers().ended == "max_messages"
    assert story.turns == [("m1",), ("m2",)]


def test_all_messages_that_were_taken_are_answered_before_the_end() -> None:
    story = Story({"max_messages": 3}).says("m1").queues("m2", "m3").answers().answers()
    assert story.ended is None
    assert story.answers().ended == "max_messages"


def test_the_last_message_is_announced_with_none_remaining() -> None:
    story = Story({"max_messages": 2}).says("m1")
    assert not story.seen("session.ending_soon")
    story.says("m2")
    warning = story.last("session.ending_soon")
    assert (warning["reason"], warning["remaining"]) == ("max_messages", 0)
    assert warning["at"] == "2026-11-20T12:00:00.000Z"


def test_a_turn_that_fails_counts_as_the_answer_to_the_last_message() -> None:
    story = Story({"max_messages": 1}).says("m").stops().keeps()
    assert story.ended == "max_messages"


# ---- warnings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "before"), [(3600, 60), (301, 60), (300, 60), (299, 59.8), (100, 20), (5, 1), (0.005, 0.001)]
)
@pytest.mark.parametrize("clock", ["idle_timeout", "max_duration"])
def test_clients_are_warned_sixty_seconds_before_the_end_or_a_fifth_of_the_limit(
    clock: str, limit: float, before: float
) -> None:
    story = Story({clock: limit}).passes(limit - before - 0.001)
    assert warnings(story) == []
    story.passes(0.001)
    end = after(limit).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert warnings(story) == [(clock, end)]
    assert story.passes(before).ended == clock


def test_a_clock_warns_once_for_each_approach() -> None:
    story = Story({"idle_timeout": 300}).passes(250)
    story.shell.task()
    assert len(warnings(story)) == 1
    story.says("m").answers().passes(250)
    assert len(warnings(story)) == 2


def test_no_warning_comes_during_a_pause() -> None:
    story = Story({"idle_timeout": 300, "max_duration": 1000}).pauses().passes(5_000)
    assert warnings(story) == []


def test_the_duration_warns_during_a_turn() -> None:
    story = Story({"max_duration": 300}).says("m").passes(240)
    assert [reason for reason, _ in warnings(story)] == ["max_duration"]


def test_two_clocks_warn_each_for_itself() -> None:
    story = Story({"idle_timeout": 300, "max_duration": 310}).passes(299)
    assert [reason for reason, _ in warnings(story)] == ["idle_timeout", "max_duration"]


def test_a_session_that_ends_warns_no_more() -> None:
    story = Story({"max_duration": 300}).says("m").closes().passes(250)
    assert warnings(story) == []
    assert story.shell.deadline is None


# ---- changed limits ----------------------------------------------------------------------------------


def test_a_shorter_limit_strikes_earlier() -> None:
    story = Story({"idle_timeout": 3_000}).changes(limits={"idle_timeout": 100}).passes(99)
    assert story.ended is None
    assert story.passes(1).ended == "idle_timeout"


def test_a_longer_limit_strikes_later_and_warns_anew() -> None:
    story = Story({"max_duration": 300}).passes(250).changes(limits={"max_duration": 600})
    story.passes(289)
    assert len(warnings(story)) == 1
    story.passes(1)
    assert len(warnings(story)) == 2
    assert story.passes(60).ended == "max_duration"


def test_a_limit_that_is_taken_away_strikes_no_more() -> None:
    story = Story({"idle_timeout": 300, "max_duration": 300}).passes(250)
    story.changes(limits={"idle_timeout": None, "max_duration": None})
    assert story.shell.deadline is None
    assert story.passes(10_000).ended is None


def test_a_duration_that_is_over_already_strikes_at_once() -> None:
    story = Story({"max_duration": 3_000}).passes(1_000).changes(limits={"max_duration": 500})
    assert story.ended == "max_duration"


def test_fewer_messages_than_were_taken_end_an_idle_session_at_once() -> None:
    story = Story().says("m1").answers().says("m2").answers().changes(limits={"max_messages": 1})
    assert story.ended == "max_messages"


def test_fewer_messages_than_were_taken_end_a_session_after_what_waits() -> None:
    story = Story().says("m1").queues("m2").changes(limits={"max_messages": 1}).answers()
    assert story.ended is None
    assert story.answers().ended == "max_messages"


def test_more_messages_let_a_session_go_on() -> None:
    story = Story({"max_messages": 1}).says("m1").changes(limits={"max_messages": 2}).answers()
    assert story.ended is None
    story.says("m2")
    assert len(story.seen("session.ending_soon")) == 2


def test_a_change_that_changes_no_limit_does_not_warn_of_the_duration_again() -> None:
    story = Story({"max_duration": 300}).passes(250).changes(limits={"max_duration": 300}, title="T")
    assert len(warnings(story.passes(1))) == 1


# ---- what clients see of the clocks ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrange", "idle_at", "ends_at"),
    [
        (lambda s: s, 300, 3600),
        (lambda s: s.says("m"), None, 3600),
        (lambda s: s.says("m").passes(10).answers(), 310, 3600),
        (lambda s: s.pauses(), None, None),
        (lambda s: s.passes(10).pauses().passes(100).resumes(), 410, 3700),
        (lambda s: s.closes(), None, None),
    ],
)
def test_the_session_object_tells_when_the_clocks_strike(arrange: Any, idle_at: Any, ends_at: Any) -> None:
    story = arrange(Story({"idle_timeout": 300, "max_duration": 3600}))
    session = story.shell.store.session

    def told(seconds: float | None) -> str | None:
        return None if seconds is None else after(seconds).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    assert (session["idle_at"], session["ends_at"]) == (told(idle_at), told(ends_at))


def test_a_deadline_has_a_name_that_a_person_can_read() -> None:
    deadline = Story({"idle_timeout": 300}).passes(240).shell.deadline
    assert deadline is not None
    assert (deadline.kind, deadline.label) == (DeadlineKind.IDLE_TIMEOUT, "idle timeout 300 s")
    deadline = Story().says("m").step_ends(failure()).shell.deadline
    assert deadline is not None
    assert (deadline.kind, deadline.label) == (DeadlineKind.RETRY, "turn 1 · retry 1: overloaded")


def test_a_message_that_comes_with_a_pause_keeps_the_clocks_still() -> None:
    story = Story({"idle_timeout": 300}).hears(Pause(), message("m")).passes(1_000)
    assert story.ended is None
