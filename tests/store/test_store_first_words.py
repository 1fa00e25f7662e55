"""A viewer who comes before the session has said a word gets all of them, and nothing else."""

from pydantic_core import from_json

from activities.store.cursor import BEGINNING
from activities.store.projection import ProjectedSession, Projection
from api.event_stream import EventStream
from tests.store.attempts import Stage
from tests.store.telling import Telling


class LateProjection(Projection):
    """The session begins to speak between a look at the log and one at the projection."""

    stage: Stage

    async def session(self, session_id: str) -> ProjectedSession | None:
        telling = Telling(session_id).show(status="idle", turn=None)
        told = telling.tell("session.started", session={"status": "idle"})
        await self.stage.log.publish(told.publication())
        return await super().session(session_id)


async def kinds(stream: EventStream) -> list[str]:
    await stream.open()
    return [from_json(seen.event.event)["type"] for seen in await stream.page(10)]


async def test_a_session_that_begins_to_speak_meanwhile_resets_nobody(stage: Stage) -> None:
    late = LateProjection(stage.projection._redis)
    late.stage = stage
    stream = EventStream(stage.session_id, BEGINNING, stage.reader, late)
    assert await kinds(stream) == ["session.started"]
    assert not stream.over


async def test_a_session_that_has_not_spoken_yet_is_waited_for(stage: Stage) -> None:
    stream = EventStream(stage.session_id, BEGINNING, stage.reader, stage.projection)
    assert await kinds(stream) == []
    telling = Telling(stage.session_id).show(status="idle", turn=None)
    told = telling.tell("session.started", session={"status": "idle"})
    await stage.log.publish(told.publication())
    assert [seen.event.kind for seen in await stream.page(10)] == ["session.started"]
