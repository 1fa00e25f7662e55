"""What happens between a person's ear, mouth and the session.

Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Literal

from workflows.contract.events.base import DomainEvent
from workflows.contract.voice import PlaybackState, VoiceState


class VoiceStateChanged(DomainEvent):
    type: Literal["voice.state_changed"] = "voice.state_changed"
    old: VoiceState
    new: VoiceState


class Interruption(DomainEvent):
    """The person barged in; `heard_ms` and `heard_text` are what was heard of the turn until then."""

    type: Literal["interruption"] = "interruption"
    turn: int
    heard_ms: int
    heard_text: str


class MessageTruncated(DomainEvent):
    """The message is from now on what was heard of it."""

    type: Literal["message.truncated"] = "message.truncated"
    message_id: str
    text: str


class MicrophoneMoved(DomainEvent):
    """A client's microphone was opened or closed."""

    private = True
    type: Literal["microphone.moved"] = "microphone.moved"
    on: bool


class PlaybackReported(DomainEvent):
    """A client's player stands `played_ms` into a sentence."""

    private = True
    type: Literal["playback.reported"] = "playback.reported"
    sentence_index: int
    played_ms: int
    state: PlaybackState


class BargedIn(DomainEvent):
    """The person interrupted `turn`, `played_ms` into a sentence; nothing behind it was heard."""

    private = True
    type: Literal["voice.barged_in"] = "voice.barged_in"
    turn: int
    sentence_index: int
    played_ms: int


class BargeInTakenBack(DomainEvent):
    """It was only noise."""

    private = True
    type: Literal["voice.barge_in_taken_back"] = "voice.barge_in_taken_back"


class BargeInSettled(DomainEvent):
    """It stands, and what was not heard was not said."""

    private = True
    type: Literal["voice.barge_in_settled"] = "voice.barge_in_settled"


class VoiceRefused(DomainEvent):
    """A client's report or wish does not fit where the conversation stands."""

    private = True
    type: Literal["voice.refused"] = "voice.refused"
    asked: str
    reason: str


VoiceEvent = (
    VoiceStateChanged
    | Interruption
    | MessageTruncated
    | MicrophoneMoved
    | PlaybackReported
    | BargedIn
    | BargeInTakenBack
    | BargeInSettled
    | VoiceRefused
)
