"""One answer that is told in sentences, as it arrives at a viewer."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx2

from tests.heard import ANNOUNCEMENTS
from tests.viewer import events

_ENDS = {"turn.completed", "turn.stopped", "turn.failed"}


def sentences(count: int, about: str) -> list[str]:
    """As many that nobody said before, if `about` is new."""
    return [f"Of {about} this is thought number {number}, and it may go." for number in range(1, count + 1)]


@dataclass
class SpokenTurn:
    """When what arrived, on the clock of `perf_counter`."""

    asked: float = 0.0
    told: dict[int, float] = field(default_factory=dict)
    """By the index of the sentence."""
    heard: dict[int, float] = field(default_factory=dict)
    """Its announcement."""
    ended: float = 0.0

    @property
    def first_sentence(self) -> float:
        return min(self.told.values()) - self.asked

    @property
    def first_audio(self) -> float:
        return min(self.heard.values()) - self.asked

    @property
    def whole(self) -> float:
        return self.ended - self.asked

    @property
    def delays(self) -> Sequence[float]:
        """From sentences to their announcements."""
        return [at - self.told[index] for index, at in self.heard.items()]


async def begun(http: httpx2.AsyncClient, profile: str) -> str:
    """A session of `profile`."""
    answer = await http.post("/v1/sessions", json={"profile": profile})
    session_id: str = answer.raise_for_status().json()["session_id"]
    return session_id


async def spoken_turn(http: httpx2.AsyncClient, session_id: str, *, spoken: bool = True) -> SpokenTurn:
    """Ask, and listen until all is told, and heard of if it is `spoken`."""
    turn = SpokenTurn()
    async with aclosing(events(http, session_id, after="now")) as stream:
        asking = asyncio.create_task(_ask(http, session_id, turn))
        async for event in stream:
            _note(turn, event)
            if turn.ended and (not spoken or len(turn.heard) == len(turn.told)):
                break
        await asking
    return turn


async def _ask(http: httpx2.AsyncClient, session_id: str, turn: SpokenTurn) -> None:
    # Who listens from now on has to be connected first.
    await asyncio.sleep(0.1)
    turn.asked = perf_counter()
    await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go on"})


def _note(turn: SpokenTurn, event: dict[str, Any]) -> None:
    now = perf_counter()
    if event["type"] == "sentence":
        turn.told[event["index"]] = now
    elif event["type"] in ANNOUNCEMENTS:
        turn.heard[event["sentence_index"]] = now
    elif event["type"] in _ENDS:
        turn.ended = now
