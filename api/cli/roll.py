"""A conversation on something that cannot take words back: a pipe, a file, a dumb terminal.

A pipe gets a message when it is final, so that it holds one copy of every word; a dumb terminal gets text as
it comes, and when an answer starts anew and says something else, a line says so. Must not know events.
"""

from typing import TextIO

from api.cli.ink import Ink, Tone
from api.cli.paper import PERSON_MARK, STARTS_ANEW, Notice
from api.cli.reducer import Message
from api.cli.safe_text import printable


class Roll:
    """Implements Paper: messages to `out`, notices to `notices`, which may be the same."""

    def __init__(self, out: TextIO, notices: TextIO, ink: Ink, *, streams: bool) -> None:
        self._out = out
        self._notices = notices
        self._ink = ink
        self._streams = streams
        self._open_id: str | None = None
        self._written = ""
        self._begun = False

    def message(self, message: Message) -> None:
        """Write what is to be said of the message now."""
        text = printable(message.text)
        if message.role == "user":
            self._begin(message.message_id)
            self._write(PERSON_MARK + text)
            self._close()
            return
        if not (message.is_final or self._streams):
            return
        if message.message_id != self._open_id:
            if not text:
                return
            self._begin(message.message_id)
        self._let_say(text, is_final=message.is_final)

    def notice(self, notice: Notice) -> None:
        """Say something in a line of its own."""
        if self._notices is self._out and self._open_id is not None:
            self._write("\n")
        self._notices.write(self._ink.paint(printable(notice.text), notice.tone) + "\n")
        self._notices.flush()

    def _let_say(self, text: str, *, is_final: bool) -> None:
        if text.startswith(self._written):
            self._write(text[len(self._written) :])
            self._written = text
        elif is_final or not self._written.startswith(text):
            self._write("\n" + self._ink.paint(f"[{STARTS_ANEW}]", Tone.WARNING) + "\n" + text)
            self._written = text
        if is_final:
            self._close()

    def _begin(self, message_id: str) -> None:
        self._close()
        if self._begun:
            self._write("\n")
        self._begun, self._open_id, self._written = True, message_id, ""

    def _close(self) -> None:
        if self._open_id is not None:
            self._write("\n")
        self._open_id = None

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
