"""The checker proves itself: every planted violation is found, and nothing is found in a clean record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.checker import Story, check_run, check_story
from tests.chaos.records import Arrival
from tests.chaos.scene import SESSION, Said, Scene, loss, seen_by, sending, start
from tests.chaos.verdict import Harm
from tests.chaos.words import asking_for, flaw

SAID = (Said("a", 9, 9), Said("b", 12, 7, status="stopped"), Said("c", 5, 5))
Spoil = Callable[[Story], Story]


def harms(story: Story) -> set[Harm]:
    return {violation.harm for violation in check_story(story)}


def spoiled(change: Callable[[list[Arrival]], list[Arrival]]) -> Spoil:
    """What only one viewer sees."""

    def spoil(story: Story) -> Story:
        live = [arrival for arrival in story.arrivals if arrival.viewer == "live"]
        others = [arrival for arrival in story.arrivals if arrival.viewer != "live"]
        return replace(story, arrivals=[*others, *change(live)])

    return spoil


def settled(**changes: Any) -> Spoil:
    return lambda story: replace(story, settled=replace(story.settled, **changes))


def session(**changes: Any) -> Spoil:
    return lambda story: settled(session={**story.settled.session, **changes})(story)


def rewritten(message_id: str, **changes: Any) -> Spoil:
    """Another transcript."""

    def spoil(story: Story) -> Story:
        transcript = [
            {**message, **(changes if message["message_id"] == message_id else {})}
            for message in story.settled.transcript
        ]
        return settled(transcript=transcript)(story)

    return spoil


def nth(kind: str, number: int, arrivals: list[Arrival]) -> int:
    return [index for index, arrival in enumerate(arrivals) if arrival.event["type"] == kind][number]


def renumbered(arrivals: list[Arrival]) -> list[Arrival]:
    """The same events under cursors without a hole, as a log would number them."""
    return [
        replace(arrival, event={**arrival.event, "cursor": f"7-{number}"})
        for number, arrival in enumerate(arrivals, 1)
    ]


def without(kind: str, number: int, *, hidden: bool = False) -> Spoil:
    def change(arrivals: list[Arrival]) -> list[Arrival]:
        index = nth(kind, number, arrivals)
        left = arrivals[:index] + arrivals[index + 1 :]
        return renumbered(left) if hidden else left

    return spoiled(change)


def twice(kind: str, number: int, *, hidden: bool = False) -> Spoil:
    def change(arrivals: list[Arrival]) -> list[Arrival]:
        index = nth(kind, number, arrivals)
        more = [*arrivals[: index + 1], *arrivals[index:]]
        return renumbered(more) if hidden else more

    return spoiled(change)


def swapped(kind: str, number: int) -> Spoil:
    def change(arrivals: list[Arrival]) -> list[Arrival]:
        index = nth(kind, number, arrivals)
        first, second = arrivals[index], arrivals[index + 1]
        return [*arrivals[:index], second, first, *arrivals[index + 2 :]]

    return spoiled(change)


def with_words(change: Callable[[list[str]], list[str]], message_id: str = "a-1.1") -> Spoil:
    """An answer that is wrong everywhere alike, as a provider's stream that was read twice would make it."""

    def spoil(story: Story) -> Story:
        right = next(m["content"] for m in story.settled.transcript if m["message_id"] == message_id)
        wrong = " ".join(change(right.split(" ")))
        said = [replace(arrival, event=told(arrival.event, wrong)) for arrival in story.arrivals]
        return rewritten(message_id, content=wrong)(replace(story, arrivals=said))

    def told(event: dict[str, Any], wrong: str) -> dict[str, Any]:
        if event.get("message_id") != message_id or event["type"] not in {
            "message.delta",
            "message.completed",
        }:
            return event
        if event["type"] == "message.completed":
            return {**event, "text": wrong}
        begins = event["offset"] == 0
        return {**event, "text": wrong if begins else "", "offset": 0 if begins else len(wrong)}

    return spoil


def ended_late(arrivals: list[Arrival]) -> list[Arrival]:
    last = arrivals[-1]
    cursor = f"7-{len(arrivals) + 1}"
    after = {"type": "session.status_changed", "old": "closed", "new": "idle"}
    return [*arrivals, replace(last, event={**last.event, **after, "cursor": cursor})]


def gap_across_reconnect(arrivals: list[Arrival]) -> list[Arrival]:
    """Turn 2 is missing as a whole, which no single event betrays."""
    first, last = nth("turn.completed", 0, arrivals) + 2, nth("message.accepted", 2, arrivals)
    return [*arrivals[:first], *(replace(arrival, connection=2) for arrival in arrivals[last:])]


def left_early(arrivals: list[Arrival]) -> list[Arrival]:
    return arrivals[: nth("message.completed", 2, arrivals)]


