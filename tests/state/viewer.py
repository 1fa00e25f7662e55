"""A viewer that believes every word of the log, and complains of the first that cannot be true.

Owns what a client may rely on whatever died in between; must not know how the log was written.
"""

from collections.abc import Iterable
from typing import Any


class Viewer:
    """A session as its log tells it, to someone who sees only the log."""

    def __init__(self) -> None:
        self.status = "idle"
        self.turn: int | None = None
        self.fates: dict[str, str] = {}
        self.over = False

    def watch(self, log: Iterable[dict[str, Any]]) -> "Viewer":
        for event in log:
            assert not self.over, f"{event['type']} after the end"
            getattr(self, "_" + event["type"].replace(".", "_"), lambda _: None)(event)
        return self

    def _session_status_changed(self, event: dict[str, Any]) -> None:
        assert event["old"] == self.status != event["new"], "a broken chain of status changes"
        self.status = event["new"]

    def _session_ended(self, _: dict[str, Any]) -> None:
        assert self.turn is None, "ended with a turn running"
        assert "waiting" not in self.fates.values(), "ended with messages waiting"
        assert self.status == "closed"
        self.over = True

    def _message_accepted(self, event: dict[str, Any]) -> None:
        assert event["message_id"] not in self.fates, "accepted twice"
        self.fates[event["message_id"]] = "waiting"

    def _message_withdrawn(self, event: dict[str, Any]) -> None:
        self._meets(event["message_id"], "withdrawn")

    def _message_injected(self, event: dict[str, Any]) -> None:
        assert event["turn"] == self.turn
        self._meets(event["message_id"], "used")

    def _message_rejected(self, event: dict[str, Any]) -> None:
        if event["message_id"] in self.fates:
            self._meets(event["message_id"], "rejected")

    def _turn_started(self, event: dict[str, Any]) -> None:
        assert self.turn is None, "two turns at once"
        self.turn = event["turn"]
        for message_id in event["message_ids"]:
            self._meets(message_id, "used")

    def _turn_completed(self, event: dict[str, Any]) -> None:
        assert event["turn"] == self.turn, "the end of another turn"
        self.turn = None

    _turn_stopped = _turn_failed = _turn_completed

    def _meets(self, message_id: str, fate: str) -> None:
        assert self.fates.get(message_id) == "waiting", f"{fate}, and yet {self.fates.get(message_id)}"
        self.fates[message_id] = fate
