"""What clients and operators may ask of a session: the payloads of its signals and updates.

Owns their shapes and limits; must not decide what follows (`workflows.state.decide`).
"""

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, JsonValue, StrictBool, StringConstraints, model_validator

from workflows.contract.base import ClientMessageId, MessageId, Name, Request
from workflows.contract.profile import LimitsPatch, SettingsPatch
from workflows.contract.session import Delivery, EndReason
from workflows.contract.voice import PlaybackState

MAX_CONTENT: Final = 32_768
MAX_METADATA_BYTES: Final = 16 * 1024
MOST_EXACT: Final = 2**53 - 1
"""The greatest integer that every JSON reader keeps."""

Content = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONTENT)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AudioId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Count = Annotated[int, Field(ge=1, le=MOST_EXACT, strict=True)]
Index = Annotated[int, Field(ge=0, le=MOST_EXACT, strict=True)]
Milliseconds = Annotated[int, Field(ge=0, le=MOST_EXACT, strict=True)]
WriteId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


def check_metadata(metadata: dict[str, JsonValue] | None) -> None:
    """Raise ValueError when `metadata` is more than JSON or a session can carry."""
    if metadata is None:
        return
    text = json.dumps(metadata, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise ValueError(f"metadata takes more than {MAX_METADATA_BYTES} bytes; keep large data elsewhere")


class _Command(Request):
    write_id: WriteId | None = None
    """Names this request, so that a read can wait until it has taken effect."""


SEND_MESSAGE: Final = "send_message"


class SendMessage(_Command):
    """A message of the person; `message_id` makes sending it again harmless."""

    kind: Literal["send_message"] = "send_message"
    content: Content
    message_id: ClientMessageId
    agent: Name | None = None
    delivery: Delivery = Delivery.STEER
    settings: SettingsPatch = SettingsPatch()

    @property
    def about(self) -> str:
        """The signal that brought it."""
        return self.kind


SEND_RECORDING: Final = "send_recording"
SAYING: Final = frozenset({SEND_MESSAGE, SEND_RECORDING})
"""The signals that say something to a session."""


class SendRecording(_Command):
    """A message that the person spoke: its text is what the audio of this id, which is in the store, says."""

    kind: Literal["send_recording"] = "send_recording"
    audio_id: AudioId
    message_id: ClientMessageId
    agent: Name | None = None
    delivery: Delivery = Delivery.STEER
    settings: SettingsPatch = SettingsPatch()

    @property
    def about(self) -> str:
        """The signal that brought it."""
        return self.kind

    def saying(self, text: str) -> SendMessage:
        """The message that it is if it says `text`."""
        return SendMessage(
            content=text,
            message_id=self.message_id,
            agent=self.agent,
            delivery=self.delivery,
            settings=self.settings,
        )


class WithdrawMessage(_Command):
    """Take back a message that still waits."""

    kind: Literal["withdraw_message"] = "withdraw_message"
    message_id: MessageId


class StopTurn(_Command):
    """Stop the running turn; with `turn`, only if that one is running."""

    kind: Literal["stop_turn"] = "stop_turn"
    turn: Annotated[int, Field(ge=1, strict=True)] | None = None


class Pause(_Command):
    """Let the running turn finish and start no other."""

    kind: Literal["pause"] = "pause"


class Resume(_Command):
    """Go on after a pause."""

    kind: Literal["resume"] = "resume"


class Close(_Command):
    """End the session; a running turn is stopped first."""

    kind: Literal["close"] = "close"
    reason: EndReason = EndReason.USER_ENDED


class SessionChanges(Request):
    """What may be changed about a session; a field left out stays as it is, `metadata` is merged."""

    title: Title | None = None
    metadata: dict[str, JsonValue] | None = None
    limits: LimitsPatch | None = None
    settings: SettingsPatch | None = None

    @model_validator(mode="after")
    def _metadata_is_small(self) -> Self:
        check_metadata(self.metadata)
        return self


class UpdateSession(_Command, SessionChanges):
    """Change a session."""

    kind: Literal["update_session"] = "update_session"


STORE_LOST: Final = "store_lost"
STEP_LASTS: Final = "step_lasts"
"""A signal that is no command: a running step wants the session to look at the clock."""


class StoreLost(_Command):
    """The store lost the session's log of this `epoch`, or, without one, may have: the session looks."""

    kind: Literal["store_lost"] = "store_lost"
    epoch: Annotated[int, Field(ge=0, strict=True)] | None = None


class MicrophoneReport(Request):
    """A microphone was opened or closed."""

    on: StrictBool


class PlaybackReport(Request):
    """A player stands `played_ms` into a sentence of `turn`."""

    turn: Count
    sentence_index: Index
    played_ms: Milliseconds
    state: PlaybackState


class InterruptionReport(Request):
    """The person speaks into it, `played_ms` into a sentence; with `resume`, that is taken back."""

    turn: Count | None = None
    sentence_index: Index | None = None
    """None: where the player should be by now."""
    played_ms: Milliseconds = 0
    resume: StrictBool = False

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if self.resume and self.model_fields_set & {"turn", "sentence_index", "played_ms"}:
            raise ValueError("a barge-in that is taken back says nothing but resume")
        if not self.resume and self.turn is None:
            raise ValueError("say which turn is interrupted")
        return self


class Listening(_Command, MicrophoneReport):
    """A microphone was opened or closed."""

    kind: Literal["listening"] = "listening"


class Playback(_Command, PlaybackReport):
    """A player says where it stands."""

    kind: Literal["playback"] = "playback"


class BargeIn(_Command, InterruptionReport):
    """The person interrupts, or takes that back."""

    kind: Literal["barge_in"] = "barge_in"


SENTENCES_TOLD: Final = "sentences_told"


class SentencesTold(_Command):
    """A running step has told so many of the session's sentences."""

    kind: Literal["sentences_told"] = "sentences_told"
    told: Annotated[int, Field(ge=0, strict=True)]


class Malformed(_Command):
    """A signal that could not be read; recorded, and otherwise without effect."""

    kind: Literal["malformed"] = "malformed"
    about: str
    message_id: str
    problem: str


class Cancel(_Command):
    """The workflow was cancelled by an operator."""

    kind: Literal["cancel"] = "cancel"


Command = Annotated[
    SendMessage
    | WithdrawMessage
    | StopTurn
    | Pause
    | Resume
    | Close
    | UpdateSession
    | StoreLost
    | SentencesTold
    | Listening
    | Playback
    | BargeIn
    | Malformed
    | Cancel
    | SendRecording,
    Field(discriminator="kind"),
]

SIGNALS: Final[dict[str, type[_Command]]] = {
    model.model_fields["kind"].default: model
    for model in (
        SendMessage,
        WithdrawMessage,
        StopTurn,
        Pause,
        Resume,
        Close,
        UpdateSession,
        Listening,
        Playback,
        BargeIn,
        SendRecording,
    )
}
"""Every signal by its name."""


def signal_payload(command: _Command) -> dict[str, Any]:
    """`command` as the JSON object of its signal."""
    return command.model_dump(mode="json", exclude={"kind"}, exclude_unset=True)