def lost_after_202(story: Story) -> Story:
    return replace(story, tries=[*story.tries, sending(Said("z", 3, 0), 9.0)])


def another_way_round(story: Story) -> Story:
    """Two messages that were taken one after the other change places in the transcript."""
    first, second = SAID[0], SAID[2]
    tries = [sending(second, 1.0), sending(SAID[1], 2.0), sending(first, 3.0)]
    return replace(story, tries=[*story.tries[:1], *tries])


def nobody_sent(arrivals: list[Arrival]) -> list[Arrival]:
    event = {"type": "message.accepted", "message_id": "t-x", "delivery": "queue", "content": "?"}
    rejected = {"type": "message.rejected", "message_id": "t-x", "reason": "session_closed"}
    last = arrivals[-1].event
    more = [{**last, **event, "cursor": f"7-{len(arrivals) + 1}"}, {**rejected, "session_id": SESSION}]
    more[1]["cursor"] = f"7-{len(arrivals) + 2}"
    return [*arrivals, *seen_by("live", more)]


PLANTED: dict[str, tuple[Spoil, Harm]] = {
    "a delta that never came": (without("message.delta", 1), Harm.LOST),
    "a delta that is not in the log": (without("message.delta", 1, hidden=True), Harm.LOST),
    "the last delta": (without("message.delta", 2, hidden=True), Harm.LOST),
    "a gap across a reconnect": (spoiled(gap_across_reconnect), Harm.LOST),
    "an event without text that never came": (without("session.status_changed", 1), Harm.LOST),
    "a viewer who never got to the end": (spoiled(left_early), Harm.LOST),
    "a delta that came twice": (twice("message.delta", 1), Harm.DOUBLED),
    "a delta that is in the log twice": (twice("message.delta", 1, hidden=True), Harm.DOUBLED),
    "a message accepted twice": (twice("message.accepted", 1, hidden=True), Harm.DOUBLED),
    "a turn that starts twice": (twice("turn.started", 1, hidden=True), Harm.DOUBLED),
    "deltas in the wrong order": (swapped("message.delta", 1), Harm.LOST),
    "events in the wrong order": (swapped("turn.completed", 0), Harm.LOST),
    "a word that nobody ever saw": (with_words(lambda w: w[:3] + w[4:]), Harm.LOST),
    "the last words of a whole answer": (with_words(lambda w: w[:-2]), Harm.LOST),
    "a word that everybody saw twice": (with_words(lambda w: [*w[:4], *w[2:]]), Harm.DOUBLED),
    "words in another order": (with_words(lambda w: [*w[:2], w[3], w[2], *w[4:]]), Harm.REORDERED),
    "another answer's words": (with_words(lambda _: SAID[2].answer.split(" ")), Harm.BROKEN),
    "a stopped answer that is no beginning": (with_words(lambda w: w[1:], "a-2.1"), Harm.LOST),
    "a transcript that says something else": (rewritten("a-1.1", content="0xa 1xa"), Harm.BROKEN),
    "another status": (rewritten("a-2.1", status="complete"), Harm.BROKEN),
    "a message that was changed": (rewritten("t-a", content="say exactly: 0xq"), Harm.BROKEN),
    "a message that was lost after 202": (lost_after_202, Harm.LOST),
    "a message that only the engine has": (settled(signalled=["t-a", "t-b", "t-c", "t-d"]), Harm.LOST),
    "messages in another order": (another_way_round, Harm.REORDERED),
    "a message that nobody sent": (spoiled(nobody_sent), Harm.BROKEN),
    "a history that does not replay": (settled(replay_failure="Nondeterminism"), Harm.NONDETERMINISM),
    "a turn that never ends": (session(turn={"number": 4}), Harm.BROKEN),
    "a session that never rests": (session(status="active"), Harm.BROKEN),
    "a message that waits for ever": (session(queued=1), Harm.BROKEN),
    "a session that is not listed": (settled(listed=0), Harm.LOST),
    "a session that is listed twice": (settled(listed=2), Harm.DOUBLED),
    "an end that nobody was told of": (session(status="closed"), Harm.BROKEN),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found(name: str) -> None:
    spoil, harm = PLANTED[name]
    assert harm in harms(spoil(Scene(SAID).story()))


def test_a_message_that_is_in_the_transcript_twice_is_found() -> None:
    scene = Scene(SAID)
    assert Harm.DOUBLED in harms(scene.story(transcript=[*scene.transcript(), scene.transcript()[0]]))


def test_an_event_after_the_end_is_found() -> None:
    story = Scene(SAID, closed=True).story()
    assert harms(story) == set()
    assert harms(spoiled(ended_late)(story)) == {Harm.BROKEN}


def test_a_withdrawn_message_that_was_used_is_found() -> None:
    story = Scene(SAID).story()
    withdrawn = replace(story.tries[-1], verb="withdraw")
    assert harms(replace(story, tries=[*story.tries, withdrawn])) == {Harm.BROKEN}


@pytest.mark.parametrize(("status", "expected"), [(202, set()), (0, set()), (409, {Harm.LOST})])
def test_who_withdrew_a_message_does_not_miss_it(status: int, expected: set[Harm]) -> None:
    story = lost_after_202(Scene(SAID).story())
    withdrawal = replace(story.tries[-1], verb="withdraw", status=status)
    assert harms(replace(story, tries=[*story.tries, withdrawal])) == expected


@pytest.mark.parametrize(("status", "expected"), [(409, set()), (503, {Harm.LOST}), (0, {Harm.LOST})])
def test_who_was_told_that_a_message_came_too_late_does_not_miss_it(status: int, expected: set[Harm]) -> None:
    late = replace(sending(Said("z", 3, 0), 9.0), status=status)
    story = settled(signalled=["t-a", "t-b", "t-c", "t-z"])(Scene(SAID).story())
    story = replace(story, tries=[*story.tries, late])
    assert {violation.harm for violation in check_story(story)} == expected


def test_a_title_that_was_lost_is_found() -> None:
    story = Scene(SAID).story()
    renaming = replace(story.tries[-1], verb="title", about="new", status=200)
    renamed = replace(story, tries=[*story.tries, renaming])
    assert harms(renamed) == {Harm.BROKEN}
    assert harms(session(title="new")(renamed)) == set()


def test_a_reset_is_right_only_where_the_store_lost_something() -> None:
    scene = Scene(SAID)
    at = nth("turn.completed", 0, seen_by("live", scene.events)) + 2
    story = scene.story()
    anew = [*scene.events[:3], scene.reset(at), *scene.events[at:]]
    begun_anew = spoiled(lambda _: seen_by("live", anew))(story)
    assert harms(begun_anew) == {Harm.BROKEN}
    assert harms(replace(begun_anew, faults=[loss(0.5)])) == set()


def test_two_sessions_of_one_key_are_found() -> None:
    known = [Scene(SAID).story().settled, replace(Scene(()).story().settled, session_id="two")]
    known[1].session["session_key"] = "SESSION-002"
    tries = [start("key", SESSION), start("key", "two")]
    assert [violation.harm for violation in check_run(tries, known)] == [Harm.DOUBLED]
    assert not list(check_run([start("key", SESSION), start("other", "two")], known))


def test_a_session_key_that_was_given_twice_is_found() -> None:
    known = [Scene(SAID).story().settled, replace(Scene(()).story().settled, session_id="two")]
    assert [violation.harm for violation in check_run([], known)] == [Harm.DOUBLED]


def test_a_started_session_that_is_nowhere_is_found() -> None:
    assert [violation.harm for violation in check_run([start("key", SESSION)], [])] == [Harm.LOST]


@pytest.mark.parametrize(("status", "code"), [(500, "internal"), (404, "session_not_found")])
def test_an_answer_that_must_not_be_is_found(status: int, code: str) -> None:
    tried = replace(sending(SAID[0], 1.0, status), code=code)
    assert [violation.harm for violation in check_run([tried], [])] == [Harm.BROKEN]


@st.composite
def messages(draw: st.DrawFn, name: str) -> Said:
    words = draw(st.integers(1, 40))
    status = draw(st.sampled_from(["complete", "stopped", "failed"]))
    shown = words if status == "complete" else draw(st.integers(0, words))
    return Said(
        name, words, shown, status, draw(st.integers(1, 8)), draw(st.sampled_from(["steer", "queue"]))
    )


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    said = [draw(messages(f"m{number}")) for number in range(draw(st.integers(0, 4)))]
    return Scene(said, closed=draw(st.booleans()))


@given(scenes())
def test_nothing_is_found_in_a_clean_record(scene: Scene) -> None:
    assert list(check_story(scene.story())) == []


@given(st.integers(2, 30), st.data())
def test_arithmetic_tells_what_is_wrong_with_words(count: int, data: st.DataObject) -> None:
    right = asking_for(count, "k").removeprefix("say exactly: ")
    words = right.split(" ")
    at = data.draw(st.integers(0, count - 2))
    lost, doubled = [*words[:at], *words[at + 1 :]], [*words[: at + 1], *words[at:]]
    swapped_words = [*words[:at], words[at + 1], words[at], *words[at + 2 :]]
    assert flaw(right, right, whole=True) is None
    assert flaw(right, " ".join(words[:at]), whole=False) is None
    assert flaw(right, " ".join(lost), whole=False) == "lost"
    assert flaw(right, " ".join(doubled), whole=False) == "doubled"
    assert flaw(right, " ".join(swapped_words), whole=True) == "reordered"
