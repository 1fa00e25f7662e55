"""What comes in: every signal of a session.

Handlers interleave with the loop wherever it waits: they read, append, and do nothing else. Owns the inbox;
what a command does is the state's to say.
"""

from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

from workflows.contract import commands
from workflows.contract.commands import Command
from workflows.state.intake import read_command


def fresh_message_id() -> str:
    """An id for a message that came without one, the same in every replay."""
    return f"m-{workflow.uuid4().hex}"


class Inbox:
    """Commands that wait for the loop; each signal takes one JSON object."""

    def __init__(self) -> None:
        self._inbox: list[Command] = []
        self._stirred = False
        """Whether something changed outside the loop, which then looks again."""

    @workflow.signal(name=commands.SEND_MESSAGE)
    def send_message(self, payload: Any = None) -> None:
        """{content, message_id?, agent?, delivery?, settings?}: say something to the session."""
        self._append(commands.SEND_MESSAGE, payload)

    @workflow.signal(name=commands.SEND_RECORDING)
    def send_recording(self, payload: Any = None) -> None:
        """{audio_id, message_id?, agent?, delivery?, settings?}: say what this recording says."""
        self._append(commands.SEND_RECORDING, payload)

    @workflow.signal
    def withdraw_message(self, payload: Any = None) -> None:
        """{message_id}: take back a message that still waits."""
        self._append("withdraw_message", payload)

    @workflow.signal
    def stop_turn(self, payload: Any = None) -> None:
        """{turn?}: stop the running turn and keep what it said."""
        self._append("stop_turn", payload)

    @workflow.signal
    def pause(self, payload: Any = None) -> None:
        """{}: let the running turn finish and start no other."""
        self._append("pause", payload)

    @workflow.signal
    def resume(self, payload: Any = None) -> None:
        """{}: go on after a pause."""
        self._append("resume", payload)

    @workflow.signal
    def listening(self, payload: Any = None) -> None:
        """{on}: a microphone was opened or closed."""
        self._append("listening", payload)

    @workflow.signal
    def playback(self, payload: Any = None) -> None:
        """{turn, sentence_index, played_ms, state}: where a player stands."""
        self._append("playback", payload)

    @workflow.signal
    def barge_in(self, payload: Any = None) -> None:
        """{turn, sentence_index?, played_ms?} or {resume}: the person speaks into it, or did not."""
        self._append("barge_in", payload)

    @workflow.signal
    def close(self, payload: Any = None) -> None:
        """{reason?}: end the session."""
        self._append("close", payload)

    @workflow.signal
    def update_session(self, payload: Any = None) -> None:
        """{title?, metadata?, limits?, settings?}: change the session."""
        self._append("update_session", payload)

    @workflow.signal
    def store_lost(self, payload: Any = None) -> None:
        """{epoch?}: the store lost this session's log, or may have."""
        self._append(commands.STORE_LOST, payload)

    @workflow.signal
    def sentences_told(self, payload: Any = None) -> None:
        """{told}: the running step has told so many of the session's sentences."""
        self._append(commands.SENTENCES_TOLD, payload)

    @workflow.signal
    def step_lasts(self, payload: Any = None) -> None:
        """{}: the running step has lasted for a while."""
        del payload
        self._stirred = True

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Anything else is logged and otherwise without effect."""
        workflow.logger.warning("unknown signal %s with %d arguments is ignored", name, len(args))

    def _append(self, name: str, payload: Any) -> None:
        self._inbox.append(read_command(name, payload, fresh_message_id))
