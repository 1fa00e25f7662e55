import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.gate import MAX_BODY
from tests.api.asking import Http, Json, answer, close, read, refusal, start
from tests.system import System

JSON = {"Content-Type": "application/json"}


async def newest(http: Http) -> list[str]:
    items: list[Json] = answer(await http.get("/v1/sessions", params={"limit": 1}))["items"]
    return [session["session_id"] for session in items]


BODIES: dict[str, bytes] = {
    "no end": b"{",
    "no JSON": b"hello",
    "two values": b"{} {}",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"1",
    "a comment": b"{} // x",
    "single quotes": b"{'title': 'x'}",
    "a comma too many": b'{"title": "x",}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "Latin-1": '{"title": "ü"}'.encode("latin-1"),
    "only white space": b"   ",
    "NaN": b'{"metadata": {"a": NaN}}',
    "Infinity": b'{"metadata": {"a": -Infinity}}',
    "beyond a double": b'{"metadata": {"a": [1e999]}}',
    "an endless integer": b'{"metadata": {"a": ' + b"9" * 5000 + b"}}",
    "an endless duration": b'{"limits": {"idle_timeout": ' + b"9" * 4000 + b"}}",
    "deep lists": b'{"metadata": {"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}",
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep and open": b"[" * 10_000,
    "deeper than a session can be": b'{"metadata": {"a": ' + b"[" * 197 + b"]" * 197 + b"}}",
    "deeper than allowed": b'{"metadata": {"a": ' + b"[" * 63 + b"]" * 63 + b"}}",
    "a control character": b'{"title": "\x01"}',
    "half an escape": b'{"title": "\\u12"}',
    "many unknown fields": b"{" + b",".join(b'"f%d": 1' % n for n in range(5000)) + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_what_is_no_request_is_refused_and_changes_nothing(http: Http, body: bytes) -> None:
    before = await newest(http)
    problem = refusal(await http.post("/v1/sessions", content=body, headers=JSON), 422, "invalid_request")
    assert 1 <= len(problem["errors"]) <= 50
    session_id = await shared_session(http)
    for method, url in (("PATCH", ""), ("POST", "/messages")):
        response = await http.request(method, f"/v1/sessions/{session_id}{url}", content=body, headers=JSON)
        refusal(response, 422, "invalid_request")
    assert (await read(http, session_id))["message_count"] == 0
    assert await newest(http) in (before, [session_id])


_shared: dict[str, str] = {}


async def shared_session(http: Http) -> str:
    if "id" not in _shared:
        _shared["id"] = (await start(http))["session_id"]
    return _shared["id"]


async def test_the_deepest_metadata_is_kept_for_life(http: Http) -> None:
    deep: Any = 1
    for _ in range(61):
        deep = [deep]
    session = await start(http, metadata={"a": deep}, message={"content": "hi"})
    shown = await read(http, session["session_id"], after=session["cursor"])
    assert (shown["metadata"], shown["message_count"]) == ({"a": deep}, 1)
    assert (await close(http, session["session_id"]))["metadata"] == {"a": deep}


async def test_numbers_come_back_as_they_were(http: Http) -> None:
    body = b'{"metadata": {"a": [1, -0, 0.1, 1e308, 12345678901234567890123, 5e-324, 1.0]}}'
    session = answer(await http.post("/v1/sessions", content=body, headers=JSON), 201)
    closed = await close(http, session["session_id"])
    assert closed["metadata"] == {"a": [1, 0, 0.1, 1e308, 12345678901234567890123, 5e-324, 1.0]}


async def test_the_last_of_two_equal_names_counts(http: Http) -> None:
    body = b'{"title": "one", "title": "two"}'
    assert answer(await http.post("/v1/sessions", content=body, headers=JSON), 201)["title"] == "two"


@pytest.mark.parametrize(
    "kind",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"),
        *("application/problem+json", "application/jsonx", "application/", "json", ";", "x" * 1000, None),
    ],
)
async def test_only_json_is_read(http: Http, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    before = await newest(http)
    problem = refusal(
        await http.post("/v1/sessions", content=b'{"title": "x"}', headers=headers), 422, "invalid_request"
    )
    assert "application/json" in problem["detail"]
    assert await newest(http) == before


@pytest.mark.parametrize("kind", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"])
async def test_json_is_read_however_it_is_spelled(http: Http, kind: str) -> None:
    headers = {"Content-Type": kind}
    session = answer(await http.post("/v1/sessions", content=b'{"title": "x"}', headers=headers), 201)
    assert session["title"] == "x"


async def test_a_body_that_is_announced_too_large_is_refused_unread(http: Http) -> None:
    for method, url in (("POST", "/v1/sessions"), ("POST", "/nothing"), ("DELETE", "/v1/sessions/nobody")):
        response = await http.request(method, url, content=b" " * (MAX_BODY + 1), headers=JSON)
        refusal(response, 413, "payload_too_large")


async def test_a_body_of_the_largest_size_is_read(http: Http) -> None:
    body = b'{"title": "x"}'.ljust(MAX_BODY)
    assert answer(await http.post("/v1/sessions", content=body, headers=JSON), 201)["title"] == "x"


async def test_a_body_without_a_length_is_counted_while_it_comes(http: Http) -> None:
    async def pieces(count: int) -> AsyncIterator[bytes]:
        yield b'{"title": "x"}'
        for _ in range(count):
            yield b" " * 1024

    response = await http.post("/v1/sessions", content=pieces(255), headers=JSON)
    assert answer(response, 201)["title"] == "x"
    for method, url in (("POST", ""), ("PATCH", "/{id}"), ("POST", "/{id}/messages")):
        path = "/v1/sessions" + url.format(id=await shared_session(http))
        response = await http.request(method, path, content=pieces(300), headers=JSON)
        refusal(response, 413, "payload_too_large")


async def test_a_body_without_an_end_is_cut_off_at_the_limit(system: System) -> None:
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = "POST /v1/sessions HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
    writer.write((head.format(host) + "Transfer-Encoding: chunked\r\n\r\n").encode())
    sent = 0
    async with asyncio.timeout(10):
        answered = asyncio.create_task(reader.readline())
        while not answered.done() and sent < 50_000_000:
            writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
            sent += 65_536
            await asyncio.sleep(0)
            try:
                await asyncio.wait_for(writer.drain(), 1)
            except (ConnectionError, TimeoutError):
                break
        assert b" 413 " in await answered
    assert sent < 5_000_000
    writer.close()


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [
        ("PUT", "/v1/sessions", {"GET", "POST"}),
        ("DELETE", "/v1/sessions", {"GET", "POST"}),
        ("POST", "/v1/sessions/x", {"GET", "PATCH", "DELETE"}),
        ("OPTIONS", "/v1/sessions/x", {"GET", "PATCH", "DELETE"}),
        ("GET", "/v1/sessions/x/pause", {"POST"}),
        ("PATCH", "/v1/sessions/x/messages", {"GET", "POST"}),
        ("GET", "/v1/sessions/x/messages/m", {"DELETE"}),
        ("POST", "/v1/sessions/x/events", {"GET"}),
        ("POST", "/healthz", {"GET"}),
        ("TRACE", "/readyz", {"GET"}),
        ("BREW", "/metrics", {"GET"}),
        ("DELETE", "/openapi.json", {"GET", "HEAD"}),
        ("POST", "/", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    http: Http, method: str, url: str, allowed: set[str]
) -> None:
    response = await http.request(method, url)
    if method == "BREW":
        assert response.status_code in {400, 405}
        return
    refusal(response, 405, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "url",
    [
        *("/v1", "/v1/", "/v2/sessions", "/v1/sessions/", "/v1/sessions/x/", "/v1/sessions/x/nothing"),
        *(
            "//v1/sessions",
            "/V1/SESSIONS",
            "/v1/sessions/x/messages/m/n",
            "/openapi.yaml",
            "/%00",
            "/.git/config",
            "/index.html",
        ),
        *("/v1/sessions;x", "/healthz/", "/docs/"),
    ],
)
async def test_there_is_nothing_elsewhere(http: Http, url: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        response = await http.request(method, f"{http.base_url}".rstrip("/") + url)
        refusal(response, 404, "not_found")


@pytest.mark.parametrize(
    "line",
    [
        b"GET /v1/sessions/../../healthz HTTP/1.1",
        b"GET /v1/sessions/%2e%2e/%2e%2e/healthz HTTP/1.1",
        b"GET /v1/sessions/\xff\xfe HTTP/1.1",
        b"GET http://evil.example/v1/sessions HTTP/1.1",
        b"GET /v1/sessions?" + b"x" * 100_000 + b" HTTP/1.1",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1",
        b"GET /healthz HTTP/9.9",
        b"\x00\x01\x02",
        b"GET",
    ],
    ids=range(9),
)
async def test_a_request_that_is_none_is_no_error_of_ours(system: System, line: bytes) -> None:
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(line + f"\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        status = await reader.readline()
    assert b" 500 " not in status
    writer.close()
