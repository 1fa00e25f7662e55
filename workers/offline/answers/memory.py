"""Owns what a person told the model about themselves. Pure: texts in, facts out; must not phrase answers."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from workers.offline.patterns import phrase, plain

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|[\r\n]+")
_CLAUSE_END = phrase(r",?\s+and\s+(?=(?:my|i|i'm)\b)|[,;]\s+(?=(?:my|i|i'm)\b)")
_QUESTION = phrase(r"^\s*(?:what|who|where|when|which|how|do|does|did|can|could|is|are)\b")

_NAME = phrase(r"\b(?:my name is|my name's|i am called|i'm called|call me)\s+(\S.*)")
_NAME_AFTER_I_AM = re.compile(r"\bI(?:'m| am) ([A-Z]\w+)\s*(?:$|[.,!])")
_POSSESSION = phrase(r"\bmy\s+(\S.{0,39}?)\s+(?:is|are|was)\s+(\S.{0,200})")
_HABIT = phrase(
    r"\bi\s+((live|work|like|love|prefer|study|play|speak|come)\b\s*(?:in|at|as|for|from|with)?)\s+(\S.{0,200})"
)
_NOTE = phrase(r"\bremember(?:\s+(?:that|this))?\s*:?\s+(\S.*)")

_NO_OBJECT = {"to", "you", "it", "that", "this", "how", "when", "what"}
_NO_NAME = {"not", "a", "an", "the", "no", "when", "if"}
_EDGES = " \t.,;:!?\"'()[]"
_LONGEST_NAME = 3

_SECOND_PERSON = {
    "i am": "you are",
    "i'm": "you are",
    "i": "you",
    "my": "your",
    "me": "you",
    "mine": "yours",
    "myself": "yourself",
}
_FIRST_PERSON = phrase(r"\b(i am|i'm|i|my|me|mine|myself)\b")


@dataclass(frozen=True)
class Memory:
    """Facts by what they are about, newest told last: `{"name": "Ada", "dog": "Rex"}`."""

    possessions: dict[str, str] = field(default_factory=dict)
    habits: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        """Return what the person wants to be called, if they said it."""
        return self.possessions.get("name")

    def sentences(self) -> list[str]:
        """Return every fact as a sentence to the person."""
        owned = [f"your {key} is {value}" for key, value in self.possessions.items()]
        return owned + [f"you {habit}" for habit in self.habits.values()]

    def own_words(self) -> list[str]:
        """Return every fact as the person could have said it, so that a summary can be recalled again."""
        owned = [f"my {key} is {value}" for key, value in self.possessions.items()]
        facts = ", ".join(owned + [f"I {habit}" for habit in self.habits.values()])
        told = [f"In your words: {facts}."] if facts else []
        return told + [f"Remember: {note}." for note in self.notes]

    def followed_by(self, later: "Memory") -> "Memory":
        """Return both memories as one; the later word counts."""
        return Memory(
            possessions=self.possessions | later.possessions,
            habits=self.habits | later.habits,
            notes=tuple(dict.fromkeys(self.notes + later.notes)),
        )


def recall(texts: Iterable[str]) -> Memory:
    """Return what these texts, oldest first, tell about the person."""
    memory = Memory()
    for text in texts:
        memory = memory.followed_by(told_in(text))
    return memory


@lru_cache(maxsize=1024)
def told_in(text: str) -> Memory:
    """Return what one text tells about the person."""
    memory = Memory()
    for statement in _statements(plain(text)):
        memory = memory.followed_by(_facts_of(statement))
    return memory


def thing_of(words: str) -> str:
    """Return one spelling for a thing, however it is asked for."""
    return words.strip().lower().replace("favorite", "favourite").replace("color", "colour")


def to_second_person(text: str) -> str:
    """Turn the person's own words around, as an answer to them needs it: "my cat" is "your cat"."""
    return _FIRST_PERSON.sub(lambda found: _SECOND_PERSON[found[0].lower()], text)


def _statements(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        if not sentence.rstrip().endswith("?") and not _QUESTION.match(sentence):
            yield " ".join(sentence.split())


def _facts_of(statement: str) -> Memory:
    memory = Memory()
    for clause in _CLAUSE_END.split(statement):
        memory = memory.followed_by(_fact_of(clause))
    note = _NOTE.search(statement)
    if memory == Memory() and note:
        return Memory(notes=(to_second_person(note[1].strip(_EDGES)),))
    return memory


def _fact_of(clause: str) -> Memory:
    name = _name_in(clause)
    if name:
        return Memory(possessions={"name": name})
    return _habit_in(clause) or _possession_in(clause) or Memory()


def _name_in(clause: str) -> str | None:
    found = _NAME.search(clause) or _NAME_AFTER_I_AM.search(clause)
    words = found[1].split() if found else []
    if not words or words[0].lower() in _NO_NAME:
        return None
    kept = words[:1]
    for word in words[1:_LONGEST_NAME]:
        if not word[:1].isupper() or kept[-1][-1] in _EDGES:
            break
        kept.append(word)
    return " ".join(kept).strip(_EDGES) or None


def _possession_in(clause: str) -> Memory | None:
    found = _POSSESSION.search(clause)
    if not found or found[1].lower() == "name":
        return None
    return Memory(possessions={thing_of(found[1]): to_second_person(found[2].strip(_EDGES))})


def _habit_in(clause: str) -> Memory | None:
    found = _HABIT.search(clause)
    if not found or found[3].split()[0].lower() in _NO_OBJECT:
        return None
    phrase = f"{found[1].strip().lower()} {to_second_person(found[3].strip(_EDGES))}"
    return Memory(habits={found[2].lower(): phrase})
