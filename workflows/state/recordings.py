"""Recordings that wait to be transcribed.

Owns their order, oldest first and one at a time, so that messages keep theirs; must not know what they say.
"""

from typing import Final

from workflows.contract.base import Timestamp, Value
from workflows.contract.profile import Settings
from workflows.contract.session import Delivery

MAX_WAITING: Final = 32


class WaitingRecording(Value):
    """A recording that was taken, and the message that it will be."""

    message_id: str
    audio_id: str
    agent: str
    delivery: Delivery
    settings: Settings = Settings()
    taken_at: Timestamp


class Recordings(Value):
    """Waiting recordings in the order in which they came."""

    waiting: tuple[WaitingRecording, ...] = ()
    begun: str | None = None
    """The message that is being transcribed; always one that waits."""

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def has_room(self) -> bool:
        """Whether one more may wait."""
        return len(self.waiting) < MAX_WAITING

    @property
    def to_begin(self) -> WaitingRecording | None:
        """The recording whose transcription starts now, if one does."""
        return self.waiting[0] if self.waiting and self.begun is None else None

    def find(self, message_id: str) -> WaitingRecording | None:
        """The waiting recording of this id."""
        return next((one for one in self.waiting if one.message_id == message_id), None)

    def added(self, recording: WaitingRecording) -> "Recordings":
        """With `recording` behind all others, unless it waits already."""
        if self.find(recording.message_id) is not None:
            return self
        return self.model_copy(update={"waiting": (*self.waiting, recording)})

    def beginning(self, message_id: str) -> "Recordings":
        """With the transcription of a recording started."""
        waits = self.find(message_id) is not None
        return self.model_copy(update={"begun": message_id}) if waits else self

    def without(self, message_id: str) -> "Recordings":
        """Without the recording of this id."""
        if self.find(message_id) is None:
            return self
        others = tuple(one for one in self.waiting if one.message_id != message_id)
        begun = None if self.begun == message_id else self.begun
        return self.model_copy(update={"waiting": others, "begun": begun})
