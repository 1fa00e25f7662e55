"""Owns the answers to questions about the conversation itself: what was told, said, asked, and how often.

Pure; each function answers or returns None when the question is not its own.
"""

from workers.offline.answers.exchange import Exchange, quoted
from workers.offline.answers.memory import thing_of
from workers.offline.patterns import phrase, plain

_MY_NAME = phrase(r"\b(?:what(?:'s| is| was)|know|remember|recall|tell me|say) my name\b|\bwho am i\b")
_MY_THING = phrase(r"\b(?:what|who|where|when|which|how\s+\w+)(?:'s| is| are| was| were) my ([^?.!\n]+)")
_MY_HABIT = phrase(
    r"\b(?:what|where|who|which\s+\w+|how)\s+do i\s+(live|work|like|love|prefer|study|play|speak|come)\b"
)
_ABOUT_ME = phrase(
    r"\bwhat do you (?:know|remember)\s*(?:about me|\?|$)"
    r"|\bwhat (?:have i told|did i tell) you\b|\babout me\s*\?"
)
_NOTES = phrase(r"\bwhat\b.{0,40}\bi\b.{0,40}\byou\b.{0,40}\bremember\b")
_MY_NTH = phrase(r"\bmy (first|second|third|last|previous) (?:message|question|words)\b")
_I_SAID = phrase(
    r"\bwhat\b.{0,30}\b(?:did|have|was) i\b.{0,30}\b(?:say|said|ask|asked|write|written|saying)\b"
    r"|\bwhat\b.{0,30}\bi (?:said|asked|wrote)\b"
)
_BEGINNING = phrase(r"\b(?:first|beginning|start)\b")
_YOU_SAID = phrase(
    r"\bwhat did you\b.{0,40}\b(?:say|answer|tell|write)\b"
    r"|\bsay (?:that|it) again\b|\brepeat (?:that|it|your)"
)
_RECAP = phrase(
    r"\b(?:summari[sz]e|recap|sum up)\b|\bwhat (?:have we|did we|were we)\b.{0,40}\b(?:talk|discuss|speak)"
)
_HOW_MANY = phrase(r"\bhow many (?:messages|questions|turns)\b")

_POSITIONS = {"first": 0, "second": 1, "third": 2, "last": -1, "previous": -1}
_LONGEST_RECAP_LINE = 200


def recollect(exchange: Exchange) -> str | None:
    """Return the answer to a question about the conversation, or None when it is not one."""
    question = plain(exchange.text)
    answers = (answer(question, exchange) for answer in _QUESTIONS)
    return next((answer for answer in answers if answer is not None), None)


def recap(exchange: Exchange, texts: tuple[str, ...]) -> str:
    """Return these messages of the person as a numbered list, the facts first."""
    lines = [f"{number}. {_shortened(text)}" for number, text in enumerate(texts, start=1)]
    return "\n".join(
        [f"You have written {_messages(len(texts))} so far.", *exchange.memory.own_words(), *lines]
    )


def _name(question: str, exchange: Exchange) -> str | None:
    if not _MY_NAME.search(question):
        return None
    name = exchange.memory.name
    return f"Your name is {name}." if name else "You have not told me your name yet."


def _possession(question: str, exchange: Exchange) -> str | None:
    found = _MY_THING.search(question)
    if not found or _MY_NTH.search(question):
        return None
    thing = thing_of(found[1])
    value = exchange.memory.possessions.get(thing)
    return f"Your {thing} is {value}." if value else f"You have not told me anything about your {thing} yet."


def _habit(question: str, exchange: Exchange) -> str | None:
    found = _MY_HABIT.search(question)
    if not found:
        return None
    verb = found[1].lower()
    habit = exchange.memory.habits.get(verb)
    return (
        f"You {habit}."
        if habit
        else f"You have not told me that yet: nothing about what or where you {verb}."
    )


def _about_me(question: str, exchange: Exchange) -> str | None:
    if not _ABOUT_ME.search(question):
        return None
    facts, notes = exchange.memory.sentences(), exchange.memory.notes
    told = [f"I remember that {'; '.join(facts)}."] if facts else []
    asked = [f"You asked me to remember: {'; '.join(notes)}."] if notes else []
    return " ".join(told + asked) or "You have not told me anything about yourself yet."


def _notes(question: str, exchange: Exchange) -> str | None:
    if not _NOTES.search(question):
        return None
    notes = exchange.memory.notes
    return (
        f"You asked me to remember: {'; '.join(notes)}."
        if notes
        else "You have not asked me to remember anything."
    )


def _nth_message(question: str, exchange: Exchange) -> str | None:
    found = _MY_NTH.search(question)
    if not found:
        return None
    word = found[1].lower()
    position = _POSITIONS[word]
    if position >= len(exchange.earlier) or not exchange.earlier:
        return f"You have not written a {word} message before this one."
    return f"Your {word} message was: {quoted(exchange.earlier[position])}"


def _what_i_said(question: str, exchange: Exchange) -> str | None:
    if not _I_SAID.search(question):
        return None
    if not exchange.earlier:
        return "This is your first message, so there is nothing before it."
    if _BEGINNING.search(question):
        return f"The first thing you said was: {quoted(exchange.earlier[0])}"
    return f"Before this you said: {quoted(exchange.earlier[-1])}"


def _what_you_said(question: str, exchange: Exchange) -> str | None:
    if not _YOU_SAID.search(question):
        return None
    return f"I said: {quoted(exchange.replies[-1])}" if exchange.replies else "I have not said anything yet."


def _what_we_discussed(question: str, exchange: Exchange) -> str | None:
    return recap(exchange, exchange.earlier) if _RECAP.search(question) and exchange.earlier else None


def _how_many(question: str, exchange: Exchange) -> str | None:
    if not _HOW_MANY.search(question):
        return None
    return f"You have written {_messages(len(exchange.texts))} in this conversation, this one included."


_QUESTIONS = (
    _name,
    _notes,
    _about_me,
    _habit,
    _nth_message,
    _possession,
    _what_i_said,
    _what_you_said,
    _what_we_discussed,
    _how_many,
)


def _messages(amount: int) -> str:
    return "1 message" if amount == 1 else f"{amount} messages"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_RECAP_LINE else line[:_LONGEST_RECAP_LINE] + "..."
