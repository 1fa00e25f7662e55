"""The bodies of answers, for the OpenAPI document and for those who read it.

Owns their shapes; must not compute them.
"""

from typing import Annotated

from pydantic import BaseModel, Field

from workflows.contract.session import SessionView, TranscriptMessage


class SessionAnswer(SessionView):
    """A session, as of `cursor`."""

    cursor: str


class StartedSession(SessionAnswer):
    """A session that was started, with what its browser needs."""

    session_token: str
    temporal_ui: str


class SessionToken(BaseModel):
    """A credential for one session."""

    session_token: str


class Taken(BaseModel):
    """A write that was taken; its effects appear after `cursor`."""

    cursor: str


class MessageTaken(Taken):
    """A message that was taken."""

    message_id: str


class SessionPage(BaseModel):
    """Sessions, newest activity first."""

    items: list[SessionAnswer]
    next_cursor: str | None


class MessagePage(BaseModel):
    """Messages of a transcript."""

    items: list[TranscriptMessage]
    next_cursor: str | None


class EventPage(BaseModel):
    """Events in order; `cursor` is where the next page begins."""

    events: list[dict[str, object]]
    cursor: str


class Health(BaseModel):
    """Whether the process, or what it needs, works."""

    status: Annotated[str, Field(examples=["ok"])]


class NotReady(BaseModel):
    """Which of the things that the process needs does not answer."""

    status: str
    engine: str
    store: str
