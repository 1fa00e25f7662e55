"""Reports of what is heard are sent in the background, and end when the listener does."""

import asyncio

import pytest

from api.cli.announced import Sentence
from api.cli.client import Api, Json
from api.cli.playback_reports import PlaybackReports
from api.cli.settings import ClientSettings


class _Answered(Api):
    """Takes a report when it is told to."""

    def __init__(self) -> None:
        super().__init__(ClientSettings("http://127.0.0.1:1"))
        self.asked, self.answer = asyncio.Event(), asyncio.Event()

    async def playback(self, session: str, report: Json) -> Json:  # noqa: ARG002 - Api
        self.asked.set()
        await self.answer.wait()
        return {}


@pytest.mark.parametrize("steps", range(6))
async def test_who_ends_while_a_report_is_answered_ends(steps: int) -> None:
    api = _Answered()
    reports = PlaybackReports(api, "s-1")
    sending = asyncio.create_task(reports.send())
    reports.started(Sentence(0, 1, "a-1", 800))
    await api.asked.wait()
    api.answer.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    sending.cancel()
    done, _ = await asyncio.wait({sending}, timeout=1)
    assert done
    assert sending.cancelled()
