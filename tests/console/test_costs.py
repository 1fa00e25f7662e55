"""What the library costs a page: bytes, time for each event of a long answer, and notices of them."""

from tests.console.node import LIBRARY, node, run

node()

DELTAS = 5_000
MOST_BYTES = 34 * 1024
MOST_BYTES_FOR_REACT = 8_500
MOST_MICROSECONDS = 250
"""Generous: machines that run tests are busy. At 200 events a second this would be 5 % of one processor."""


def test_an_event_costs_the_same_however_long_the_answer_is() -> None:
    answer = {"deltas": DELTAS, "messages": 200, "look": 10}
    unseen = {"deltas": 8 * DELTAS, "messages": 200, "look": 8 * DELTAS}
    _, seen, long = run("measure_reduce.mjs", [answer, answer, unseen])
    figures = f"{seen['micros']:.1f} µs an event of {DELTAS}, {long['micros']:.1f} of {8 * DELTAS} unseen"
    print(f"\n{figures}")  # noqa: T201 - the figure is wanted
    assert seen["end"] == 9 * DELTAS
    assert max(seen["micros"], long["micros"]) < MOST_MICROSECONDS


def test_listeners_hear_of_a_burst_once_a_frame_or_once_a_chunk() -> None:
    found = run("notices.mjs", None)
    for page, most in {"plain": 55, "framed": 12, "hidden": 55, "covered": 6}.items():
        assert found[page]["lengths"][-1] == 500, page
        assert len(found[page]["lengths"]) <= most, page
        assert -1 not in found[page]["lengths"], page
        assert found[page]["isFrozen"], page
        assert found[page]["isSame"], page
    assert found["clumsy"] > 0


def test_the_library_is_small() -> None:
    assert (LIBRARY / "perdure-client.js").stat().st_size <= MOST_BYTES
    assert (LIBRARY / "use-session.js").stat().st_size <= MOST_BYTES_FOR_REACT
