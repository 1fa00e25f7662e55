"""What is wrong with a guided spoken session that is over, when everything is known of it.

Owns the comparison of what was to be said, told, kept and spoken. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.heard import Faults, Heard


@dataclass(frozen=True)
class Evidence:
    """All that is known of one session."""

    heard: Heard
    end_reason: str | None
    transcript: Sequence[Mapping[str, Any]]
    """Its messages, oldest first."""
    answers: Sequence[str]
    """What the model had to say, call by call."""
    plan: Sequence[str]
    """Its phases."""
    sentences: int
    """As many as its budgets allow."""
    broken_audio: Mapping[int, str]
    """What is wrong with the audio of sentences, by index."""

    @property
    def contents(self) -> list[str]:
        """What the model said, message by message, as it is kept."""
        return [each["content"] for each in self.transcript if each["role"] == "assistant"]


def complaints(evidence: Evidence) -> list[str]:
    """Every fault, in words; nothing when all is well."""
    return [*_of_the_ear(evidence), *_of_the_page(evidence), *_of_the_end(evidence)]


def _of_the_ear(evidence: Evidence) -> Iterator[str]:
    heard = evidence.heard
    if heard.told_faults != Faults():
        yield f"told: {heard.told_faults}: {[sentence['index'] for sentence in heard.told]}"
    if heard.announced_faults != Faults():
        places = [each["sentence_index"] for each in heard.announced]
        yield f"announced: {heard.announced_faults}: {places} of {len(heard.told)}"
    if heard.taken_back:
        yield f"resets took {heard.taken_back} sentences or announcements back"
    silent = [each for each in heard.announced if each.get("audio_id") is None]
    if silent:
        yield f"not spoken: {silent}"
    yield from (f"audio of sentence {index}: {fault}" for index, fault in evidence.broken_audio.items())


def _of_the_page(evidence: Evidence) -> Iterator[str]:
    heard, contents = evidence.heard, evidence.contents
    if _spaced(" ".join(heard.texts)) != _spaced(" ".join(contents)):
        yield f"the transcript says {contents}, the sentences {heard.texts}"
    for content in contents:
        if not any(answer.startswith(content) for answer in evidence.answers):
            yield f"the model never said {content!r}"
    if len(heard.told) != evidence.sentences:
        yield f"{len(heard.told)} sentences were told, {evidence.sentences} were wanted"


def _of_the_end(evidence: Evidence) -> Iterator[str]:
    heard = evidence.heard
    if not heard.phases_walked(evidence.plan):
        yield f"phases: {heard.steps}"
    phases = list(dict.fromkeys(sentence["phase"] for sentence in heard.told))
    if phases != list(evidence.plan):
        yield f"sentences of the phases {phases}"
    if evidence.end_reason != "completed":
        yield f"the session ended with {evidence.end_reason}"


def _spaced(text: str) -> str:
    return " ".join(text.split())
