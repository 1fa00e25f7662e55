import base64
import json
from collections.abc import AsyncIterator

import jwt
import pytest

from api.auth import ALGORITHM
from api.options import ApiOptions
from tests.api.asking import AS_JSON, Http, Json, answer, close, read, refusal, say, start, transcript
from tests.api.conftest import MakeApp, asking
from tests.system import System
from workers.api_process import api_options
from workers.settings import ApiSettings, SettingsError

KEYS = (("red", "red key one"), ("red", "red key two"), ("blue", "blue key one"))


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


@pytest.fixture(scope="module")
async def api(make_app: MakeApp) -> AsyncIterator[Http]:
    """An API of two tenants; asks without a credential."""
    async with asking(make_app(keys=KEYS)) as client:
        yield client


@pytest.fixture(scope="module")
async def red(make_app: MakeApp) -> AsyncIterator[Http]:
    async with asking(make_app(keys=KEYS), headers=bearer("red key one")) as client:
        yield client


@pytest.fixture(scope="module")
async def blue(make_app: MakeApp) -> AsyncIterator[Http]:
    async with asking(make_app(keys=KEYS), headers=bearer("blue key one")) as client:
        yield client


def routes(session_id: str) -> list[tuple[str, str]]:
    """Every route that is about one session."""
    url = f"/v1/sessions/{session_id}"
    return [
        ("GET", url),
        ("PATCH", url),
        ("DELETE", url),
        ("POST", f"{url}/pause"),
        ("POST", f"{url}/resume"),
        ("POST", f"{url}/stop"),
        ("POST", f"{url}/messages"),
        ("GET", f"{url}/messages"),
        ("DELETE", f"{url}/messages/m-1"),
        ("GET", f"{url}/events"),
        ("GET", f"{url}/ws"),
        ("GET", f"{url}/messages/last"),
        ("POST", f"{url}/open"),
    ]


async def test_with_keys_nothing_is_given_without_one(api: Http, red: Http) -> None:
    session = await start(red)
    for method, url in [("GET", "/v1/sessions"), ("POST", "/v1/sessions"), *routes(session["session_id"])]:
        response = await api.request(method, url)
        refusal(response, 401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
    for url in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "/console/page/index.html"):
        assert (await api.get(url)).status_code == 200
    assert (await read(red, session["session_id"]))["status"] == "idle"


async def test_every_live_key_of_a_tenant_opens_the_same_sessions(api: Http, red: Http) -> None:
    session = await start(red)
    for key in ("red key one", "red key two"):
        shown = answer(await api.get(f"/v1/sessions/{session['session_id']}", headers=bearer(key)))
        assert shown["session_key"] == session["session_key"]


async def test_another_tenants_session_does_not_exist(red: Http, blue: Http) -> None:
    theirs = await start(red, title="red")
    nobodys = refusal(await blue.get("/v1/sessions/nobody"), 404, "session_not_found")
    for name in (theirs["session_id"], f"{theirs['session_key'][:-1]}99999"):
        for method, url in routes(name):
            body = {"content": "x"} if url.endswith("/messages") else {}
            with_body = {"json": body} if method in {"POST", "PATCH"} else {}
            assert refusal(await blue.request(method, url, **with_body), 404, "session_not_found") == nobodys  # type: ignore[arg-type]
    assert (await read(red, theirs["session_id"]))["title"] == "red"
    found = answer(await blue.get("/v1/sessions", params={"limit": 200}))["items"]
    assert theirs["session_id"] not in {session["session_id"] for session in found}
    assert answer(await blue.get("/v1/sessions", params={"q": theirs["session_id"]}))["items"] == []


async def test_keys_and_idempotency_keys_are_a_tenants_own(red: Http, blue: Http) -> None:
    first = [await start(tenant) for tenant in (red, blue)]
    for tenant, session in zip((red, blue), first, strict=True):
        assert (await read(tenant, session["session_key"]))["session_id"] == session["session_id"]
    headers = {"Idempotency-Key": "of both"}
    ids = {
        answer(await tenant.post("/v1/sessions", json={"title": title}, headers=headers), 201)["session_id"]
        for tenant, title in ((red, "red"), (blue, "blue"))
    }
    assert len(ids) == 2


