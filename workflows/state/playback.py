"""How far the person has heard: what was announced, what the player reports, and what follows by arithmetic.

Owns the estimate; must not know turns beyond their numbers, nor what a sentence says.
"""

from datetime import datetime, timedelta
from typing import Final

from workflows.contract.base import Timestamp, Value
from workflows.contract.voice import PlaybackState

MOST_PIECES: Final = 500
"""Of audio that a silent player may still have before it: an hour of short sentences."""


class Piece(Value):
    """The audio of a sentence."""

    index: int
    turn: int
    duration_ms: int


class Place(Value):
    """A moment in the audio: `played_ms` into a sentence, with all before it heard."""

    index: int
    played_ms: int = 0


class Playback(Value):
    """Audio that was announced, from the oldest turn on of which something may be unheard."""

    pieces: tuple[Piece, ...] = ()
    place: Place | None = None
    """Where the player stood when it was last heard of; None: nothing was ever announced."""
    as_of: Timestamp | None = None
    paused: bool = False

    def announced(self, piece: Piece, at: datetime) -> "Playback":
        """With one more piece; a player that has come to the end begins with it."""
        if self.pieces and piece.index <= self.pieces[-1].index:
            return self
        if self.place is None or self.unheard_ms(at) == 0:
            kept = tuple(known for known in self.pieces if known.turn >= piece.turn)
            return Playback(pieces=(*kept, piece), place=Place(index=piece.index), as_of=at)
        return self.model_copy(update={"pieces": (*self.pieces, piece)[-MOST_PIECES:]})

    def unannounced(self, index: int) -> "Playback":
        """With nothing to be heard from a sentence on."""
        pieces = tuple(piece for piece in self.pieces if piece.index < index)
        return self.model_copy(update={"pieces": pieces})

    def reported(self, place: Place, state: PlaybackState, at: datetime) -> "Playback":
        """After the player said where it stands."""
        piece = self.piece(place.index)
        if piece is None or (state is PlaybackState.FINISHED and self._is_behind(place.index)):
            return self
        if state is PlaybackState.FINISHED:
            place = Place(index=place.index + 1)
        else:
            place = Place(index=place.index, played_ms=min(place.played_ms, piece.duration_ms))
        kept = tuple(known for known in self.pieces if known.turn >= piece.turn)
        update = {"place": place, "as_of": at, "paused": state is PlaybackState.PAUSED, "pieces": kept}
        return self.model_copy(update=update)

    def _is_behind(self, index: int) -> bool:
        return self.place is not None and self.place.index > index

    def piece(self, index: int) -> Piece | None:
        """The audio of a sentence, while it is remembered."""
        return next((piece for piece in self.pieces if piece.index == index), None)

    def unheard_ms(self, now: datetime) -> int:
        """Of what was announced, as far as can be told without a new report."""
        return max(self._left_ms - self._passed_ms(now), 0)

    @property
    def ends_at(self) -> datetime | None:
        """When everything will have been heard; None while the player pauses, or with nothing to play."""
        if self.as_of is None or self.paused:
            return None
        return self.as_of + timedelta(milliseconds=self._left_ms)

    @property
    def is_heard(self) -> bool:
        """Whether the player said that it came to the end."""
        return self._left_ms == 0

    def place_at(self, now: datetime) -> Place | None:
        """Where the player stands, as far as can be told without a new report; None behind the end."""
        if self.place is None:
            return None
        passed = self._passed_ms(now) + self.place.played_ms
        for piece in self.pieces:
            if piece.index >= self.place.index:
                if passed < piece.duration_ms:
                    return Place(index=piece.index, played_ms=passed)
                passed -= piece.duration_ms
        return None

    def heard_ms(self, turn: int, place: Place) -> int:
        """How much of the audio of `turn` lies before `place`."""
        whole = sum(p.duration_ms for p in self.pieces if p.turn == turn and p.index < place.index)
        piece = self.piece(place.index)
        last = min(place.played_ms, piece.duration_ms) if piece and piece.turn == turn else 0
        return whole + last

    def heard_share(self, place: Place) -> float:
        """Which part of the sentence at `place` was heard: 0 to 1."""
        piece = self.piece(place.index)
        if piece is None or piece.duration_ms <= 0:
            return 0.0
        return min(place.played_ms / piece.duration_ms, 1.0)

    def cut(self, place: Place, at: datetime) -> "Playback":
        """With the player silent at `place`, until it is heard of again."""
        return self.model_copy(update={"place": place, "as_of": at, "paused": True})

    def going_on(self, at: datetime) -> "Playback":
        """With the player playing again from where it was."""
        return self.model_copy(update={"as_of": at, "paused": False})

    @property
    def _left_ms(self) -> int:
        """What lay before the player when it was last heard of."""
        place = self.place
        if place is None:
            return 0
        ahead = sum(piece.duration_ms for piece in self.pieces if piece.index >= place.index)
        return max(ahead - place.played_ms, 0)

    def _passed_ms(self, now: datetime) -> int:
        if self.as_of is None or self.paused:
            return 0
        return max(int((now - self.as_of) / timedelta(milliseconds=1)), 0)
