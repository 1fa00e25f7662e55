"""What the API counts of what it is asked and what it sends."""

import asyncio
from contextlib import aclosing, suppress

import httpx2
import pytest
from fastapi import FastAPI

from api import metrics
from api.errors import Problem
from tests.api.asking import Http, refusal
from tests.api.conftest import MakeApp, Serve, asking
from tests.counts import Counting, Counts
from tests.viewer import events, turn_over, watch
from workflows.contract.errors import ErrorCode


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def app(make_app: MakeApp) -> FastAPI:
    return make_app()


async def new(http: Http, **body: object) -> str:
    session_id: str = (await http.post("/v1/sessions", json=body)).json()["session_id"]
    return session_id


async def test_requests_count_by_template_and_status(app: FastAPI, counting: Counting) -> None:
    async with asking(app) as http:
        session_id = await new(http)
        for _ in range(2):
            await http.get(f"/v1/sessions/{session_id}")
        refusal(await http.get("/v1/sessions/nobody"), 404, "session_not_found")
        refusal(await http.get("/nowhere"), 404, "not_found")
        refusal(await http.request("BREW", "/v1/sessions"), 405, "method_not_allowed")
        refusal(await http.get("/healthz", headers={"Host": "evil.test"}), 403, "forbidden_host")
    name, one = "perdure_http_requests_total", {"method": "GET", "route": "/v1/sessions/{session_id}"}
    assert counting.of(name, **one, status="200") == 2
    assert counting.of(name, **one, status="404") == 1
    assert counting.of(name, method="POST", route="/v1/sessions", status="201") == 1
    assert counting.of(name, method="GET", route="other", status="404") == 1
    assert counting.of(name, method="other", status="405") == 1
    assert counting.of(name, route="other", status="403") == 1
    assert counting.of("perdure_http_request_seconds_count", **one) == 3
    assert counting.of(name) == counting.of("perdure_http_request_seconds_count") == 7


async def test_latency_is_until_the_first_byte_not_the_last(
    app: FastAPI, serve: Serve, counting: Counting
) -> None:
    async with serve(app) as http:
        session_id = await new(http)
        async with aclosing(events(http, session_id)) as stream:
            await anext(stream)
            await asyncio.sleep(1.1)
    route = "/v1/sessions/{session_id}/events"
    assert counting.of("perdure_http_request_seconds_count", route=route) == 1
    assert counting.of("perdure_http_request_seconds_sum", route=route) < 1


async def test_a_bug_counts_as_500(app: FastAPI, counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(app.state.context.engine, "check", broken)
    async with asking(app) as http:
        assert (await http.get("/readyz")).status_code == 500
    assert counting.of("perdure_http_requests_total", route="/readyz", status="500") == 1


async def test_viewers_count_while_they_watch_and_events_when_sent(
    app: FastAPI, serve: Serve, counting: Counting
) -> None:
    async with serve(app) as http:
        session_id = await new(http, message={"content": "hello"})
        await watch(http, session_id, turn_over(1))
        said = len(
            (
                await http.get(
                    f"/v1/sessions/{session_id}/events",
                    headers={"Accept": "application/json"},
                    params={"limit": 200},
                )
            ).json()["events"]
        )
        async with asyncio.timeout(10):
            while counting.of("perdure_viewers"):
                await asyncio.sleep(0.02)
        before = counting.of("perdure_events_sent_total", transport="sse")
        async with aclosing(events(http, session_id)) as one, aclosing(events(http, session_id)) as two:
            for stream in (one, two):
                for _ in range(said):
                    await anext(stream)
            assert counting.of("perdure_viewers", transport="sse") == 2
            assert counting.of("perdure_events_sent_total", transport="sse") - before >= 2 * said
        async with asyncio.timeout(10):
            while counting.of("perdure_viewers", transport="sse"):
                await asyncio.sleep(0.02)


def test_a_viewer_whose_stream_breaks_is_not_counted_on(counting: Counting) -> None:
    with suppress(OSError), metrics.viewing("websocket"):
        assert counting.of("perdure_viewers", transport="websocket") == 1
        raise OSError
    assert counting.of("perdure_viewers", transport="websocket") == 0


async def test_commands_that_were_not_taken_count_by_their_code(
    app: FastAPI, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Problem(ErrorCode.ENGINE_UNAVAILABLE, "away")

    async with asking(app) as http:
        session_id = await new(http)
        await http.post(f"/v1/sessions/{session_id}/pause")
        assert counting.of("perdure_signals_refused_total") == 0
        refusal(await http.delete(f"/v1/sessions/{session_id}/messages/none"), 404, "message_not_found")
        monkeypatch.setattr(app.state.context.engine, "signal", away)
        refusal(await http.post(f"/v1/sessions/{session_id}/resume"), 503, "engine_unavailable")
    assert counting.of("perdure_signals_refused_total", kind="message_not_found") == 1
    assert counting.of("perdure_signals_refused_total", kind="engine_unavailable") == 1
    assert counting.of("perdure_signals_refused_total") == 2


async def test_the_page_stands_without_the_sdks(make_app: MakeApp) -> None:
    app = make_app(sdk_metrics="http://127.0.0.1:9/metrics")
    async with asking(app) as http:
        page: httpx2.Response = await http.get("/metrics")
    assert page.status_code == 200
    assert Counts.on(page.text).of("process_resident_memory_bytes") > 0
