"""A chat that begins: what is typed before the past is known."""

import asyncio
from collections.abc import Awaitable, Callable
from io import StringIO

from api.cli.chat import Chat
from api.cli.client import Api, Json
from api.cli.ink import Ink
from api.cli.plain_desk import PlainDesk
from api.cli.roll import Roll
from api.cli.settings import ClientSettings
from tests.cli.conftest import Shell


class _FarAway(Api):
    """Its answer about the past takes its time."""

    async def past_events(self, session: str, after: str | None) -> Json:
        await asyncio.sleep(0.7)
        return await super().past_events(session, after)


class _Hasty(PlainDesk):
    """A person who types at once."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.told = StringIO()
        self.paper = Roll(self.told, self.told, Ink(coloured=False), streams=True)
        self._line = line

    def open(self, hear: Callable[[str], None], interrupt: Callable[[], None]) -> None:
        super().open(hear, interrupt)
        hear(self._line)

    async def attend(self, quiet: Callable[[], Awaitable[None]]) -> None:  # noqa: ARG002 - Desk
        async with asyncio.timeout(10):
            while "title: " not in self.told.getvalue():
                await asyncio.sleep(0.02)


async def test_a_command_that_is_typed_at_once_is_answered(shell: Shell) -> None:
    desk = _Hasty("/title A walk")
    async with _FarAway(ClientSettings(shell.system.api_url)) as api:
        await Chat(api, shell.session(), desk).run()
    assert "title: A walk" in desk.told.getvalue()
