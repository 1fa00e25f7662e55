"""Owns the queue in which scripted behaviours wait. Must not know what any of them means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Scripted(BaseModel):
    """What every scripted behaviour says: whom it waits for, and how often it happens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contains: str | None = None
    """Only requests whose text has this substring; which text that is, the provider says."""
    times: int | None = Field(default=1, ge=1)
    """None means forever."""

    def concerns(self, text: str | None) -> bool:
        """Tell whether a request with this text is one that the behaviour waits for."""
        return self.contains is None or self.contains in (text or "")


Behaviour = TypeVar("Behaviour", bound=Scripted)


@dataclass
class _Queued(Generic[Behaviour]):
    behaviour: Behaviour
    left: int | None


class BehaviourQueue(Generic[Behaviour]):
    """Behaviours in the order in which requests take them: each request takes the first one that fits."""

    def __init__(self, kind: type[Behaviour]) -> None:
        self._queue: list[_Queued[Behaviour]] = []
        # `kind` is a variable to the checker, though a type at run time.
        self._json: TypeAdapter[list[Behaviour]] = TypeAdapter(list[kind])  # type: ignore[valid-type]
        self._json_of_one = TypeAdapter(kind)

    def add(self, behaviour: Behaviour) -> None:
        """Append a behaviour."""
        self._queue.append(_Queued(behaviour, behaviour.times))

    def add_json(self, raw: bytes) -> None:
        """Append one behaviour or a list of them; a pydantic ValidationError adds none."""
        is_list = raw.lstrip().startswith(b"[")
        parsed = self._json.validate_json(raw) if is_list else [self._json_of_one.validate_json(raw)]
        for behaviour in parsed:
            self.add(behaviour)

    def clear(self) -> None:
        """Forget all behaviours that still wait."""
        self._queue.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """Return what still waits, with `times` as left over."""
        return [
            queued.behaviour.model_dump(mode="json", exclude_defaults=True) | {"times": queued.left}
            for queued in self._queue
        ]

    def take_first(self, fits: Callable[[Behaviour], bool]) -> Behaviour | None:
        """Return the first behaviour that fits, used up by one."""
        for queued in self._queue:
            if fits(queued.behaviour):
                self._use_up(queued)
                return queued.behaviour
        return None

    def _use_up(self, queued: _Queued[Behaviour]) -> None:
        if queued.left is None:
            return
        queued.left -= 1
        if queued.left == 0:
            self._queue.remove(queued)
