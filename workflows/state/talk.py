"""A voice conversation: who has the word, and what hands it on.

Two rules. Every transition stands in `LEGAL`: what does not is refused and recorded, and never an error. The
word goes on only by a trigger: no rule sets a state by itself. Must not know sentences, turns or clocks.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from workflows.contract.base import Timestamp, Value
from workflows.contract.profile import Effort
from workflows.contract.voice import VoiceState
from workflows.state.playback import Place, Playback


class Trigger(StrEnum):
    """What hands the word on."""

    MICROPHONE_OPENED = "microphone opened"
    MICROPHONE_CLOSED = "microphone closed"
    MESSAGE_TAKEN = "message taken"
    SPEECH_ANNOUNCED = "speech announced"
    PLAYING = "playing"
    PAUSED = "playback paused"
    PLAYED_OUT = "played out"
    """Everything was heard, or nobody is there any more who would say so."""
    BARGED_IN = "barged in"
    TAKEN_BACK = "barge-in taken back"
    SILENCE = "silence"
    """Nothing came of an open microphone or a barge-in."""
    SILENCE_AT_MICROPHONE = "silence at an open microphone"
    ENDED = "session ended"


_S, _T = VoiceState, Trigger

LEGAL: Final[Mapping[VoiceState, Mapping[Trigger, VoiceState]]] = {
    _S.IDLE: {
        _T.MICROPHONE_OPENED: _S.LISTENING,
        _T.MESSAGE_TAKEN: _S.WAITING_FOR_INPUT,
        _T.SPEECH_ANNOUNCED: _S.SPEAKING,
        _T.BARGED_IN: _S.BARGED_IN,
        _T.ENDED: _S.TERMINATED,
    },
    _S.LISTENING: {
        _T.MICROPHONE_OPENED: _S.LISTENING,
        _T.MICROPHONE_CLOSED: _S.WAITING_FOR_INPUT,
        _T.MESSAGE_TAKEN: _S.WAITING_FOR_INPUT,
        _T.SPEECH_ANNOUNCED: _S.SPEAKING,
        _T.PLAYING: _S.SPEAKING,
        _T.PAUSED: _S.LISTENING,
        _T.BARGED_IN: _S.BARGED_IN,
        _T.SILENCE: _S.WAITING_FOR_INPUT,
        _T.ENDED: _S.TERMINATED,
    },
    _S.WAITING_FOR_INPUT: {
        _T.MICROPHONE_OPENED: _S.LISTENING,
        _T.MICROPHONE_CLOSED: _S.WAITING_FOR_INPUT,
        _T.MESSAGE_TAKEN: _S.WAITING_FOR_INPUT,
        _T.SPEECH_ANNOUNCED: _S.SPEAKING,
        _T.PLAYING: _S.SPEAKING,
        _T.PAUSED: _S.WAITING_FOR_INPUT,
        _T.BARGED_IN: _S.BARGED_IN,
        _T.ENDED: _S.TERMINATED,
    },
    _S.SPEAKING: {
        _T.MICROPHONE_OPENED: _S.SPEAKING,
        _T.MICROPHONE_CLOSED: _S.SPEAKING,
        _T.MESSAGE_TAKEN: _S.SPEAKING,
        _T.SPEECH_ANNOUNCED: _S.SPEAKING,
        _T.PLAYING: _S.SPEAKING,
        _T.PAUSED: _S.WAITING_FOR_INPUT,
        _T.PLAYED_OUT: _S.WAITING_FOR_INPUT,
        _T.BARGED_IN: _S.BARGED_IN,
        _T.ENDED: _S.TERMINATED,
    },
    _S.BARGED_IN: {
        _T.MICROPHONE_OPENED: _S.BARGED_IN,
        _T.MICROPHONE_CLOSED: _S.BARGED_IN,
        _T.MESSAGE_TAKEN: _S.WAITING_FOR_INPUT,
        _T.PAUSED: _S.BARGED_IN,
        _T.TAKEN_BACK: _S.SPEAKING,
        _T.SILENCE: _S.WAITING_FOR_INPUT,
        _T.SILENCE_AT_MICROPHONE: _S.LISTENING,
        _T.ENDED: _S.TERMINATED,
    },
    _S.TERMINATED: {},
}

WAITING: Final = frozenset({_S.IDLE, _S.WAITING_FOR_INPUT})
"""Where the session waits for the person, and for nothing else."""


class Cut(Value):
    """A barge-in that may still be taken back."""

    at: Timestamp
    turn: int
    place: Place
    messages: int = 0
    """Messages of the session that were taken before it."""
    told: bool = False
    """Whether viewers know what was heard."""


class StoppedTurn(Value):
    """What is needed to go on with a turn that was stopped for nothing."""

    agent: str
    effort: Effort | None


class Talk(Value):
    """Where the conversation stands."""

    state: VoiceState = VoiceState.IDLE
    since: Timestamp | None = None
    microphone_open: bool = False
    playback: Playback = Playback()
    is_followed: bool = False
    """Whether a player has ever said where it stands: somebody listens, rather than keeps it for later."""
    cut: Cut | None = None
    stopped: StoppedTurn | None = None
    """The turn that the last barge-in stopped."""
    was_noise: bool = False
    """Whether that barge-in was taken back."""
    floor: int = 0
    """Sentences before it are what they are: a barge-in that comes again cuts nothing."""
    refused: int = 0
    last_refusal: str = ""

    def after(self, trigger: Trigger) -> VoiceState | None:
        """The state that `trigger` leads to; None when it is not legal now."""
        return LEGAL[self.state].get(trigger)

    @property
    def waits(self) -> bool:
        """Whether the session waits for the person."""
        return self.state in WAITING

    @property
    def silence(self) -> Trigger:
        """What the end of a barge-in is."""
        return Trigger.SILENCE_AT_MICROPHONE if self.microphone_open else Trigger.SILENCE

    def entering(self, state: VoiceState, at: Timestamp) -> "Talk":
        """In `state`."""
        return self.model_copy(update={"state": state, "since": at})

    def with_microphone(self, at: Timestamp, *, on: bool) -> "Talk":
        """With the microphone open or closed; one that is open once more is listened to for longer."""
        since = at if self.state is VoiceState.LISTENING else self.since
        return self.model_copy(update={"microphone_open": on, "since": since})

    def with_playback(self, playback: Playback) -> "Talk":
        """With more to be heard."""
        return self.model_copy(update={"playback": playback})

    def followed(self, playback: Playback) -> "Talk":
        """With the player where it says that it stands."""
        return self.model_copy(update={"playback": playback, "is_followed": True})

    def interrupted(self, cut: Cut) -> "Talk":
        """With the person speaking into it."""
        playback = self.playback.cut(cut.place, cut.at)
        return self.model_copy(update={"cut": cut, "playback": playback, "was_noise": False})

    def with_turn_stopped(self, turn: StoppedTurn) -> "Talk":
        """With a turn ended by the barge-in."""
        return self.model_copy(update={"stopped": turn})

    @property
    def goes_on(self) -> StoppedTurn | None:
        """The turn that goes on as a new one."""
        return self.stopped if self.was_noise else None

    def with_interruption_told(self) -> "Talk":
        """With viewers knowing what was heard."""
        cut = self.cut and self.cut.model_copy(update={"told": True})
        return self.model_copy(update={"cut": cut})

    def taken_back(self, at: Timestamp) -> "Talk":
        """With the session going on, after it was interrupted for nothing."""
        return self.model_copy(
            update={"cut": None, "was_noise": True, "playback": self.playback.going_on(at)}
        )

    def settled(self, told: int) -> "Talk":
        """With what was not heard of `told` sentences given up."""
        update = {"cut": None, "stopped": None, "playback": Playback(), "floor": told}
        return self.model_copy(update=update)

    def going_on(self) -> "Talk":
        """With a new turn begun."""
        return self.model_copy(update={"stopped": None, "was_noise": False})

    def refusing(self, reason: str) -> "Talk":
        """After something came that does not fit."""
        return self.model_copy(update={"refused": self.refused + 1, "last_refusal": reason})
