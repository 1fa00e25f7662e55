"""Voice: a client's microphone, its player, and the person who speaks into it.

Owns the HTTP of it; must not know what follows.
"""

from fastapi import APIRouter

from api import talking
from api.answers import Taken
from api.context import Here, OneSession
from api.description import CONFLICT, NOT_FOUND, UNAVAILABLE, UNPROCESSABLE, refusals
from api.json_body import StrictRoute
from workflows.contract.commands import InterruptionReport, MicrophoneReport, PlaybackReport

router = APIRouter(
    prefix="/v1/sessions/{session_id}",
    tags=["voice"],
    route_class=StrictRoute,
    responses=refusals(NOT_FOUND, CONFLICT, UNPROCESSABLE, UNAVAILABLE),
)


@router.post("/listening", status_code=202)
async def listening(here: Here, session: OneSession, asked: MicrophoneReport) -> Taken:
    """Say that a microphone was opened or closed."""
    return Taken(cursor=str(await talking.report_microphone(here, session, asked)))


@router.post("/playback", status_code=202)
async def playback(here: Here, session: OneSession, asked: PlaybackReport) -> Taken:
    """Say where a player stands: at starts, ends and pauses of sentences; more is coalesced."""
    return Taken(cursor=str(await talking.report_playback(here, session, asked)))


@router.post("/barge_in", status_code=202)
async def barge_in(here: Here, session: OneSession, asked: InterruptionReport) -> Taken:
    """Interrupt what is being said, or with `resume`, within 2 s, take that back.

    Without `sentence_index`, the session goes by where the player should be.
    """
    return Taken(cursor=str(await talking.barge_in(here, session, asked)))
