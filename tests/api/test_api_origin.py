from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.api.asking import Http, answer, refusal, start
from tests.api.conftest import MakeApp, asking

ROUTES = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/"),
    ("GET", "/console/perdure-client.js"),
    ("GET", "/console/settings"),
    ("GET", "/nothing"),
    ("GET", "/v1/sessions"),
    ("POST", "/v1/sessions"),
    ("GET", "/v1/sessions/nobody"),
    ("PATCH", "/v1/sessions/nobody"),
    ("DELETE", "/v1/sessions/nobody"),
    ("POST", "/v1/sessions/nobody/pause"),
    ("POST", "/v1/sessions/nobody/resume"),
    ("POST", "/v1/sessions/nobody/stop"),
    ("POST", "/v1/sessions/nobody/messages"),
    ("GET", "/v1/sessions/nobody/messages"),
    ("DELETE", "/v1/sessions/nobody/messages/m"),
    ("GET", "/v1/sessions/nobody/events"),
    ("GET", "/v1/sessions/nobody/ws"),
    ("GET", "/v1/sessions/nobody/messages/last"),
    ("POST", "/v1/sessions/nobody/open"),
    ("POST", "/v1/sessions/nobody/token"),
    ("GET", "/v1/events"),
    ("OPTIONS", "/v1/sessions"),
]
ELSEWHERE = "https://app.example.org"


@pytest.fixture(scope="module")
async def plain(make_app: MakeApp) -> AsyncIterator[Http]:
    """An API that is told of no other host or origin."""
    async with asking(make_app()) as client:
        yield client


@pytest.fixture(scope="module")
async def public(make_app: MakeApp) -> AsyncIterator[Http]:
    """An API that has a name, and an application elsewhere."""
    app = make_app(allowed_origins=(f"{ELSEWHERE}/",), allowed_hosts=("API.example.org", "10.0.0.1:8080"))
    async with asking(app) as client:
        yield client


@pytest.mark.parametrize(("method", "url"), ROUTES)
async def test_every_route_knows_who_it_is_and_who_asks(plain: Http, method: str, url: str) -> None:
    foreign_host = await plain.request(method, url, headers={"Host": "evil.example"})
    refusal(foreign_host, 403, "forbidden_host")
    foreign_page = await plain.request(method, url, headers={"Origin": "https://evil.example"})
    refusal(foreign_page, 403, "forbidden_origin")
    assert not [name for name in foreign_page.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "LOCALHOST", "LocalHost:8080"],
)
async def test_this_machine_has_its_names(plain: Http, host: str) -> None:
    answer(await plain.get("/healthz", headers={"Host": host}))


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", ":8080", "localhost.evil.example", "evil.example:localhost", "127.0.0.1.evil.example"),
        *("evil@localhost", "localhost?x", "localhost\\", "localhost/", "localhost#x", "localhost.", "[::1"),
        *("127.0.0.2", "[::2]", "0", "localhost:80:80"),
        *("evil.example", "10.0.0.1", "api.example.org", "\xfc.example"),
    ],
)
async def test_other_names_are_refused(plain: Http, host: str) -> None:
    headers = {"Host": host.encode("latin-1")}
    refusal(await plain.get("/healthz", headers=headers), 403, "forbidden_host")  # type: ignore[arg-type]


async def test_without_a_name_nothing_is_answered(plain: Http) -> None:
    request = plain.build_request("GET", "/healthz")
    del request.headers["host"]
    refusal(await plain.send(request), 403, "forbidden_host")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("127.0.0.1:8080", "http://localhost:8080"),
        ("localhost:8080", "http://[::1]:8080"),
        ("localhost", "http://localhost"),
        ("localhost", "http://localhost:80"),
        ("localhost", "https://localhost"),
        ("api.example.org", "https://api.example.org"),
        ("api.example.org:443", "https://api.example.org"),
        ("Api.Example.Org", "https://api.example.org"),
        ("10.0.0.1:8080", "http://10.0.0.1:8080"),
        ("api.example.org", ELSEWHERE),
        ("127.0.0.1:8080", ELSEWHERE),
    ],
)
async def test_pages_of_this_or_an_allowed_origin_may_ask(public: Http, host: str, origin: str) -> None:
    answer(await public.get("/v1/sessions", headers={"Host": host, "Origin": origin}))


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8080", "null"),
        ("127.0.0.1:8080", ""),
        ("127.0.0.1:8080", "http://127.0.0.1:8081"),
        ("127.0.0.1:8080", "http://127.0.0.1"),
        ("127.0.0.1:8080", "https://127.0.0.1"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080.evil.example"),
        ("127.0.0.1:8080", "http://localhost.evil.example:8080"),
        ("127.0.0.1:8080", "file://"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "chrome-extension://127.0.0.1:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("127.0.0.1:8080", "http://evil@127.0.0.1:8080"),
        ("127.0.0.1:8080", "http://api.example.org:8080"),
        ("127.0.0.1:8080", "http://app.example.org"),
        ("127.0.0.1:8080", "https://app.example.org:444"),
        ("127.0.0.1:8080", "https://app.example.org.evil.example"),
        ("api.example.org", "http://localhost"),
        ("api.example.org", "https://10.0.0.1"),
        ("api.example.org", "https://evil.example, https://app.example.org"),
    ],
)
async def test_pages_of_other_origins_may_do_nothing(public: Http, host: str, origin: str) -> None:
    headers = {"Host": host, "Origin": origin}
    before = await newest(public)
    refusal(await public.post("/v1/sessions", headers=headers), 403, "forbidden_origin")
    refusal(await public.get("/v1/sessions", headers=headers), 403, "forbidden_origin")
    refusal(await public.options("/v1/sessions", headers=preflight(headers)), 403, "forbidden_origin")
    assert await newest(public) == before


async def newest(http: Http) -> str:
    """The newest session; its active time goes on while it is looked at."""
    session_id: str = answer(await http.get("/v1/sessions", params={"limit": 1}))["items"][0]["session_id"]
    return session_id


def preflight(headers: dict[str, str]) -> dict[str, str]:
    return {
        **headers,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_an_allowed_page_passes_the_preflight(public: Http, method: str) -> None:
    headers = {
        "Origin": ELSEWHERE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,last-event-id",
    }
    response = await public.options("/v1/sessions", headers=headers)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ELSEWHERE
    assert method in response.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in response.headers


async def test_an_allowed_page_may_read_what_it_asked_for_and_why_not(public: Http) -> None:
    headers = {"Origin": ELSEWHERE}
    found: list[httpx2.Response] = [
        await public.get("/v1/sessions", headers=headers),
        await public.get("/v1/sessions/nobody", headers=headers),
        await public.get("/v1/sessions", headers={**headers, "Authorization": "Bearer wrong"}),
        await public.post("/v1/sessions", headers=headers, content=b"x" * 300_000),
    ]
    assert [response.status_code for response in found] == [200, 404, 401, 413]
    for response in found:
        assert response.headers["access-control-allow-origin"] == ELSEWHERE
        assert "origin" in response.headers["vary"].lower()


async def test_who_has_no_origin_is_no_page(public: Http) -> None:
    await start(public)
