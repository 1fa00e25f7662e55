"""Events in an order that no session would tell, to see that two implementations make the same of them.

Owns the vocabulary: few ids and short texts, so that events meet. Must not know what they mean.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

Event = dict[str, Any]
AT: Final = "2026-11-20T10:00:00.000Z"
LETTERS: Final = ("a", "é", "e\u0301", "👍", "🏽", "\U0001d4b3", "\u2028", "\n", "漢")
OWN: Final = ("m-1", "m-2", "m-3")
SPOKEN: Final = ("a-1.1", "a-1.2", "a-2.1")


def _text(dice: Random) -> str:
    return "".join(dice.choices(LETTERS, k=dice.randrange(5)))


def _turn(dice: Random) -> int:
    return dice.randrange(1, 4)


def _transcript(dice: Random) -> list[Event]:
    names = dice.sample([*OWN, *SPOKEN], dice.randrange(4))
    return [
        {"message_id": name, "role": "user" if name in OWN else "assistant", "content": _text(dice),
         "status": dice.choice(("complete", "stopped")), "turn": _turn(dice)}
        for name in names
    ]  # fmt: skip


def _reset(dice: Random) -> Event:
    turn = dice.choice((None, {"number": _turn(dice)}))
    partial = {"message_id": dice.choice(SPOKEN), "turn": _turn(dice), "text": _text(dice)}
    queue = [
        {"message_id": name, "delivery": "queue", "agent": "assistant", "text": _text(dice)}
        for name in dice.sample(OWN, dice.randrange(3))
    ]
    phase = dice.choice((None, {"name": dice.choice("xy"), "index": 1, "of": 2}))
    session = {"status": "active", "turn": turn, "queue": queue, "phase": phase}
    return {
        "type": "reset", "session": session, "messages": _transcript(dice),
        "partial": dice.choice((None, partial)), "sentences": [_sentence(dice)], "speech": [],
    }  # fmt: skip


def _sentence(dice: Random) -> Event:
    index, phase = dice.randrange(6), dice.choice(("x", "y", None))
    return {"type": "sentence", "turn": 1, "index": index, "text": _text(dice), "phase": phase}


def _said(kind: str, *names: str) -> Callable[[Random], Event]:
    """An event about a message, with these of the fields that there are."""

    def make(dice: Random) -> Event:
        fields = {
            "turn": _turn(dice), "offset": dice.randrange(7), "text": _text(dice),
            "status": dice.choice(("complete", "stopped", "failed")),
        }  # fmt: skip
        return {"type": kind, "message_id": dice.choice(SPOKEN), **{name: fields[name] for name in names}}

    return make


def _sent(kind: str, **fields: Any) -> Callable[[Random], Event]:
    return lambda dice: {"type": kind, "message_id": dice.choice(OWN), **fields, "turn": _turn(dice)}


def _turned(kind: str, **fields: Any) -> Callable[[Random], Event]:
    return lambda dice: {"type": kind, "turn": _turn(dice), **fields}


def _phase(kind: str) -> Callable[[Random], Event]:
    return lambda dice: {
        "type": kind, "phase": dice.choice("xy"), "index": 1, "of": 2, "budget": 9,
        "sentences": dice.randrange(9), "next": None,
    }  # fmt: skip


def _started(dice: Random) -> Event:
    return {"type": "turn.started", "turn": _turn(dice), "message_ids": dice.sample(OWN, dice.randrange(3))}


MAKERS: Final[Sequence[Callable[[Random], Event]]] = (
    *[_said("message.delta", "turn", "offset", "text")] * 8,
    *[_sent("message.accepted", content="hello", delivery="steer")] * 3,
    *[_started] * 2,
    _said("message.completed", "turn", "text", "status"),
    _said("message.truncated", "text"),
    _said("turn.superseded", "turn"),
    _sent("message.rejected", reason="queue_full"),
    _sent("message.withdrawn"),
    _sent("message.injected"),
    _turned("turn.retrying", attempt=2, at=AT, next_retry_at=AT, reason="timeout"),
    _turned("turn.completed"),
    _turned("turn.failed"),
    _sentence,
    _phase("phase.started"),
    _phase("phase.winding_down"),
    _phase("phase.completed"),
    _reset,
    lambda _: {"type": "session.updated", "session": {"status": "paused"}},
    lambda _: {"type": "session.status_changed", "old": "idle", "new": "active"},
)


def guessed_log(seed: int, longest: int = 40) -> list[Event]:
    """The same for the same `seed`; some events lack a field, now and then it all ends."""
    dice = Random(seed)  # noqa: S311 - repeatable; keeps no secret
    log = [dice.choice(MAKERS)(dice) for _ in range(dice.randrange(longest))]
    for event in log:
        # Of a torn reset, Python's two readers may understand one half each.
        if event["type"] != "reset" and dice.random() < 0.05:
            event.pop(dice.choice(list(event)))
    return [*log, {"type": "session.ended", "reason": "completed"}] if dice.random() < 0.1 else log
