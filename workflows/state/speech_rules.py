"""What a session that speaks does next with its sentences.

Owns the rules of speech: what is synthesized, what is announced, and when nobody listens any more.
"""

from datetime import datetime
from typing import Final

from workflows.contract.events import Event, SpeechReady, SpeechSkipped
from workflows.contract.session import EndReason
from workflows.contract.speech import Utterance
from workflows.state.heard import text_of_sentence
from workflows.state.session_state import SessionState
from workflows.state.steps import Speak
from workflows.state.talk import Trigger
from workflows.state.talk_rules import voice_change

NOTHING_TO_SAY = "unspeakable"
HEARD_OUT: Final = frozenset({EndReason.COMPLETED, EndReason.MAX_MESSAGES})
"""Why a session ends when everything was announced, and not before."""


def announcement(state: SessionState, now: datetime) -> tuple[Event, ...]:
    """What can be announced now."""
    utterance = state.speaking.to_announce
    if utterance is None or _is_hushed(state):
        return ()
    announced = _announced(state, state.speaking.announced, utterance, now)
    is_heard = isinstance(announced, SpeechReady) and not state.talk.playback.paused
    return (announced, *(voice_change(state, Trigger.SPEECH_ANNOUNCED, now) if is_heard else ()))


def sentence_to_speak(state: SessionState) -> Speak | None:
    """The sentence to synthesize now; whoever does finds in the store what it says, unless that was lost."""
    speech = state.profile.speech
    if speech is None or _is_hushed(state) or not (state.ending is None or holds_up_end(state)):
        return None
    index = state.speaking.to_begin(speech.at_once)
    if index is None:
        return None
    is_lost = index < state.speaking.lost
    return Speak(index, text_of_sentence(state.transcript, index) if is_lost else None)


def holds_up_end(state: SessionState) -> bool:
    """Whether the session ends because everything was announced, and something of it was taken back since."""
    return state.ending in HEARD_OUT and state.speaking.is_owed


def _is_hushed(state: SessionState) -> bool:
    """Whether somebody wants to hear no more, or perhaps no more."""
    is_stopped = state.turn is not None and state.turn.stop is not None
    return is_stopped or state.talk.cut is not None


def _announced(state: SessionState, index: int, utterance: Utterance, now: datetime) -> Event:
    if utterance.audio_id is None:
        reason = utterance.skipped.value if utterance.skipped else NOTHING_TO_SAY
        return SpeechSkipped(at=now, sentence_index=index, reason=reason)
    return SpeechReady(
        at=now,
        sentence_index=index,
        audio_id=utterance.audio_id,
        url=f"/v1/sessions/{state.session_id}/audio/{utterance.audio_id}",
        format=utterance.format,
        duration_ms=utterance.duration_ms,
    )
