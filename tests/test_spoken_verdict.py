"""Whatever is wrong with a spoken session is complained about, once for each kind of fault."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.heard import PHASE_STEPS, Heard
from tests.spoken_verdict import Evidence, complaints

PLAN = ("one", "two")
ANSWERS = (
    "First is here. Second is here. Third is not wanted.",
    "Fourth is here. Fifth is here. Sixth is not.",
)
TOLD = ["First is here.", "Second is here.", "Fourth is here.", "Fifth is here."]
Events = list[dict[str, Any]]


def events() -> Events:
    """A session without a fault."""
    found: Events = []
    for number, phase in enumerate(PLAN):
        steps = [{"type": kind, "phase": phase} for kind in PHASE_STEPS]
        told = [
            {"type": "sentence", "index": index, "text": TOLD[index], "phase": phase}
            for index in (2 * number, 2 * number + 1)
        ]
        spoken = [
            {"type": "speech.ready", "sentence_index": each["index"], "audio_id": f"audio-{each['index']}"}
            for each in told
        ]
        found += [steps[0], *told, *spoken, *steps[1:]]
    return found


def evidence(of: Events, **changed: Any) -> Evidence:
    heard = Heard()
    for event in of:
        heard.feed(event)
    messages = [" ".join(TOLD[:2]) + " ", " ".join(TOLD[2:])]
    whole = Evidence(
        heard=heard,
        end_reason="completed",
        transcript=[{"role": "assistant", "content": content} for content in messages],
        answers=ANSWERS,
        plan=PLAN,
        sentences=len(TOLD),
        broken_audio={},
    )
    return replace(whole, **changed)


def place(of: Events, kind: str, number: int) -> int:
    return [index for index, event in enumerate(of) if event["type"] == kind][number]


def without(kind: str, number: int) -> Events:
    found = events()
    del found[place(found, kind, number)]
    return found


def doubled(kind: str, number: int) -> Events:
    found = events()
    at = place(found, kind, number)
    return [*found[: at + 1], found[at], *found[at + 1 :]]


def swapped(kind: str, number: int) -> Events:
    found = events()
    one, other = place(found, kind, number), place(found, kind, number + 1)
    found[one], found[other] = found[other], found[one]
    return found


def test_nothing_is_wrong_with_a_whole_session() -> None:
    assert complaints(evidence(events())) == []


@pytest.mark.parametrize("harm", [without, doubled, swapped])
@pytest.mark.parametrize(("kind", "said"), [("sentence", "told:"), ("speech.ready", "announced:")])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_is_lost_doubled_or_reordered_is_found(
    harm: Callable[[str, int], Events], kind: str, said: str, number: int
) -> None:
    assert any(each.startswith(said) for each in complaints(evidence(harm(kind, number))))


@pytest.mark.parametrize("kind", PHASE_STEPS)
@pytest.mark.parametrize("harm", [without, doubled, swapped])
def test_a_phase_that_is_not_walked_once_is_found(harm: Callable[[str, int], Events], kind: str) -> None:
    assert any(each.startswith("phases:") for each in complaints(evidence(harm(kind, 0))))


def test_the_last_sentence_lost_by_everybody_is_found() -> None:
    found = [e for e in events() if e.get("index") != 3 and e.get("sentence_index") != 3]
    messages = [{"role": "assistant", "content": text} for text in (" ".join(TOLD[:2]), TOLD[2])]
    assert complaints(evidence(found, transcript=messages)) == ["3 sentences were told, 4 were wanted"]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ((" ".join(TOLD[:2]), TOLD[2]), "the transcript says"),
        ((TOLD[1], " ".join(TOLD[2:])), "the transcript says"),
        ((" ".join(TOLD[1::-1]), " ".join(TOLD[2:])), "the transcript says"),
        ((" ".join(TOLD[:2]), " ".join(TOLD[2:]).replace("Fifth", "A fifth")), "the model never said"),
        ((" ".join(TOLD[1:2]), " ".join(TOLD[2:])), "the model never said"),
        (("  ".join(TOLD[:2]), " ".join(TOLD[2:])), "the model never said"),
    ],
)
def test_a_transcript_that_says_something_else_is_found(contents: tuple[str, str], said: str) -> None:
    transcript = [{"role": "assistant", "content": content} for content in contents]
    assert any(each.startswith(said) for each in complaints(evidence(events(), transcript=transcript)))


def test_what_the_person_wrote_is_not_said() -> None:
    said = evidence(events())
    person = {"role": "user", "content": "Wait."}
    assert complaints(replace(said, transcript=[person, *said.transcript])) == []


def test_a_sentence_of_the_wrong_phase_is_found() -> None:
    found = events()
    found[place(found, "sentence", 0)]["phase"] = "two"
    assert any("of the phases" in each for each in complaints(evidence(found)))


def test_silence_is_found() -> None:
    found = events()
    at = place(found, "speech.ready", 1)
    found[at] = {"type": "speech.skipped", "sentence_index": 1, "reason": "timeout"}
    assert any(each.startswith("not spoken:") for each in complaints(evidence(found)))


def test_broken_audio_a_wrong_end_and_a_forgetful_reset_are_found() -> None:
    assert complaints(evidence(events(), broken_audio={2: "status 404"})) == [
        "audio of sentence 2: status 404"
    ]
    assert complaints(evidence(events(), end_reason="error")) == ["the session ended with error"]
    whole = events()
    sentences = [event for event in whole if event["type"] == "sentence"]
    speech = [event for event in whole if event["type"] == "speech.ready"]
    again = {"type": "reset", "sentences": sentences[:3], "speech": speech}
    assert any(each.startswith("resets took 1") for each in complaints(evidence([*whole, again])))