async def test_a_session_token_opens_its_own_session_and_nothing_else(api: Http, red: Http) -> None:
    own, other = await start(red), await start(red)
    headers = bearer(own["session_token"])
    for name in (own["session_id"], own["session_key"]):
        assert (
            answer(await api.get(f"/v1/sessions/{name}", headers=headers))["session_id"] == own["session_id"]
        )
    async with asking_as(api, headers) as holder:
        await say(holder, own["session_id"])
        assert await transcript(holder, own["session_id"]) is not None
        answer(await holder.patch(f"/v1/sessions/{own['session_id']}", json={"title": "mine"}))
        answer(await holder.get(f"/v1/sessions/{own['session_id']}/events", headers=AS_JSON))
        for name in (other["session_id"], other["session_key"], "nobody", "SESSION-99999"):
            refusal(await holder.get(f"/v1/sessions/{name}"), 404, "session_not_found")
            refusal(await holder.delete(f"/v1/sessions/{name}"), 404, "session_not_found")
        refusal(await holder.get("/v1/sessions"), 401, "unauthorized")
        refusal(await holder.post("/v1/sessions", json={}), 401, "unauthorized")
    assert (await read(red, other["session_id"]))["status"] == "idle"
    await close(red, own["session_id"])
    answer(await api.get(f"/v1/sessions/{own['session_id']}", headers=headers))


def asking_as(http: Http, headers: dict[str, str]) -> Http:
    return asking(http._transport.app, headers=headers)  # type: ignore[attr-defined]


async def test_a_token_outlives_the_process_but_not_the_secret(
    api: Http, red: Http, make_app: MakeApp
) -> None:
    session = await start(red)
    url, headers = f"/v1/sessions/{session['session_id']}", bearer(session["session_token"])
    async with asking(make_app(keys=KEYS)) as again:
        answer(await again.get(url, headers=headers))
    async with asking(make_app(keys=KEYS, secret="another secret, long enough")) as other:
        refusal(await other.get(url, headers=headers), 401, "unauthorized")


WRONG = {
    "a key of nobody": "Bearer nobody's key",
    "no credential": "Bearer ",
    "no scheme": "red key one",
    "another scheme": f"Basic {base64.b64encode(b'red:red key one').decode()}",
    "a prefix of a key": "Bearer red key on",
    "a longer key": "Bearer red key one2",
    "a tenant": "Bearer red",
    "a tenant with its key": "Bearer red:red key one",
    "nothing": "",
    "three dots": "Bearer ...",
    "an unsigned token": "Bearer "
    + ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, {"sub": "x", "tenant": "red"})
    )
    + ".",
    "a token of another key": "Bearer "
    + jwt.encode({"sub": "x", "tenant": "red"}, "another key, which is long enough", ALGORITHM),
    "bytes": "Bearer \xff\xfe",
    "very long": "Bearer " + "x" * 20_000,
}


