"""The console's page and files as they are served, and what the page is told of the deployment."""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest

from tests.api.asking import Http, answer, refusal, start
from tests.api.conftest import MakeApp, asking
from tests.system import System
from workers.api_process import api_options
from workers.settings import ApiSettings

CLIENT = "/console/perdure-client.js"
FILES = {
    "/": ("page/index.html", "text/html; charset=utf-8"),
    "/console/page/index.html": ("page/index.html", "text/html; charset=utf-8"),
    "/console/page/elements.js": ("page/elements.js", "text/javascript; charset=utf-8"),
    "/console/page/icon.svg": ("page/icon.svg", "image/svg+xml"),
    CLIENT: ("perdure-client.js", "text/javascript; charset=utf-8"),
    "/console/perdure-client.d.ts": ("perdure-client.d.ts", "text/plain; charset=utf-8"),
}
POLICY = {
    *("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'"),
    *("media-src 'self' blob:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
    *("require-trusted-types-for 'script'", "trusted-types 'none'"),
}
HEADERS = {
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
async def api(make_app: MakeApp) -> AsyncIterator[Http]:
    """An API of one tenant; asks without a credential."""
    async with asking(make_app(keys=(("red", "red key one"),))) as client:
        yield client


RED = {"Authorization": "Bearer red key one"}


@pytest.mark.parametrize("url", FILES)
async def test_files_are_public_and_may_do_little(api: Http, url: str) -> None:
    name, media_type = FILES[url]
    response = await api.get(url)
    assert response.status_code == 200
    written = files("api").joinpath("console", name).read_bytes()
    assert response.content == written or (name.endswith(".js") and len(response.content) < len(written))
    assert response.headers["content-type"] == media_type
    assert response.headers.items() >= HEADERS.items()
    assert set(response.headers["content-security-policy"].split("; ")) == POLICY
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("url", ["/", CLIENT])
async def test_a_head_is_what_a_get_would_say(http: Http, url: str) -> None:
    got, described = await http.get(url, headers={"Accept-Encoding": "identity"}), await http.head(url)
    assert (described.status_code, described.content) == (200, b"")
    assert {**described.headers, "date": ""} == {**got.headers, "date": ""}
    assert int(described.headers["content-length"]) == len(got.content)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_a_browser_has_is_not_sent_again(http: Http, method: str) -> None:
    etag = (await http.get(CLIENT)).headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = await http.request(method, CLIENT, headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
        assert response.headers.items() >= HEADERS.items()
    for other in ('"other"', (await http.get("/")).headers["etag"], ""):
        response = await http.request(method, CLIENT, headers={"If-None-Match": other})
        assert response.status_code == 200


@pytest.mark.parametrize("url", ["/console", "/console/"])
async def test_people_who_look_elsewhere_are_led_to_the_page(http: Http, url: str) -> None:
    response = await http.get(url)
    assert (response.status_code, response.headers["location"]) == (308, "/")


@pytest.mark.parametrize(
    "path",
    [
        *("nothing.js", "page", "page/", "/page/index.html", "page//elements.js", "PAGE/index.html"),
        *("../app.py", "%2e%2e/app.py", "..%2fapp.py", "page/../../app.py", "page/../perdure-client.js"),
        *("..%5capp.py", "%00", "perdure-client.js%00", "%2fetc%2fpasswd", "//etc/passwd", "page/%ff"),
        *("../console/perdure-client.js", "./perdure-client.js", "page/.", "%252e%252e/app.py"),
    ],
)
async def test_there_is_no_way_out_of_the_folder(system: System, path: str) -> None:
    status, body = await as_it_is(system, f"/console/{path}")
    assert (status, json.loads(body)["code"]) == (404, "not_found")
    assert "GET /" in json.loads(body)["detail"]


async def as_it_is(system: System, target: str) -> tuple[int, bytes]:
    """Status and body of a GET whose target no client has tidied up."""
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("url", ["/", CLIENT, "/console", "/console/settings"])
async def test_files_are_for_reading(http: Http, method: str, url: str) -> None:
    response = await http.request(method, url)
    refusal(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD"


async def test_other_hosts_and_pages_get_no_file(api: Http) -> None:
    for url in ("/", CLIENT, "/console/settings"):
        refusal(await api.get(url, headers={"Host": "evil.example"}), 403, "forbidden_host")
        foreign = {"Origin": "https://evil.example"}
        refusal(await api.get(url, headers=foreign), 403, "forbidden_origin")


async def test_an_allowed_page_may_import_the_library(make_app: MakeApp) -> None:
    elsewhere = "https://app.example.org"
    async with asking(make_app(allowed_origins=(elsewhere,))) as client:
        response = await client.get(CLIENT, headers={"Origin": elsewhere})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, elsewhere)


async def test_the_page_is_told_what_there_is(system: System, http: Http) -> None:
    told = answer(await http.get("/console/settings"))
    assert set(told) == {"temporal_ui", "profiles", "transcribes", "worker_pid"}
    started = await start(http)
    link = told["temporal_ui"].replace("{workflow_id}", started["workflow_id"])
    assert link == started["temporal_ui"]
    assert (told["transcribes"], told["worker_pid"]) == (True, None)
    profiles = {profile.pop("name"): profile for profile in told["profiles"]}
    assert set(profiles) == {"chat", "guided", "voice", "duo", "fixed"}
    assert profiles["duo"] == {
        "description": "",
        "agents": ["guide", "critic"],
        "speaks": False,
        "is_guided": False,
        "settings": ["effort"],
    }
    assert profiles["fixed"]["settings"] == []
    assert [name for name, profile in profiles.items() if not profile["speaks"]] == ["chat", "duo", "fixed"]
    assert [name for name, profile in profiles.items() if profile["is_guided"]] == ["guided"]


async def test_the_settings_are_for_who_holds_an_api_key(api: Http) -> None:
    refusal(await api.get("/console/settings"), 401, "unauthorized")
    wrong = {"Authorization": "Bearer wrong"}
    refusal(await api.get("/console/settings", headers=wrong), 401, "unauthorized")
    assert answer(await api.get("/console/settings", headers=RED))["transcribes"] is False
    session = answer(await api.post("/v1/sessions", json={}, headers=RED), 201)
    holder = {"Authorization": f"Bearer {session['session_token']}"}
    for url in ("/v1/sessions", "/console/settings"):
        refusal(await api.get(url, headers=holder), 401, "unauthorized")
    assert (await api.get("/", headers=holder)).status_code == 200


async def test_the_worker_is_named_as_long_as_up_keeps_it(make_app: MakeApp, tmp_path: Path) -> None:
    record = tmp_path / "up.json"
    async with asking(make_app(up_record=record)) as client:

        async def pid() -> int | None:
            found: int | None = answer(await client.get("/console/settings"))["worker_pid"]
            return found

        assert await pid() is None
        record.write_text(json.dumps({"pid": 1, "worker": {"pid": 4711}}))
        assert await pid() == 4711
        record.write_text(json.dumps({"pid": 1, "worker": {"pid": 4712}}))
        assert await pid() == 4712
        for damaged in (
            *("", '{"worker": {"pid": 47', "[]", "null", '{"worker": null}', '{"worker": [1]}', "\udcff"),
            *(json.dumps({"worker": {"pid": wrong}}) for wrong in (0, -1, True, "4711", 1.5, None, [1])),
        ):
            record.write_bytes(damaged.encode("utf-8", "surrogateescape"))
            assert await pid() is None, damaged
        record.unlink()
        assert await pid() is None


def test_up_says_where_its_record_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERDURE_SECRET", "a secret of the tests, long enough")
    monkeypatch.delenv("PERDURE_UP_RECORD", raising=False)
    assert api_options(ApiSettings(), "127.0.0.1").up_record is None
    monkeypatch.setenv("PERDURE_UP_RECORD", "/data/up.json")
    assert api_options(ApiSettings(), "127.0.0.1").up_record == Path("/data/up.json")


async def test_the_console_is_no_part_of_the_contract(http: Http) -> None:
    described = answer(await http.get("/openapi.json"))
    assert not [path for path in described["paths"] if path == "/" or path.startswith("/console")]
