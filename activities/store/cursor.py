"""A place in a session's event log.

`<epoch>-<n>` behind entry n of an epoch; a write's answer adds `~<write id>`, which lets a read wait until
that write has taken effect; an event's cursor adds `.<print>` of everything up to it, because a store that
went back to an older state gives n a second time. Clients treat it as opaque. Owns that spelling.
"""

import re
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Final

_SPELLING: Final = re.compile(
    r"([0-9]{1,15})-([0-9]{1,15})(?:\.([0-9a-f]{8}))?(?:~([A-Za-z0-9._:-]{1,128}))?"
)


@total_ordering
@dataclass(frozen=True)
class Cursor:
    """Behind entry `n` of `epoch`, whose past has this `print`; equal when they are the same place."""

    epoch: int
    n: int
    write_id: str | None = field(default=None, compare=False)
    print: str | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """The cursor that `text` spells; None when it spells none."""
        found = _SPELLING.fullmatch(text)
        return cls(int(found[1]), int(found[2]), print=found[3], write_id=found[4]) if found else None

    @property
    def stream_id(self) -> str:
        """As the stream spells it."""
        return f"{self.epoch}-{self.n}"

    def follows(self, other: "Cursor") -> bool:
        """Whether nothing lies between `other` and this."""
        return self.epoch == other.epoch and self.n == other.n + 1

    def agrees_with(self, other: "Cursor") -> bool:
        """Whether both are the same place, with the same past as far as it is known."""
        return self == other and (self.print is None or other.print is None or self.print == other.print)

    def __str__(self) -> str:
        seen = "" if self.print is None else f".{self.print}"
        return self.stream_id + seen + ("" if self.write_id is None else f"~{self.write_id}")

    def __lt__(self, other: "Cursor") -> bool:
        return (self.epoch, self.n) < (other.epoch, other.n)


BEGINNING: Final = Cursor(0, 0)
