"""The strict client: holds what a viewer holds, and refuses what a viewer must never get.

Fed with the events of one session in the order of their arrival. Owns the rules of the contract that can be
checked from the outside: nothing missing, nothing twice, nothing out of order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from activities.store.cursor import Cursor

TURN_ENDS: Final = {"turn.completed": "completed", "turn.stopped": "stopped", "turn.failed": "failed"}
WITHOUT_EFFECT_ON_TEXT: Final = frozenset(
    {
        "session.ending_soon", "session.open", "sentence", "phase.started", "phase.winding_down",
        "phase.completed", "speech.ready", "speech.skipped", "voice.state_changed", "interruption",
        "tool.started", "tool.completed", "tool.failed",
    }
)  # fmt: skip


class ContractViolationError(AssertionError):
    """The stream showed what a client must never see."""


@dataclass(frozen=True)
class HeldMessage:
    """One message as the client shows it."""

    text: str
    status: str
    """Of an assistant's message: `open`, then its last word's; of a person's: what became of it."""
    turn: int | None = None


REFUSED: Final = HeldMessage("", "rejected")
"""What is held of a message that was never accepted."""


class Reducer:
    """One viewer of one session."""

    def __init__(self) -> None:
        self.messages: dict[str, HeldMessage] = {}
        self.turns: dict[int, str] = {}
        """Number to `running`, `completed`, `stopped` or `failed`."""
        self.ended: str | None = None
        """The reason of the end."""
        self.status: str | None = None
        self.session: dict[str, Any] = {}
        self.cursor: str | None = None
        """Of the last event, as it was spelled."""
        self._cursor: Cursor | None = None
        self._session_id: str | None = None
        self._rules: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "session.started": self._session_shown,
            "session.updated": self._session_shown,
            "session.paused": self._session_shown,
            "session.resumed": self._session_shown,
            "session.status_changed": self._status_changed,
            "session.ended": self._session_ended,
            "message.accepted": self._accepted,
            "message.rejected": self._rejected,
            "message.withdrawn": self._withdrawn,
            "message.injected": self._injected,
            "message.delta": self._delta,
            "message.completed": self._completed,
            "message.truncated": self._truncated,
            "turn.started": self._turn_started,
            "turn.retrying": self._turn_goes_on,
            "turn.superseded": self._superseded,
            **dict.fromkeys(TURN_ENDS, self._turn_ended),
            **dict.fromkeys(WITHOUT_EFFECT_ON_TEXT, lambda _: None),
        }

    @property
    def running_turn(self) -> int | None:
        return next((number for number, status in self.turns.items() if status == "running"), None)

    def feed(self, event: dict[str, Any], cursor: str | None = None) -> None:
        """Take the next event. Raises ContractViolationError."""
        kind = event["type"]
        self._demand(self.ended is None, f"{kind} after session.ended")
        self._check_session(event)
        if kind == "reset":
            self._reset(event)
        self._check_cursor(kind, cursor if cursor is not None else event.get("cursor"))
        if kind != "reset":
            self._demand(kind in self._rules, f"unknown event {kind}")
            self._rules[kind](event)

    def _demand(self, satisfied: bool, violation: str) -> None:
        if not satisfied:
            raise ContractViolationError(f"{violation} (behind {self._cursor})")

    def _check_session(self, event: dict[str, Any]) -> None:
        session_id = event["session_id"]
        self._demand(self._session_id in {None, session_id}, f"an event of another session, {session_id}")
        self._session_id = session_id

    def _check_cursor(self, kind: str, spelled: str | None) -> None:
        if spelled is None:
            return
        cursor = Cursor.parse(spelled)
        if cursor is None:
            raise ContractViolationError(f"{kind} has an unreadable cursor {spelled}")
        self._demand(cursor != self._cursor, f"{kind} repeats its predecessor's cursor")
        self._demand(self._cursor is None or self._cursor < cursor, f"{kind} at {cursor} is out of order")
        self._cursor, self.cursor = cursor, spelled

    # ---- the session ---------------------------------------------------------------------------------

    def _session_shown(self, event: dict[str, Any]) -> None:
        """The object shows the session as it is now; `session.status_changed` follows where that is news."""
        self.session = event["session"]
        if event["type"] == "session.started":
            self._demand(self.status is None, "a session that starts a second time")
            self.status = event["session"]["status"]

    def _status_changed(self, event: dict[str, Any]) -> None:
        old, new = event["old"], event["new"]
        self._demand(self.status in {None, old}, f"status changes from {old}, but was {self.status}")
        self._demand(old != new, f"status changes from {old} to itself")
        self.status = new

    def _session_ended(self, event: dict[str, Any]) -> None:
        self._demand(self.running_turn is None, f"the session ends in the middle of turn {self.running_turn}")
        self.ended = event["reason"]

    def _reset(self, event: dict[str, Any]) -> None:
        """Replace everything; the order of cursors begins anew, too."""
        session, partial = event["session"], event["partial"]
        self._cursor = None
        self.session, self.status, self.ended = session, session["status"], session.get("end_reason")
        self.messages = {
            **{m["message_id"]: HeldMessage("", "rejected") for m in event.get("rejected", ())},
            **{m["message_id"]: HeldMessage(m["text"], "accepted") for m in session.get("queue", ())},
            **{m["message_id"]: HeldMessage(m["content"], m["status"], m["turn"]) for m in event["messages"]},
        }
        running = session.get("turn")
        self.turns = {running["number"]: "running"} if running else {}
        if partial is not None:
            self._demand(partial["turn"] == self.running_turn, "a partial message of no running turn")
            self._demand(partial["message_id"] not in self.messages, "a partial message that is complete")
            self.messages[partial["message_id"]] = HeldMessage(partial["text"], "open", partial["turn"])

    # ---- what people say -----------------------------------------------------------------------------

    def _accepted(self, event: dict[str, Any]) -> None:
        message_id = event["message_id"]
        held = self.messages.get(message_id, REFUSED)
        self._demand(held.status == "rejected", f"message {message_id} is accepted a second time")
        self.messages[message_id] = HeldMessage(event["content"], "accepted")

    def _rejected(self, event: dict[str, Any]) -> None:
        message_id = event["message_id"]
        held = self.messages.get(message_id, REFUSED)
        if held.status in {"accepted", "rejected"}:
            self.messages[message_id] = HeldMessage(held.text, "rejected")
        else:
            # A malformed copy of a message that was used.
            self._demand(event["reason"] == "invalid_request", f"{message_id} is rejected, but {held.status}")

    def _withdrawn(self, event: dict[str, Any]) -> None:
        message_id = event["message_id"]
        held = self.messages.get(message_id, REFUSED)
        self._demand(held.status == "accepted", f"message {message_id} is withdrawn, but was {held.status}")
        self.messages[message_id] = HeldMessage(held.text, "withdrawn")

    def _injected(self, event: dict[str, Any]) -> None:
        self._turn_goes_on(event)
        self._use(event["message_id"], event["turn"])

    def _use(self, message_id: str, turn: int) -> None:
        held = self.messages.get(message_id)
        if held is None or held.status != "accepted":
            raise ContractViolationError(f"turn {turn} uses message {message_id}, which is {held}")
        self.messages[message_id] = HeldMessage(held.text, "complete", turn)

    # ---- turns ---------------------------------------------------------------------------------------

    def _turn_started(self, event: dict[str, Any]) -> None:
        turn = event["turn"]
        self._demand(turn not in self.turns, f"turn {turn} starts a second time")
        self._demand(self.running_turn is None, f"turn {turn} starts while {self.running_turn} is running")
        self._demand(turn > max(self.turns, default=0), f"turn {turn} starts after a later one")
        self.turns[turn] = "running"
        for message_id in event["message_ids"]:
            self._use(message_id, turn)

    def _turn_goes_on(self, event: dict[str, Any]) -> None:
        turn = event["turn"]
        status = self.turns.get(turn, "not started")
        self._demand(status == "running", f"{event['type']} in turn {turn}, which is {status}")

    def _turn_ended(self, event: dict[str, Any]) -> None:
        self._turn_goes_on(event)
        turn = event["turn"]
        left_open = [
            key
            for key, held in self.messages.items()
            if held.turn == turn and held.status == "open" and held.text
        ]
        self._demand(not left_open, f"turn {turn} ends and leaves {left_open} open")
        self.turns[turn] = TURN_ENDS[event["type"]]

    # ---- what the model says -------------------------------------------------------------------------

    def _open_message(self, event: dict[str, Any]) -> str:
        self._turn_goes_on(event)
        message_id, turn = event["message_id"], event["turn"]
        held = self.messages.get(message_id, HeldMessage("", "open", turn))
        self._demand(held.status == "open", f"{event['type']} of {message_id}, which is {held.status}")
        self._demand(held.turn == turn, f"{event['type']} of {message_id} in another turn")
        return held.text

    def _delta(self, event: dict[str, Any]) -> None:
        held, offset = self._open_message(event), event["offset"]
        self._demand(offset <= len(held), f"gap: a delta at {offset}, but {len(held)} are held")
        self._demand(offset >= len(held), f"overlap: a delta at {offset}, but {len(held)} are held")
        self.messages[event["message_id"]] = HeldMessage(held + event["text"], "open", event["turn"])

    def _superseded(self, event: dict[str, Any]) -> None:
        self._open_message(event)
        self.messages[event["message_id"]] = HeldMessage("", "open", event["turn"])

    def _completed(self, event: dict[str, Any]) -> None:
        held, text = self._open_message(event), event["text"]
        self._demand(text == held, f"the last word is {text!r}, but {held!r} is held")
        self.messages[event["message_id"]] = HeldMessage(text, event["status"], event["turn"])

    def _truncated(self, event: dict[str, Any]) -> None:
        held = self.messages.get(event["message_id"], HeldMessage("", "missing"))
        self._demand(held.text.startswith(event["text"]), "a message is truncated to what it did not say")
        self.messages[event["message_id"]] = HeldMessage(event["text"], held.status, held.turn)
