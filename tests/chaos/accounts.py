"""What became of every message that somebody sent, and of every answer.

Pure. Owns the comparison of what was asked, what the engine knows and what the transcript says; must not know
streams.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tests.chaos.records import Settled, Try
from tests.chaos.verdict import Harm, Violation
from tests.chaos.words import answer_to, flaw

TAKEN: Final = frozenset({200, 201, 202})
_HARMS: Final = {
    "lost": Harm.LOST,
    "doubled": Harm.DOUBLED,
    "reordered": Harm.REORDERED,
    "strange": Harm.BROKEN,
}


@dataclass(frozen=True)
class Sent:
    """A message of a client; `taken_at` is None when no answer said so."""

    message_id: str
    content: str
    first_asked_at: float
    taken_at: float | None


def sent_messages(tries: Iterable[Try]) -> dict[str, Sent]:
    """Every message that was sent to a session, by id."""
    sent: dict[str, Sent] = {}
    for tried in tries:
        message_id = message_of(tried)
        if not message_id:
            continue
        before = sent.get(message_id)
        first = min(tried.asked_at, before.first_asked_at) if before else tried.asked_at
        taken = [tried.answered_at] if tried.status in TAKEN else []
        taken += [before.taken_at] if before and before.taken_at is not None else []
        sent[message_id] = Sent(message_id, tried.content, first, min(taken, default=None))
    return sent


def message_of(tried: Try) -> str:
    """The id of the message that a request carries; empty when it carries none."""
    if tried.verb == "message":
        return tried.about
    return tried.about.partition(" ")[2] if tried.verb == "start" else ""


def check_messages(
    settled: Settled, tries: Sequence[Try], told: Mapping[str, set[str]], deliveries: Mapping[str, str]
) -> Iterator[Violation]:
    """Of one session; `told` says what viewers heard of a message, `deliveries` how it was sent."""
    sent = sent_messages(tries)
    used = Counter(message["message_id"] for message in settled.transcript)
    for message_id, times in used.items():
        if times > 1:
            yield Violation(
                Harm.DOUBLED, settled.session_id, f"{message_id} is {times} times in the transcript"
            )
    taken = {one.message_id for one in sent.values() if one.taken_at is not None}
    owed = taken | (set(settled.signalled) - _refused(tries))
    # A reset tells viewers nothing of what was withdrawn; who withdrew it knows.
    for message_id in sorted(owed - _withdrawn(tries)):
        if message_id not in used and not told.get(message_id, set()) & {"rejected", "withdrawn"}:
            known = "the engine has it" if message_id in settled.signalled else "the engine never had it"
            detail = f"{message_id} was taken and is nowhere; {known}"
            yield Violation(Harm.LOST, settled.session_id, detail)
    yield from _check_contents(settled, sent)
    yield from _check_withdrawals(settled, tries, used)
    yield from _check_order(settled, sent, deliveries)


def _withdrawn(tries: Iterable[Try]) -> set[str]:
    """Messages that were withdrawn, or may have been: nobody answered."""
    done = (tried for tried in tries if tried.verb == "withdraw" and not _is_refused(tried))
    return {tried.about for tried in done}


def _refused(tries: Iterable[Try]) -> set[str]:
    """Messages that came too late, as who sent them was told."""
    return {message_of(tried) for tried in tries if _is_refused(tried)}


def _is_refused(tried: Try) -> bool:
    return HTTPStatus.BAD_REQUEST <= tried.status < HTTPStatus.INTERNAL_SERVER_ERROR


def _check_contents(settled: Settled, sent: Mapping[str, Sent]) -> Iterator[Violation]:
    for message in settled.transcript:
        if message["role"] != "user":
            continue
        asked = sent.get(message["message_id"])
        if asked is None or asked.content != message["content"]:
            detail = f"{message['message_id']} says {message['content']!r}, which nobody sent"
            yield Violation(Harm.BROKEN, settled.session_id, detail)


def _check_withdrawals(
    settled: Settled, tries: Iterable[Try], used: Mapping[str, int]
) -> Iterator[Violation]:
    for tried in tries:
        if tried.verb == "withdraw" and tried.status in TAKEN and tried.about in used:
            yield Violation(Harm.BROKEN, settled.session_id, f"{tried.about} was withdrawn, and used")


def _check_order(
    settled: Settled, sent: Mapping[str, Sent], deliveries: Mapping[str, str]
) -> Iterator[Violation]:
    """What was sent after another message had been taken comes after it, if both were sent in one way."""
    turns = [message["turn"] for message in settled.transcript]
    if turns != sorted(turns):
        yield Violation(Harm.REORDERED, settled.session_id, f"the transcript's turns are {turns}")
    places = [message["message_id"] for message in settled.transcript if message["message_id"] in sent]
    for delivery in ("steer", "queue"):
        alike = [sent[name] for name in places if deliveries.get(name) == delivery]
        for index, later in enumerate(alike):
            for earlier in alike[index + 1 :]:
                if earlier.taken_at is not None and earlier.taken_at < later.first_asked_at:
                    detail = f"{later.message_id} comes before {earlier.message_id}, which was taken first"
                    yield Violation(Harm.REORDERED, settled.session_id, detail)


def check_answers(settled: Settled) -> Iterator[Violation]:
    """Each answer is what the last message of its turn asked for, or the beginning of it."""
    asked: dict[int, str] = {}
    for message in settled.transcript:
        if message["role"] == "user":
            asked[message["turn"]] = message["content"]
            continue
        yield from _check_answer(settled.session_id, message, asked.get(message["turn"]))


def _check_answer(session_id: str, message: dict[str, Any], content: str | None) -> Iterator[Violation]:
    if content is None:
        yield Violation(Harm.BROKEN, session_id, f"{message['message_id']} answers nobody")
        return
    whole = message["status"] == "complete"
    found = flaw(answer_to(content), message["content"], whole=whole)
    if found is not None:
        detail = f"{message['message_id']} ({message['status']}): {found} words in {message['content']!r}"
        yield Violation(_HARMS[found], session_id, f"{detail}, not {answer_to(content)!r}")