@pytest.mark.parametrize("credential", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_credential_is_refused_even_where_none_is_needed(
    api: Http, http: Http, make_app: MakeApp, credential: str
) -> None:
    async with asking(make_app()) as open_to_all:
        for client in (api, open_to_all):
            for method, url in (
                ("GET", "/healthz"),
                ("GET", "/readyz"),
                ("GET", "/metrics"),
                ("GET", "/openapi.json"),
                ("GET", "/docs"),
                ("GET", "/nothing"),
                ("PUT", "/healthz"),
                ("GET", "/v1/sessions"),
                ("POST", "/v1/sessions"),
                ("GET", "/v1/sessions/nobody/events"),
            ):
                headers = {"Authorization": credential.encode("latin-1")}
                refusal(await client.request(method, url, headers=headers), 401, "unauthorized")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_token_without_its_claims_is_refused(make_app: MakeApp) -> None:
    app = make_app(keys=KEYS)
    key = app.state.context.credentials._signing_key
    claims: list[Json] = [{}, {"sub": "x"}, {"tenant": "red"}, {"sub": 5, "tenant": "red"}]
    async with asking(app) as client:
        for claim in claims:
            headers = bearer(jwt.encode(claim, key, ALGORITHM))
            refusal(await client.get("/v1/sessions/x", headers=headers), 401, "unauthorized")
        headers = bearer(jwt.encode({"sub": "x", "tenant": "red"}, key, "HS512"))
        refusal(await client.get("/v1/sessions/x", headers=headers), 401, "unauthorized")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_has_no_case(api: Http, scheme: str) -> None:
    answer(await api.get("/v1/sessions", headers={"Authorization": f"{scheme} red key one"}))


PATHS = [
    *("..", "%2e%2e", "..%2f..%2fhealthz", "%2F", "a%2Fb", "{x}", "%7Bx%7D", "*", "?*", "[a-z]*", "%00"),
    *(
        "nobody%00",
        "tenant:red",
        "perdure:x",
        "%E2%80%AE",
        "%ff%fe",
        "%0d%0aSet-Cookie:x=1",
        "SESSION-001%0a",
    ),
    *("SESSION--1", "SESSION-\u0660\u0660\u0661", "session-", "-", "_", " ", "null", "%F0%9F%98%80"),
    *("x" * 65, "x" * 5000),
]


@pytest.mark.parametrize("path", PATHS)
async def test_a_path_reaches_nothing_but_sessions(red: Http, http: Http, path: str) -> None:
    before = await titles(red)
    for client, asked in ((red, routes(path)), (http, routes(path)[:1])):
        for method, url in asked:
            if url == "/v1/sessions/../events":
                # Clients make /v1/events of it before they ask, which is another route.
                continue
            body = {"PATCH": {"title": "x"}, "POST": {"content": "x"}}.get(method)
            response = await client.request(method, url, **({"json": body} if body else {}))  # type: ignore[arg-type]
            assert response.status_code in {404, 405}, (method, url, response.text)
            assert "set-cookie" not in response.headers
            refusal(response, response.status_code, response.json()["code"])
    assert await titles(red) == before


async def titles(http: Http) -> dict[str, str]:
    found = answer(await http.get("/v1/sessions", params={"limit": 200}))["items"]
    return {session["session_id"]: session["title"] for session in found}


def settings(system: System, **env: str) -> ApiSettings:
    return ApiSettings.model_validate({"PERDURE_SECRET": system.env["PERDURE_SECRET"], **env})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])  # noqa: S104
def test_without_keys_the_api_is_for_this_machine_only(system: System, host: str) -> None:
    with pytest.raises(SettingsError, match="loopback"):
        api_options(settings(system), host)
    assert api_options(settings(system, PERDURE_API_KEYS="red:red-key-one"), host).keys == (
        ("red", "red-key-one"),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_without_keys_this_machine_may_do_everything(system: System, host: str) -> None:
    options: ApiOptions = api_options(settings(system), host)
    assert options.keys == ()


@pytest.mark.parametrize(
    "keys", ["red", "red:", "red:short", "r d:red-key-one", ":red-key-one", "red:a b c d e f"]
)
def test_keys_that_are_none_are_refused(system: System, keys: str) -> None:
    with pytest.raises(ValueError, match="tenant:key"):
        settings(system, PERDURE_API_KEYS=keys)


def test_several_keys_are_read(system: System) -> None:
    told = settings(system, PERDURE_API_KEYS="red:red-key-one, red:red-key-two,blue:blue:key:one,")
    assert told.tenant_keys() == (("red", "red-key-one"), ("red", "red-key-two"), ("blue", "blue:key:one"))


def test_the_api_wants_a_secret() -> None:
    with pytest.raises(SettingsError, match="PERDURE_SECRET"):
        api_options(ApiSettings.model_validate({"PERDURE_SECRET": None}), "127.0.0.1")
