"""The judge: what was recorded goes in, what was violated comes out.

Pure, and the same for a run that has just ended and one that is read again. Owns what is compared across
viewers, clients and engine; the rules of one stream are `viewing`'s, those of messages `accounts`'.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from activities.store.cursor import Cursor
from tests.chaos.accounts import TAKEN, check_answers, check_messages, message_of
from tests.chaos.records import Arrival, Happened, Records, Settled, Try
from tests.chaos.schedule import STORE_LOSSES
from tests.chaos.verdict import Harm, Violation
from tests.chaos.viewing import Viewing, viewings
from tests.reducer import HeldMessage

AT_REST: Final = frozenset({"idle", "closed"})
KEPT_ENTRIES: Final = 2_000
"""Longer logs may be shortened, which viewers learn by a reset."""
SHOWN_OF_QUEUED: Final = 200
BUG: Final = 500


@dataclass(frozen=True)
class Story:
    """All that is known of one session."""

    settled: Settled
    tries: Sequence[Try]
    arrivals: Sequence[Arrival]
    faults: Sequence[Happened]

    @property
    def session_id(self) -> str:
        return self.settled.session_id


def check(records: Records) -> list[Violation]:
    """Everything that was violated in a run."""
    tries, settled = list(records.all(Try)), list(records.all(Settled))
    faults = list(records.all(Happened))
    by_session = _by_session(tries)
    found = list(check_run(tries, settled))
    for one in settled:
        arrivals = list(records.all(Arrival, one.session_id))
        found += check_story(Story(one, by_session.get(one.session_id, ()), arrivals, faults))
    return found


def _by_session(tries: Iterable[Try]) -> dict[str, list[Try]]:
    """Requests by the session they were about; one that starts a session belongs to what its key started."""
    owners = {_key(tried): tried.answer["session_id"] for tried in tries if _starts(tried)}
    found: dict[str, list[Try]] = {}
    for tried in tries:
        found.setdefault(tried.session_id or owners.get(_key(tried), ""), []).append(tried)
    return found


def _starts(tried: Try) -> bool:
    return tried.verb == "start" and tried.status in TAKEN


def _key(tried: Try) -> str:
    return tried.about.partition(" ")[0]


def check_run(tries: Sequence[Try], settled: Sequence[Settled]) -> Iterator[Violation]:
    """What concerns more than one session."""
    for key, names in _sessions_of_keys(tries).items():
        if len(names) > 1:
            yield Violation(Harm.DOUBLED, "", f"the Idempotency-Key {key} started {sorted(names)}")
    known = {one.session_id for one in settled}
    for names in _sessions_of_keys(tries).values():
        yield from (Violation(Harm.LOST, name, "was started and is nowhere") for name in names - known)
    for key, times in Counter(one.session["session_key"] for one in settled).items():
        if times > 1:
            yield Violation(Harm.DOUBLED, "", f"{times} sessions have the key {key}")
    for tried in tries:
        if tried.status == BUG:
            yield Violation(Harm.BROKEN, tried.session_id, f"{tried.verb} was answered with {tried.status}")
        if tried.code == "session_not_found":
            detail = f"{tried.verb} at {tried.answered_at:.3f} s: the session is not known"
            yield Violation(Harm.BROKEN, tried.session_id, detail)


def _sessions_of_keys(tries: Iterable[Try]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for tried in tries:
        if _starts(tried):
            found.setdefault(_key(tried), set()).add(tried.answer["session_id"])
    return found


def check_story(story: Story) -> Iterator[Violation]:
    """What concerns one session."""
    seen = viewings(story.arrivals)
    for viewing in seen:
        if viewing.violation is not None:
            yield viewing.violation
        else:
            yield from _check_end(story.settled, viewing)
        yield from _check_resets(story, viewing)
        yield from _check_senders(story, viewing)
    yield from _check_settled(story.settled)
    yield from check_messages(story.settled, story.tries, _told(seen), _deliveries(seen))
    yield from check_answers(story.settled)
    yield from _check_title(story)


def _told(seen: Iterable[Viewing]) -> dict[str, set[str]]:
    """Message id to what any viewer heard of it: accepted, rejected, withdrawn."""
    told: dict[str, set[str]] = {}
    for viewing in seen:
        for arrival in viewing.arrivals:
            noun, _, verb = arrival.event["type"].partition(".")
            if noun == "message" and "message_id" in arrival.event:
                told.setdefault(arrival.event["message_id"], set()).add(verb)
            for rejected in arrival.event.get("rejected", ()):
                told.setdefault(rejected["message_id"], set()).add("rejected")
    return told


def _deliveries(seen: Iterable[Viewing]) -> dict[str, str]:
    return {
        arrival.event["message_id"]: arrival.event["delivery"]
        for viewing in seen
        for arrival in viewing.arrivals
        if arrival.event["type"] == "message.accepted"
    }


def _check_end(settled: Settled, viewing: Viewing) -> Iterator[Violation]:
    """In the end a viewer holds what the transcript says, and knows how the session is."""
    session_id, held, where = settled.session_id, viewing.held, viewing.viewer
    goal, reached = Cursor.parse(settled.session["cursor"]), Cursor.parse(held.cursor or "0-0")
    if goal is not None and reached is not None and reached < goal and not held.ended:
        yield Violation(Harm.LOST, session_id, f"{where} got to {reached} only, not to {goal}")
        return
    yield from _check_held(settled, viewing)
    waiting = [name for name, message in held.messages.items() if message.status == "accepted"]
    if waiting:
        yield Violation(Harm.LOST, session_id, f"{where} still waits for {waiting}")
    if held.running_turn is not None:
        yield Violation(Harm.BROKEN, session_id, f"{where} never saw turn {held.running_turn} end")
    if held.status != settled.session["status"] and not held.ended:
        detail = f"{where} takes the session for {held.status}, it is {settled.session['status']}"
        yield Violation(Harm.BROKEN, session_id, detail)
    if (held.ended is not None) != (settled.session["status"] == "closed"):
        yield Violation(Harm.BROKEN, session_id, f"{where} was told of the end: {held.ended}")


def _check_held(settled: Settled, viewing: Viewing) -> Iterator[Violation]:
    transcript = {
        message["message_id"]: HeldMessage(message["content"], message["status"], message["turn"])
        for message in settled.transcript
    }
    for name in sorted(transcript.keys() | viewing.used.keys()):
        held, kept = viewing.used.get(name), transcript.get(name)
        if held == kept or (held and kept and viewing.was_reset and _is_shortened(held, kept)):
            continue
        harm = Harm.BROKEN if held and kept else Harm.LOST
        detail = f"{viewing.viewer} holds {name} as {held}, the transcript as {kept}"
        yield Violation(harm, settled.session_id, detail)


def _is_shortened(held: HeldMessage, kept: HeldMessage) -> bool:
    """A reset shows no more of a message that waits than the session object does."""
    return held == replace(kept, text=kept.text[:SHOWN_OF_QUEUED])


def _check_resets(story: Story, viewing: Viewing) -> Iterator[Violation]:
    """Only a store that lost something, or a long log, makes a viewer begin anew."""
    losses = [fault.began for fault in story.faults if fault.kind in STORE_LOSSES]
    longest = 0
    for arrival in viewing.arrivals:
        cursor = Cursor.parse(arrival.event["cursor"])
        longest = max(longest, cursor.n if cursor else 0)
        is_reset = arrival.event["type"] == "reset"
        if is_reset and longest <= KEPT_ENTRIES and not any(began < arrival.at for began in losses):
            detail = f"{viewing.viewer} had to begin anew at {arrival.at:.3f} s, for no reason"
            yield Violation(Harm.BROKEN, story.session_id, detail)


def _check_senders(story: Story, viewing: Viewing) -> Iterator[Violation]:
    sent = {message_of(tried) for tried in story.tries}
    for arrival in viewing.arrivals:
        if arrival.event["type"] == "message.accepted" and arrival.event["message_id"] not in sent:
            detail = f"{viewing.viewer} saw {arrival.event['message_id']}, which nobody sent"
            yield Violation(Harm.BROKEN, story.session_id, detail)


def _check_settled(settled: Settled) -> Iterator[Violation]:
    session, session_id = settled.session, settled.session_id
    if settled.replay_failure:
        yield Violation(Harm.NONDETERMINISM, session_id, settled.replay_failure)
    if session["status"] not in AT_REST or session["turn"] is not None or session["queued"]:
        detail = f"is {session['status']} in the end: turn {session['turn']}, {session['queued']} waiting"
        yield Violation(Harm.BROKEN, session_id, detail)
    if settled.listed != 1:
        harm = Harm.DOUBLED if settled.listed else Harm.LOST
        yield Violation(harm, session_id, f"is {settled.listed} times in the list")


def _check_title(story: Story) -> Iterator[Violation]:
    """The last title stays, unless an earlier request may still have been under way."""
    renamings = [tried for tried in story.tries if tried.verb == "title"]
    if not renamings:
        return
    last, title = max(renamings, key=lambda tried: tried.asked_at), story.settled.session["title"]
    possible = {tried.about for tried in renamings if tried.status not in TAKEN} | {last.about}
    if last.status not in TAKEN:
        possible |= {tried.about for tried in renamings}
    if title not in possible and not (title is None and last.status not in TAKEN):
        yield Violation(Harm.BROKEN, story.session_id, f"is called {title!r}, not {last.about!r}")
