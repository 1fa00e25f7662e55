import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.api.asking import Http, Json, refusal, start
from tests.api.conftest import MakeApp, Serve
from tests.ws_viewer import handshake, talking


async def denied(http: Http, session_id: str, **options: Any) -> Any:
    """How a socket was refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with talking(http, session_id, **options):
            pass
    return refused.value.response


def problem_of(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.body)["code"] == code


async def test_what_cannot_be_is_refused_before_the_socket_opens(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    problem_of(await denied(http, "nobody"), 404, "session_not_found")
    problem_of(await denied(http, session_id, after="x"), 422, "invalid_request")
    foreign = await denied(http, session_id, headers={"Origin": "https://evil.example"})
    problem_of(foreign, 403, "forbidden_origin")
    wrong: list[Json] = [
        {"headers": {"Authorization": "Bearer wrong"}},
        {"subprotocols": ["perdure.v1", "bearer.x"]},
    ]
    for shown in wrong:
        problem_of(await denied(http, session_id, **shown), 401, "unauthorized")
    refusal(await http.get(f"/v1/sessions/{session_id}/ws"), 426, "upgrade_required")


async def test_a_foreign_host_is_refused(http: Http) -> None:
    host, _, port = str(http.base_url).rstrip("/").removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(handshake("nobody", "evil.example"))
    answer = await reader.readuntil(b"\r\n")
    writer.close()
    assert b" 403 " in answer


KEYS = (("red", "red key one"), ("blue", "blue key one"))


async def test_a_socket_opens_to_whom_the_session_belongs(make_app: MakeApp, serve: Serve) -> None:
    async with serve(make_app(keys=KEYS)) as api:
        api.headers["Authorization"] = "Bearer red key one"
        session = await start(api)
        other = await start(api)
        session_id, token = session["session_id"], session["session_token"]
        red, blue = ({"Authorization": f"Bearer {name} key one"} for name in ("red", "blue"))
        as_browser = ["perdure.v1", f"bearer.{token}"]
        async with asyncio.timeout(20):
            for name in (session_id, session["session_key"]):
                await hears(api, name, None, headers=red)
                await hears(api, name, "perdure.v1", subprotocols=as_browser)
                await hears(api, name, "perdure.v1", subprotocols=as_browser[::-1])
            await hears(api, session_id, "perdure.v1", headers=red, subprotocols=["perdure.v1"])
            await hears(api, session_id, None, headers={"Authorization": f"Bearer {token}"})
            problem_of(await denied(api, session_id), 401, "unauthorized")
            problem_of(await denied(api, session_id, token=token, access_token=token), 401, "unauthorized")
            problem_of(await denied(api, session_id, headers=blue), 404, "session_not_found")
            elsewhere = await denied(api, other["session_id"], subprotocols=as_browser)
            problem_of(elsewhere, 404, "session_not_found")
            assert token not in str(elsewhere.headers)


async def hears(http: Http, session_id: str, subprotocol: str | None, **options: Any) -> None:
    async with talking(http, session_id, **options) as talk:
        assert (await talk.event())["type"] == "session.started"
        assert talk.wire.subprotocol == subprotocol
        taken = await talk.ask("message", content="hello", delivery="queue")
        assert taken["type"] == "message.taken"
