"""Owns the choice of what is said: the first function that has an answer gives it.

Must not answer at length itself: tasks, recollections and prose have modules of their own.
"""

import re

from workers.offline.answers.exchange import Exchange, quoted
from workers.offline.answers.memory import told_in
from workers.offline.answers.prose import guided
from workers.offline.answers.recollection import recap, recollect
from workers.offline.answers.style import styled
from workers.offline.answers.tasks import carry_out
from workers.offline.conversation import Conversation, ToolResult
from workers.offline.patterns import phrase, plain

IDENTITY = (
    "I am Perdure's built-in offline model: a small program without any knowledge, which answers without a "
    "key and without a network, so that you can try everything around it. I remember what you tell me, "
    "I can count, reckon, and tell stories. To talk to a real model, set OPENAI_API_KEY, or OPENAI_BASE_URL "
    "for any server that speaks the OpenAI Responses API, and start Perdure again."
)
_SUGGESTIONS = 'Try "count to 200", "tell me a long story", or "my name is Ada" and later "what is my name?".'

_TITLE = phrase(r"\b(?:write|give|generate|create|suggest|make|propose|answer with)\b[^.]{0,80}\btitle\b")
_SUMMARY = phrase(
    r"\b(?:summari[sz]e|compact|condense)\b[^.]{0,80}\b(?:conversation|messages|transcript|exchange|history)\b"
)
_GUIDING = phrase(r"\b(?:guided|meditation|settling|deepening|wind(?:ing)?[- ]?down)\b")
_SENTENCES = phrase(r"\b(\d{1,3})\s+(?:\w+\s+)?sentences?\b")
_WHO = phrase(
    r"\b(?:who|what) are you\b|\bwhat(?:'s| is) your name\b|\bwhat can you do\b|^\s*/?help\b"
    r"|\b(?:real|other|which|what) model\b|\bapi key\b"
)
_GIVEN_NAME = re.compile(r"\b(?:[Yy]our name is|[Yy]ou are called|[Yy]ou are|[Yy]ou're)\s+([A-Z]\w+)\b")
_GREETING = phrase(r"^\s*(?:hi|hello|hey|hallo|good (?:morning|afternoon|evening)|greetings)\b")
_THANKS = phrase(r"\b(?:thanks|thank you|thx)\b")
_FAREWELL = phrase(r"^\s*(?:bye|goodbye|good night|see you)\b")

_BEFORE_SUBJECT = phrase(r"^.*\btitle\b[^:\n]*[:\n]|^\s*(?:user|person|human)\s*:")

_USUAL_SENTENCES = 5
_LONGEST_TITLE = 6


def answer(conversation: Conversation) -> str:
    """Return what the offline model says next in this conversation."""
    exchange = Exchange(conversation)
    found = next((text for find in _ANSWERS if (text := find(exchange)) is not None), None)
    return styled(_fallback(exchange) if found is None else found, exchange.guidance)


def _of_the_application(exchange: Exchange) -> str | None:
    if _TITLE.search(exchange.guidance) or _TITLE.search(exchange.text):
        return _title(exchange)
    if _SUMMARY.search(exchange.guidance) or (not exchange.earlier and _SUMMARY.search(exchange.text)):
        return recap(exchange, exchange.texts)
    return None


def _after_a_tool(exchange: Exchange) -> str | None:
    last = exchange.conversation.last()
    return f"The tool answered: {last.output}" if isinstance(last, ToolResult) else None


def _unasked(exchange: Exchange) -> str | None:
    return None if exchange.asked else _guided(exchange)


def _fact_told(exchange: Exchange) -> str | None:
    memory = told_in(exchange.text)
    welcome = [f"Nice to meet you, {memory.name}."] if memory.name else []
    others = [sentence for sentence in memory.sentences() if not sentence.startswith("your name is")]
    facts = [f"I will remember that {'; '.join(others)}."] if others else []
    notes = [f"I will remember: {'; '.join(memory.notes)}."] if memory.notes else []
    if welcome and not others + notes:
        facts = ["I will remember your name."]
    return " ".join(welcome + facts + notes) or None


def _identity(exchange: Exchange) -> str | None:
    if not _WHO.search(plain(exchange.text)):
        return None
    name = _GIVEN_NAME.search(exchange.guidance)
    return f"You can call me {name[1]}. {IDENTITY}" if name else IDENTITY


def _greeting(exchange: Exchange) -> str | None:
    if not _GREETING.search(exchange.text):
        return None
    name = f", {exchange.memory.name}" if exchange.memory.name else ""
    if exchange.earlier:
        return f"Hello again{name}. This is message {len(exchange.texts)} of our conversation."
    return f"Hello{name}! {IDENTITY} {_SUGGESTIONS}"


def _courtesy(exchange: Exchange) -> str | None:
    if _FAREWELL.search(exchange.text):
        return "Goodbye! The session stays: come back to it whenever you like, and I will remember all of it."
    return "You are welcome." if _THANKS.search(exchange.text) else None


def _fallback(exchange: Exchange) -> str:
    if _GUIDING.search(exchange.guidance):
        return f"I hear you: {quoted(exchange.text)} {_guided(exchange)}"
    name = f", {exchange.memory.name}" if exchange.memory.name else ""
    return (
        f"You wrote: {quoted(exchange.text)}\n\nThis is your message number {len(exchange.texts)} in this "
        f"conversation{name}. I am the offline model and know nothing to answer that with, "
        f"but I remember everything that we say here. {_SUGGESTIONS}"
    )


_ANSWERS = (
    _after_a_tool,
    _of_the_application,
    _unasked,
    carry_out,
    recollect,
    _fact_told,
    _identity,
    _greeting,
    _courtesy,
)


def _guided(exchange: Exchange) -> str:
    budgets = _SENTENCES.findall(exchange.guidance)
    amount = int(budgets[-1]) if budgets else _USUAL_SENTENCES
    return guided(exchange.guidance, exchange.replies, max(1, amount))


def _title(exchange: Exchange) -> str:
    subject = _BEFORE_SUBJECT.sub("", exchange.texts[0]) if exchange.texts else ""
    chosen = re.findall(r"[^\W_][\w'-]*", subject)[:_LONGEST_TITLE]
    return " ".join(chosen).capitalize() or "A new conversation"
