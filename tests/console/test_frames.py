"""The browser's parser of server-sent events: however the bytes are cut, the same events."""

from base64 import b64encode
from random import Random
from typing import Any

from tests.console.node import node, run

node()

SEEDS = 400
LETTERS = ("a", ":", " ", "é", "👍", "\U0001d4b3", "\u2028", "\u0085", "{", "漢", "\ufeff")

Frames = list[dict[str, Any]]


def _text(dice: Random) -> str:
    return "".join(dice.choices(LETTERS, k=dice.randrange(12)))


def _stream(dice: Random) -> tuple[bytes, Frames]:
    """Bytes as some server might send them, and the frames that they mean."""
    lines: list[str] = []
    frames: Frames = []
    event_id = ""
    for number in range(dice.randrange(6)):
        data = [_text(dice) for _ in range(dice.randrange(4))]
        kind = dice.choice(("", "message.delta"))
        if dice.random() < 0.7:
            event_id = f"1-{number}"
            lines.append(f"id: {event_id}")
        lines += dice.choice(([], [": still here"], [":"], ["retry: 5"], ["unknown"], ["id: a\0b"]))
        lines += [f"event: {kind}"] if kind else []
        # A space that belongs to the text needs one more before it.
        lines += [
            f"data: {line}" if line.startswith(" ") or dice.random() < 0.8 else f"data:{line}"
            for line in data
        ]
        lines += [""] * dice.choice((1, 1, 2))
        frames += [{"id": event_id, "kind": kind, "data": "\n".join(data)}] if data else []
    lines.append("data: never finished")
    return _ended(dice, lines).encode(), frames


def _ended(dice: Random, lines: list[str]) -> str:
    """The lines, each with an end of its own; CR and an empty line that ends in LF would be one end."""
    stream = ""
    for line in lines:
        ends = ("\r\n", "\r") if stream.endswith("\r") and not line else ("\n", "\r\n", "\r")
        stream += line + dice.choice(ends)
    return stream


def _chunks(dice: Random, stream: bytes) -> list[bytes]:
    longest = dice.choice((1, 2, 5, 40, 10_000))
    chunks: list[bytes] = []
    while stream:
        size = dice.randint(0 if longest > 1 else 1, longest)
        chunks.append(stream[:size])
        stream = stream[size:]
    return chunks


def test_the_same_events_however_the_bytes_are_cut() -> None:
    asked, expected = [], []
    for seed in range(SEEDS):
        dice = Random(seed)  # noqa: S311 - repeatable; keeps no secret
        stream, frames = _stream(dice)
        asked.append([b64encode(chunk).decode() for chunk in _chunks(dice, stream)])
        expected.append(frames)
    for seed, (found, frames) in enumerate(zip(run("parse_frames.mjs", asked), expected, strict=True)):
        assert found == frames, f"seed {seed}"
