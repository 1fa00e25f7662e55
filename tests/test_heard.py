"""A sentence that is lost, doubled or out of order is found."""

from typing import Any

import pytest

from tests.heard import PHASE_STEPS, Faults, Heard, faults_of, is_part_in_order


def sentence(index: int, text: str | None = None) -> dict[str, Any]:
    return {"type": "sentence", "index": index, "text": text or f"Number {index}.", "phase": "one"}


def ready(index: int, audio_id: str | None = None) -> dict[str, Any]:
    return {"type": "speech.ready", "sentence_index": index, "audio_id": audio_id or f"audio-{index}"}


def skipped(index: int) -> dict[str, Any]:
    return {"type": "speech.skipped", "sentence_index": index, "reason": "unspeakable"}


def reset(sentences: list[int], speech: list[int]) -> dict[str, Any]:
    told, announced = map(sentence, sentences), map(ready, speech)
    return {"type": "reset", "sentences": list(told), "speech": list(announced)}


def heard(*events: dict[str, Any]) -> Heard:
    viewer = Heard()
    for event in events:
        viewer.feed(event)
    return viewer


@pytest.mark.parametrize(
    ("indices", "total", "faults"),
    [
        ([], 0, Faults()),
        ([0, 1, 2], 3, Faults()),
        ([0, 2], 3, Faults(lost=1)),
        ([1, 2], 3, Faults(lost=1)),
        ([0, 1], 3, Faults(lost=1)),
        ([], 2, Faults(lost=2)),
        ([0, 1, 1, 2], 3, Faults(doubled=1)),
        ([0, 1, 2, 0], 3, Faults(doubled=1)),
        ([0, 2, 1], 3, Faults(disordered=1)),
        ([2, 1, 0], 3, Faults(disordered=2)),
        ([0, 1, 2, 3], 3, Faults()),
        ([0, 3, 3, 1], 3, Faults(lost=1, doubled=1, disordered=1)),
    ],
)
def test_faults_of_a_row(indices: list[int], total: int, faults: Faults) -> None:
    assert faults_of(indices, total) == faults


def test_faults_add_up() -> None:
    assert Faults(1, 2, 3) + Faults(10, 20, 30) == Faults(11, 22, 33)


def test_a_whole_session_has_none() -> None:
    viewer = heard(sentence(0), sentence(1), ready(0), sentence(2), skipped(1), ready(2))
    assert viewer.told_faults == viewer.announced_faults == Faults()
    assert viewer.texts == ["Number 0.", "Number 1.", "Number 2."]
    assert [each["audio_id"] for each in viewer.ready] == ["audio-0", "audio-2"]


def test_what_is_told_and_never_announced_is_lost() -> None:
    assert heard(sentence(0), sentence(1), ready(0)).announced_faults == Faults(lost=1)


def test_a_reset_says_again_what_was_announced_before() -> None:
    viewer = heard(sentence(0), ready(0), reset([0], [0]), sentence(1), ready(1))
    assert viewer.told_faults == viewer.announced_faults == Faults()
    assert (viewer.resets, viewer.taken_back) == (1, 0)


def test_what_comes_again_behind_a_reset_is_doubled() -> None:
    viewer = heard(sentence(0), ready(0), reset([0], [0]), sentence(0), ready(0))
    assert viewer.told_faults == viewer.announced_faults == Faults(doubled=1)


@pytest.mark.parametrize("again", [reset([0], [0]), reset([0, 1], [0]), reset([0], [0, 1])])
def test_a_reset_that_forgets_is_found(again: dict[str, Any]) -> None:
    events = (sentence(0), sentence(1), ready(0), ready(1))
    assert heard(*events, again).taken_back > 0
    assert heard(*events, reset([0, 1], [0, 1])).taken_back == 0


def test_a_reset_that_says_something_else_is_found() -> None:
    assert heard(sentence(0, "Before."), reset([0], [])).taken_back == 1
    assert heard(ready(0, "before"), reset([], [0])).taken_back == 1


def phase(step: str, name: str) -> dict[str, Any]:
    return {"type": step, "phase": name}


WALK = [phase(step, name) for name in ("one", "two") for step in PHASE_STEPS]


def test_phases_are_walked_in_order_once() -> None:
    assert heard(*WALK).phases_walked(["one", "two"])
    for place in range(len(WALK)):
        assert not heard(*WALK[:place], *WALK[place + 1 :]).phases_walked(["one", "two"])
        assert not heard(*WALK[: place + 1], *WALK[place:]).phases_walked(["one", "two"])
    assert not heard(*WALK[3:], *WALK[:3]).phases_walked(["one", "two"])


def test_behind_a_reset_steps_may_be_missing_but_not_come_twice() -> None:
    again = reset([], [])
    assert heard(*WALK[:2], again, *WALK[4:]).phases_walked(["one", "two"])
    assert not heard(*WALK[:3], again, *WALK[2:]).phases_walked(["one", "two"])


def test_part_in_order() -> None:
    assert is_part_in_order([1, 3], [1, 2, 3])
    assert not is_part_in_order([3, 1], [1, 2, 3])
    assert not is_part_in_order([1, 1], [1, 2, 3])
