"""What was heard of what was said, in words.

Owns the way from a place in the audio to the text before it. Pure text: must not know clocks nor players.
"""

from collections.abc import Iterator
from typing import Final

from workflows.contract.session import MessageSentences, TranscriptMessage
from workflows.state.playback import Place
from workflows.state.transcript import Transcript

ALMOST_ALL: Final = 0.97
"""Of a sentence's time: what is left is the silence behind it."""


def heard_part(sentence: str, share: float) -> str:
    """The beginning of `sentence` that was heard in `share` (0 to 1) of its time, in whole words."""
    if share >= ALMOST_ALL:
        return sentence
    length = int(len(sentence) * share)
    head = sentence[:length]
    if not head or sentence[length].isspace() or head[-1].isspace():
        return head
    last_blank = max((place for place, sign in enumerate(head) if sign.isspace()), default=-1)
    is_written_without_blanks = not any(sign.isspace() for sign in sentence.strip())
    is_single_word = is_written_without_blanks and sentence.isascii()
    return head if is_written_without_blanks and not is_single_word else head[: last_blank + 1]


def heard_of(message: TranscriptMessage, place: Place, share: float) -> str:
    """What of `message` lies before `place`, of whose sentence `share` was heard."""
    told = message.sentences
    if told is None or told.behind <= place.index:
        return message.content
    if told.first > place.index:
        return ""
    begin, end = _bounds(told, place.index)
    return (message.content[:begin] + heard_part(message.content[begin:end], share)).rstrip()


def truncations(transcript: Transcript, place: Place, share: float) -> Iterator[tuple[str, str]]:
    """Messages of which less was heard than was said: their ids, and what was heard."""
    for message in transcript.messages:
        heard = heard_of(message, place, share)
        if len(heard) < len(message.content.rstrip()):
            yield message.message_id, heard


def heard_of_turn(transcript: Transcript, turn: int, place: Place, share: float) -> str:
    """What was heard of everything that was said in `turn`."""
    said = (m for m in transcript.messages if m.turn == turn and m.sentences is not None)
    return " ".join(filter(None, (heard_of(message, place, share).strip() for message in said)))


def text_of_sentence(transcript: Transcript, index: int) -> str | None:
    """What a sentence says; None for one that no message which is held tells."""
    message = _message_of(transcript, index)
    if message is None or message.sentences is None:
        return None
    begin, end = _bounds(message.sentences, index)
    return message.content[begin:end].strip()


def turn_of_sentence(transcript: Transcript, index: int) -> int | None:
    """The turn that told a sentence; None for one that no message which is held tells."""
    message = _message_of(transcript, index)
    return message.turn if message else None


def _message_of(transcript: Transcript, index: int) -> TranscriptMessage | None:
    for message in reversed(transcript.messages):
        told = message.sentences
        if told is not None and told.first <= index < told.behind:
            return message
    return None


def _bounds(told: MessageSentences, index: int) -> tuple[int, int]:
    number = index - told.first
    return (told.ends[number - 1] if number else 0), told.ends[number]
