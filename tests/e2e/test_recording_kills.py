"""Whatever is killed while a recording waits, it becomes one message."""

import asyncio

from tests.system import System
from tests.transcription.recordings import wav
from tests.transcription.transcript_server import Reply, TranscriptServer
from tests.viewer import turn_over, watch

WAV = {"Content-Type": "audio/wav"}


async def test_a_worker_that_is_killed_costs_no_recording(
    system: System, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply("never heard", pause=60), Reply("Heard."))
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        url, query = f"/v1/sessions/{session_id}/audio", {"message_id": "r"}
        assert (await http.post(url, content=wav(), headers=WAV, params=query)).status_code == 202
        async with asyncio.timeout(10):
            while not transcripts.asked:
                await asyncio.sleep(0.05)
        system.parts["worker"].kill()
        again = await http.post(url, content=wav(), headers=WAV, params=query)
        assert again.status_code == 202
        system.restart("worker")
        held = await watch(http, session_id, turn_over(1))
        assert held.messages["r"].text == "Heard."
        assert len(transcripts.asked) == 2
        await http.delete(f"/v1/sessions/{session_id}")
