"""A person who talks: starts sessions, sends, interrupts, stops, pauses, renames and closes, and asks again.

Owns what people do and how often. Must not read the stream: that is the viewers' work.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.office import Office, Wish
from tests.chaos.records import Try
from tests.chaos.words import asking_for

IMPATIENT: Final = 0.15
"""How often the same thing is asked for twice at once."""
CLOSED: Final = 409

SESSIONS: Final[tuple[tuple[int, dict[str, Any]], ...]] = (
    (14, {}),
    (2, {"limits": {"idle_timeout": 2}}),
    (1, {"limits": {"max_messages": 4}}),
    (1, {"limits": {"max_duration": 6}}),
)
"""What sessions are started with, and how often."""


@dataclass(frozen=True)
class Pace:
    """How much is said, and how fast: answers of up to `most_words`, but most of them a quarter of it."""

    tokens_per_second: float = 30.0
    most_words: int = 200
    long_share: float = 0.08
    longest_pause: float = 2.5
    """Seconds between what a person does and what they do next."""


USUAL: Final = Pace()


class SessionOverError(Exception):
    """The session takes no more."""


class Talker:
    """Talks in one session after the other until the office closes; `started` hears of each."""

    def __init__(
        self, name: str, seed: int, office: Office, pace: Pace, started: Callable[[str], None]
    ) -> None:
        self._name = name
        self._dice = random.Random(f"talker {name} {seed}")  # noqa: S311  a person is no secret
        self._office = office
        self._pace = pace
        self._started = started
        self._count = 0
        self._session_id = ""
        self._acts: dict[Callable[[], Awaitable[None]], int] = {
            self._say_something: 60,
            self._say_and_withdraw: 7,
            self._say_much_at_once: 7,
            self._stop: 8,
            self._pause: 6,
            self._rename: 8,
        }

    async def talk(self) -> None:
        while self._office.open:
            try:
                await self._one_session()
            except SessionOverError:
                continue

    async def _one_session(self) -> None:
        await self._start()
        for _ in range(self._dice.randint(2, 14)):
            if not self._office.open:
                break
            (act,) = self._dice.choices(list(self._acts), list(self._acts.values()))
            await act()
            await asyncio.sleep(self._dice.uniform(0, self._pace.longest_pause))
        if self._dice.random() < 0.5:
            await self._wish("close", "DELETE")

    async def _start(self) -> None:
        self._count += 1
        key = f"{self._name}-{self._count}"
        weights = [weight for weight, _ in SESSIONS]
        body = dict(self._dice.choices([body for _, body in SESSIONS], weights)[0])
        content = ""
        if self._dice.random() < 0.3:
            body["message"] = self._message()
            content = body["message"]["content"]
        about = body.get("message", {}).get("message_id", "")
        headers = {"Idempotency-Key": key}
        wish = Wish("start", "POST", "/v1/sessions", "", f"{key} {about}", content, body, headers)
        tried = await self._ask(wish)
        self._session_id = tried.answer["session_id"]
        self._started(self._session_id)

    def _message(self, delivery: str | None = None) -> dict[str, Any]:
        name = self._office.next_mark()
        chosen = delivery or self._dice.choice(("steer", "steer", "queue", "interrupt"))
        content = asking_for(self._words(), name)
        return {"message_id": f"t-{name}", "content": content, "delivery": chosen}

    def _words(self) -> int:
        most = self._pace.most_words
        is_long = self._dice.random() < self._pace.long_share
        return self._dice.randint(most // 2, most) if is_long else self._dice.randint(1, most // 4)

    async def _say(self, delivery: str | None = None) -> str:
        message = self._message(delivery)
        name = message["message_id"]
        await self._wish("message", "POST", "/messages", about=name, content=message["content"], body=message)
        return str(name)

    async def _say_something(self) -> None:
        await self._say()

    async def _say_and_withdraw(self) -> None:
        await self._say()
        name = await self._say("queue")
        await self._wish("withdraw", "DELETE", f"/messages/{name}", about=name)

    async def _say_much_at_once(self) -> None:
        """Order between them is anybody's; each must be there once."""
        await asyncio.gather(*(self._say() for _ in range(4)))

    async def _stop(self) -> None:
        await self._wish("stop", "POST", "/stop")

    async def _pause(self) -> None:
        await self._wish("pause", "POST", "/pause")
        if self._dice.random() < 0.5:
            await self._say()
        await asyncio.sleep(self._dice.uniform(0, 1.5))
        await self._wish("resume", "POST", "/resume")

    async def _rename(self) -> None:
        title = f"title {self._office.next_mark()}"
        await self._wish("title", "PATCH", about=title, body={"title": title})

    async def _wish(
        self, verb: str, method: str, path: str = "", *, about: str = "", content: str = "", body: Any = None
    ) -> Try:
        whole_path = f"/v1/sessions/{self._session_id}{path}"
        wish = Wish(verb, method, whole_path, self._session_id, about, content, body)
        tried = await self._ask(wish)
        if tried.code == "session_closed":
            raise SessionOverError
        return tried

    async def _ask(self, wish: Wish) -> Try:
        impatient = self._dice.random() < IMPATIENT
        ask = self._office.ask_twice_at_once if impatient else self._office.ask
        tried = await ask(wish, self._dice)
        if tried is None:
            raise SessionOverError
        return tried
