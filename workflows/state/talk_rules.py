"""What a session that is talked with does next by itself.

Owns the ends of what somebody else began: of an interruption, of audio, of an open microphone. What clients
ask for is `talk_commands`'; the table of states is `talk`'s.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from workflows.contract.events import (
    BargeInSettled,
    Event,
    Interruption,
    MessageTruncated,
    VoiceStateChanged,
)
from workflows.contract.voice import VoiceState
from workflows.state import heard, phases
from workflows.state.clocks import Deadline, DeadlineKind
from workflows.state.session_state import SessionState
from workflows.state.talk import Cut, Trigger

SECOND_THOUGHTS: Final = timedelta(seconds=2)
"""In which a barge-in may be taken back."""
PLAYERS_PATIENCE: Final = timedelta(seconds=5)
"""After the estimated end of the audio, for a player that says nothing."""
LONGEST_SILENCE: Final = timedelta(seconds=120)
"""At an open microphone: whoever speaks for longer says that it is open once more."""
LEAD: Final = timedelta(seconds=10)
"""Of what is said over what is heard, where somebody listens: what a person says still finds its place."""


def runs_ahead(state: SessionState, now: datetime) -> bool:
    """Whether somebody listens who has enough to hear for now."""
    unheard = timedelta(milliseconds=state.talk.playback.unheard_ms(now))
    return state.talk.is_followed and (state.speaking.pending or unheard > LEAD)


def is_being_heard(state: SessionState) -> bool:
    """Whether somebody listens who has not heard everything."""
    return state.talk.is_followed and (state.talk.state is VoiceState.SPEAKING or state.talk.playback.paused)


def is_spoken_to(state: SessionState) -> bool:
    """Whether the person is still to hear something, or has interrupted it."""
    if state.profile.speech is None:
        return False
    is_heard = state.talk.state is VoiceState.SPEAKING or state.talk.cut is not None
    return is_heard or state.speaking.pending


def voice_change(state: SessionState, trigger: Trigger, now: datetime) -> tuple[Event, ...]:
    """The change of voice state that `trigger` brings, if it brings one."""
    old, new = state.talk.state, state.talk.after(trigger)
    if state.profile.speech is None or new is None or new is old:
        return ()
    return (VoiceStateChanged(at=now, old=old, new=new),)


def talk_step(state: SessionState, now: datetime) -> tuple[Event, ...]:
    """What follows now; nothing while the conversation goes on as it is."""
    if state.profile.speech is None:
        return ()
    if state.talk.cut is not None:
        return _interruption(state, state.talk.cut, now)
    deadline = _end_of_silence(state)
    if deadline is None or deadline.at > now:
        return ()
    silent = Trigger.PLAYED_OUT if state.talk.state is VoiceState.SPEAKING else Trigger.SILENCE
    return voice_change(state, silent, now)


def talk_deadline(state: SessionState) -> Deadline | None:
    """When the conversation goes on by itself."""
    talk = state.talk
    if state.profile.speech is None:
        return None
    if talk.cut is not None:
        return _deadline(talk.cut.at + SECOND_THOUGHTS, "barge-in stands") if talk.cut.told else None
    return _end_of_silence(state) or _end_of_lead(state)


def _end_of_silence(state: SessionState) -> Deadline | None:
    """When nobody speaks any more who was thought to."""
    talk = state.talk
    if talk.state is VoiceState.LISTENING and talk.since is not None:
        return _deadline(talk.since + LONGEST_SILENCE, "microphone is silent")
    if talk.state is VoiceState.SPEAKING and not _has_more_to_say(state):
        return _end_of_audio(state)
    return None


def _deadline(at: datetime, label: str) -> Deadline:
    return Deadline(at=at, kind=DeadlineKind.VOICE, label=label)


def _has_more_to_say(state: SessionState) -> bool:
    return state.turn is not None or state.speaking.pending or _speaks_on(state)


def _speaks_on(state: SessionState) -> bool:
    """Whether the session will speak again without being asked."""
    return phases.waits_to_speak(state) and not state.clocks.paused


def _end_of_lead(state: SessionState) -> Deadline | None:
    """When a session that waits for who listens goes on."""
    ends_at = state.talk.playback.ends_at
    at_rest = state.turn is None and not state.speaking.pending
    if ends_at is None or not at_rest or not state.talk.is_followed or not _speaks_on(state):
        return None
    return _deadline(ends_at - LEAD, "go on before everything is heard")


def _end_of_audio(state: SessionState) -> Deadline | None:
    playback, since = state.talk.playback, state.talk.since or state.updated_at
    if playback.is_heard:
        return _deadline(playback.as_of or since, "audio is heard")
    ends_at = playback.ends_at
    return _deadline(max(ends_at, since) + PLAYERS_PATIENCE, "audio should be heard") if ends_at else None


def _interruption(state: SessionState, cut: Cut, now: datetime) -> tuple[Event, ...]:
    """First what was heard, as soon as what was said is known; then, that nothing else was said."""
    if state.turn is not None:
        return ()
    if not cut.told:
        return (_told(state, cut, now),)
    said_since = any(message.number > cut.messages for message in state.queue.waiting)
    stands = now >= cut.at + SECOND_THOUGHTS or said_since or state.ending is not None
    if not stands:
        return ()
    silence = voice_change(state, state.talk.silence, now) if state.talk.state is VoiceState.BARGED_IN else ()
    return (*_truncated(state, cut, now), BargeInSettled(at=now), *silence)


def _told(state: SessionState, cut: Cut, now: datetime) -> Interruption:
    share = state.talk.playback.heard_share(cut.place)
    return Interruption(
        at=now,
        turn=cut.turn,
        heard_ms=state.talk.playback.heard_ms(cut.turn, cut.place),
        heard_text=heard.heard_of_turn(state.transcript, cut.turn, cut.place, share),
    )


def _truncated(state: SessionState, cut: Cut, now: datetime) -> Iterator[MessageTruncated]:
    share = state.talk.playback.heard_share(cut.place)
    for message_id, text in heard.truncations(state.transcript, cut.place, share):
        yield MessageTruncated(at=now, message_id=message_id, text=text)
