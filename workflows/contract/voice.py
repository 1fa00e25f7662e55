"""A voice conversation: the states that clients see, and how playing is reported.

Owns the words; which state follows from which is `workflows.state.talk`'s.
"""

from enum import StrEnum
from typing import Final

NO_VOICE: Final = "This session's profile has no voice."


class VoiceState(StrEnum):
    """Who has the word."""

    IDLE = "idle"
    """Nobody has come yet."""
    LISTENING = "listening"
    """The person's microphone is open, and it is the person's turn to speak."""
    WAITING_FOR_INPUT = "waiting_for_input"
    SPEAKING = "speaking"
    """Audio was announced that may not have been heard yet."""
    BARGED_IN = "barged_in"
    """The person spoke into it; may still be taken back."""
    TERMINATED = "terminated"


class PlaybackState(StrEnum):
    """What a client's player does with a sentence."""

    STARTED = "started"
    FINISHED = "finished"
    PAUSED = "paused"
