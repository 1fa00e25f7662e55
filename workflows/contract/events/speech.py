"""What happens to sentences, from the page to the ear.

Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Literal

from workflows.contract.events.base import DomainEvent
from workflows.contract.speech import Utterance


class SentenceTold(DomainEvent):
    """`index` counts from 0 through the session; the text is its delta's, without the white space around."""

    type: Literal["sentence"] = "sentence"
    turn: int
    index: int
    text: str
    phase: str | None


class SentencesKnown(DomainEvent):
    """So many sentences of the session are told."""

    private = True
    type: Literal["sentences.known"] = "sentences.known"
    told: int


class SpeechBegun(DomainEvent):
    private = True
    type: Literal["speech.begun"] = "speech.begun"
    sentence_index: int


class SentenceSpoken(DomainEvent):
    """A sentence was synthesized, or given up."""

    private = True
    type: Literal["sentence.spoken"] = "sentence.spoken"
    sentence_index: int
    utterance: Utterance


class SpeechReady(DomainEvent):
    """In the order of the sentences."""

    type: Literal["speech.ready"] = "speech.ready"
    sentence_index: int
    audio_id: str
    url: str
    format: str
    duration_ms: int


class SpeechSkipped(DomainEvent):
    type: Literal["speech.skipped"] = "speech.skipped"
    sentence_index: int
    reason: str


class SpeechUnannounced(DomainEvent):
    """Perhaps nobody was told what was announced from `sentence_index` on: the store lost it first."""

    private = True
    type: Literal["speech.unannounced"] = "speech.unannounced"
    sentence_index: int


class SpeechSilenced(DomainEvent):
    """Nobody wants to hear what was told and not announced."""

    private = True
    type: Literal["speech.silenced"] = "speech.silenced"


SpeechEvent = (
    SpeechSilenced
    | SentencesKnown
    | SpeechBegun
    | SentenceSpoken
    | SpeechReady
    | SpeechSkipped
    | SpeechUnannounced
)
