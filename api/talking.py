"""What clients say of microphones and players, on its way to the session.

Owns what is checked before: that the session has a voice, and that a sentence is of the turn that the client
takes it for. What follows is the session's to say, which checks again.
"""

from activities.store.cursor import Cursor
from activities.store.projection import ProjectedSession
from api import writes
from api.context import Context, open_session
from api.errors import Problem
from workflows.contract.commands import (
    BargeIn,
    InterruptionReport,
    Listening,
    MicrophoneReport,
    Playback,
    PlaybackReport,
)
from workflows.contract.errors import ErrorCode
from workflows.contract.voice import NO_VOICE


async def report_microphone(here: Context, session: ProjectedSession, asked: MicrophoneReport) -> Cursor:
    """A microphone was opened or closed."""
    return await writes.send(here, _with_voice(session), Listening(on=asked.on))


async def report_playback(here: Context, session: ProjectedSession, asked: PlaybackReport) -> Cursor:
    """A player says where it stands; of several reports at once, the session hears the last."""
    speaking = _with_voice(session)
    await _check_sentence(here, session, asked.turn, asked.sentence_index)

    async def send(report: PlaybackReport) -> Cursor:
        return await writes.send(here, speaking, Playback(**report.model_dump()))

    return await here.players.report(session.fields["session_id"], asked, send)


async def barge_in(here: Context, session: ProjectedSession, asked: InterruptionReport) -> Cursor:
    """The person interrupts; what is said is stopped at once, for a reason that the session knows by then."""
    speaking = _with_voice(session)
    command = BargeIn(**asked.model_dump(exclude_unset=True))
    if asked.resume or asked.turn is None:
        return await writes.send(here, speaking, command)
    if asked.sentence_index is not None:
        await _check_place(here, session, asked.turn, asked.sentence_index, asked.played_ms)
    cursor = await writes.send(here, speaking, command)
    await _stop_fast(here, session, asked.turn)
    return cursor


def _with_voice(session: ProjectedSession) -> ProjectedSession:
    if open_session(session).fields["voice_state"] is None:
        raise Problem(ErrorCode.INVALID_REQUEST, NO_VOICE)
    return session


async def _check_place(
    here: Context, session: ProjectedSession, turn: int, index: int, played_ms: int
) -> None:
    """The beginning of the sentence that comes next is a place, too: all before it was heard."""
    session_id = session.fields["session_id"]
    of_turn = await here.spoken.turn_of(session_id, index)
    is_unknown = of_turn is None and not played_ms
    comes_next = is_unknown and (index == 0 or await here.spoken.turn_of(session_id, index - 1) is not None)
    if not comes_next:
        await _check_turn(here, session, of_turn, turn, index)


async def _check_sentence(here: Context, session: ProjectedSession, turn: int, index: int) -> None:
    of_turn = await here.spoken.turn_of(session.fields["session_id"], index)
    await _check_turn(here, session, of_turn, turn, index)


async def _check_turn(
    here: Context, session: ProjectedSession, of_turn: int | None, turn: int, index: int
) -> None:
    if of_turn is None and await _is_lost(here, session, index):
        # The session, which checks again, knows more than the store.
        return
    if of_turn is None:
        detail = f"Sentence {index} was not told yet; report what plays."
        raise Problem(ErrorCode.INVALID_REQUEST, detail, field="sentence_index")
    if of_turn not in {turn, 0}:
        detail = f"Sentence {index} is of turn {of_turn}."
        raise Problem(ErrorCode.INVALID_REQUEST, detail, field="turn")


async def _is_lost(here: Context, session: ProjectedSession, index: int) -> bool:
    """Whether a session that has said something is one of whose sentences the store has lost this one."""
    has_begun = session.fields["turn"] is not None or session.fields["usage"]["output_tokens"] > 0
    return has_begun and await here.spoken.may_have_lost(session.fields["session_id"], index)


async def _stop_fast(here: Context, session: ProjectedSession, turn: int) -> None:
    """Let no more of the turn reach viewers, if it is the one that runs."""
    running = session.fields["turn"]
    if running is not None and running["number"] == turn:
        await writes.stop_running_turn(here, session)
