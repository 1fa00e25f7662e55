"""What a running system is scraped for, after things went well and badly."""

import asyncio
import re

import httpx2

from tests.counts import Counts
from tests.e2e.test_kills import speaking
from tests.system import System
from tests.viewer import turn_over, watch
from workflows.contract.errors import ErrorCode, FailureKind
from workflows.contract.profile import CallMode

VOCABULARY: dict[str, set[str]] = {
    "outcome": {
        *("completed", "complete", "stopped", "failed", "fenced", "lost", "cancelled", "error", "repeated"),
        *("ok", "echo", "gap", "inaudible", "unavailable"),
        *("synthesized", "reused", "unspeakable"),
        *("transcribed", "silent"),
    },
    "mode": set(CallMode),
    "kind": {
        *FailureKind,
        *ErrorCode,
        *("crash", "input", "output", "cached", "begin", "append", "publish"),
        *("superseded", "forgotten", "given_up", "lost", "unspeakable"),
    },
    "transport": {"sse", "websocket"},
    "method": {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"},
}


async def scraped(url: str) -> Counts:
    async with httpx2.AsyncClient() as http:
        page = await http.get(url)
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Counts.on(page.text)


async def worker_counts(system: System, before: Counts, name: str, count: float, **labels: str) -> Counts:
    """What the worker has counted since `before`, once a series has grown by `count`."""
    async with asyncio.timeout(10):
        while (now := (await scraped(system.metrics_url)).since(before)).of(name, **labels) < count:
            await asyncio.sleep(0.05)
    return now


async def test_a_turn_a_stop_a_retry_and_a_kill_are_counted(system: System) -> None:
    worker, api_url = await scraped(system.metrics_url), f"{system.api_url}/metrics"
    api = await scraped(api_url)
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={"message": {"content": "hello"}})).json()[
            "session_id"
        ]
        await watch(http, session_id, turn_over(1))
        await system.script(status=429, contains="busy")
        await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "busy"})
        await watch(http, session_id, turn_over(2))
        spent = (await http.get(f"/v1/sessions/{session_id}")).json()["usage"]

        stopped = await speaking(system, http, tokens=5000)
        watching = asyncio.create_task(watch(http, stopped, turn_over(1)))
        await asyncio.sleep(0.2)
        assert (await scraped(api_url)).of("perdure_viewers", transport="sse") == 1
        await http.post(f"/v1/sessions/{stopped}/stop")
        await watching

        done = await worker_counts(system, worker, "perdure_steps_total", 4)
        assert done.of("perdure_turns_total", outcome="completed") == 2
        assert done.of("perdure_turns_total", outcome="stopped") == 1
        assert done.of("perdure_steps_total", mode="background", outcome="complete") == 2
        assert done.of("perdure_steps_total", mode="background", outcome="failed") == 1
        assert done.of("perdure_steps_total", mode="background", outcome="stopped") == 1
        assert done.of("perdure_retries_total", kind="rate_limited") == 1
        assert done.of("perdure_retries_total") == 1
        assert done.of("perdure_orphaned_generations_total", kind="given_up") == 1
        for kind in ("input", "output", "cached"):
            assert done.of("perdure_tokens_total", kind=kind) == spent[f"{kind}_tokens"]
        assert done.of("perdure_queue_length_messages_count") == 3
        assert done.of("perdure_log_write_seconds_count", kind="append") > 5
        assert done.of("perdure_superseded_answers_total") == 0

        plain = await speaking(system, http, profile="plain")
        watching = asyncio.create_task(watch(http, plain, turn_over(1)))
        await system.script(tokens=200, tokens_per_second=0)
        system.parts["worker"].kill()
        system.restart("worker")
        await watching
        none = Counts({})
        after = await worker_counts(system, none, "perdure_turns_total", 1, outcome="completed")
        assert after.of("perdure_turns_total") == 1
        assert after.of("perdure_superseded_answers_total") == 1
        assert after.of("perdure_orphaned_generations_total", kind="superseded") == 1
        assert after.of("perdure_retries_total", kind="crash") == 1

        asked = (await scraped(api_url)).since(api)
        messages = {"method": "POST", "route": "/v1/sessions/{session_id}/messages"}
        assert asked.of("perdure_http_requests_total", **messages, status="202") == 1
        assert asked.of("perdure_http_request_seconds_count", **messages) == 1
        assert asked.of("perdure_events_sent_total", transport="sse") > 20
        assert asked.of("perdure_viewers", transport="sse") == 0


async def test_memory_and_the_sdk_are_on_both_pages(system: System) -> None:
    worker, api = await scraped(system.metrics_url), await scraped(f"{system.api_url}/metrics")
    for page in (worker, api):
        assert page.of("process_resident_memory_bytes") > 10_000_000
        assert page.of("temporal_request_total", namespace="default") > 0
    assert worker.of("temporal_worker_task_slots_available", worker_type="ActivityWorker") > 0


async def test_labels_are_words_of_closed_vocabularies(system: System) -> None:
    async with system.http() as http:
        for path in ("/v1/sessions/no-such", "/nowhere/at-all", "/v1/sessions/no-such/events"):
            await http.get(path)
        await http.request("BREW", "/v1/sessions")
        routes = {re.sub(r":\w+}", "}", path) for path in (await http.get("/openapi.json")).json()["paths"]}
        session_id = (await http.post("/v1/sessions", json={"message": {"content": "hi"}})).json()[
            "session_id"
        ]
        await watch(http, session_id, turn_over(1))
    for url in (system.metrics_url, f"{system.api_url}/metrics"):
        page = await scraped(url)
        found = list(page.labels("perdure_"))
        for name, label, value in found:
            match label:
                case "le":
                    float(value)
                case "status":
                    assert re.fullmatch("[1-5][0-9][0-9]", value)
                case "route":
                    assert value in routes | {"other", "/openapi.json", "/docs"}, value
                case _:
                    assert value in VOCABULARY[label], (name, label, value)
        assert session_id not in str(found)
