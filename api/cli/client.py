"""The API's calls, and what their failures mean to a person at a terminal.

Owns paths, bodies, patience and the one line that a problem becomes. Must not print.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2

from api.cli.backoff import Backoff
from api.cli.errors import NotReachableError, RefusedError
from api.cli.program import typed
from api.cli.safe_text import one_line
from api.cli.settings import ClientSettings

Json = dict[str, Any]
_T = TypeVar("_T")

MAX_PAGE: Final = 200
PATIENCE_SECONDS: Final = 5.0
"""How long a command tries again where that is safe."""
_TIMEOUT: Final = httpx2.Timeout(20.0, connect=5.0)
_SILENCE: Final = httpx2.Timeout(5.0, read=45.0)
"""A stream has a heartbeat every 15 s: three of them missing are a broken connection."""
_QUEUE_FULL: Final = "queue_full"


class Api:
    """One API. Every call raises RefusedError or NotReachableError."""

    def __init__(self, settings: ClientSettings) -> None:
        self._url = settings.url
        self._http = httpx2.AsyncClient(
            base_url=settings.url,
            headers=settings.headers,
            timeout=_TIMEOUT,
            trust_env=not settings.is_local,
            verify=settings.is_encrypted,
        )

    async def __aenter__(self) -> Self:
        """Use it; connects with the first call."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def start_session(self, profile: str | None, key: str) -> Json:
        """Start a session, once for every `key`."""
        body = {"profile": profile} if profile else {}
        return await self._call("POST", "/v1/sessions", json=body, headers={"Idempotency-Key": key})

    async def list_sessions(self, filters: Mapping[str, str], limit: int) -> Json:
        """Up to `limit` sessions as one page, newest activity first."""
        items: list[Json] = []
        query = dict(filters)
        while True:
            size = min(limit - len(items), MAX_PAGE)
            page = await self._call("GET", "/v1/sessions", params={**query, "limit": str(size)})
            items += page["items"]
            if not page["next_cursor"] or len(items) >= limit:
                return {"items": items, "next_cursor": page["next_cursor"]}
            query["cursor"] = page["next_cursor"]

    async def session(self, session: str, after: str | None = None) -> Json:
        """The snapshot, once the write that answered `after` has taken effect."""
        return await self._call("GET", f"/v1/sessions/{session}", params={"after": after} if after else {})

    async def last_messages(self, session: str, limit: int) -> list[Json]:
        """The end of the transcript, oldest first."""
        query = {"order": "desc", "limit": str(min(limit, MAX_PAGE))}
        page = await self._call("GET", f"/v1/sessions/{session}/messages", params=query)
        return list(reversed(page["items"]))

    async def send(self, session: str, message_id: str, content: str, delivery: str) -> Json:
        """Send a message; doing it again is harmless."""
        body = {"message_id": message_id, "content": content, "delivery": delivery}
        return await self._call("POST", f"/v1/sessions/{session}/messages", json=body)

    async def stop(self, session: str) -> Json:
        """Stop the running turn."""
        return await self._call("POST", f"/v1/sessions/{session}/stop")

    async def close(self, session: str) -> Json:
        """End the session."""
        return await self._call("DELETE", f"/v1/sessions/{session}")

    async def playback(self, session: str, report: Json) -> Json:
        """Tell what is being heard: `turn`, `sentence_index`, `played_ms`, `state`."""
        return await self._call("POST", f"/v1/sessions/{session}/playback", json=report)

    async def barge_in(self, session: str, body: Json) -> Json:
        """Interrupt the voice at `turn`, `sentence_index`, `played_ms`; or take that back with `resume`."""
        return await self._call("POST", f"/v1/sessions/{session}/barge_in", json=body)

    async def rename(self, session: str, title: str) -> Json:
        """Give the session a title."""
        return await self._call("PATCH", f"/v1/sessions/{session}", json={"title": title})

    async def audio(self, session: str, audio_id: str) -> bytes:
        """The audio of a sentence."""
        path = f"/v1/sessions/{session}/audio/{audio_id}"
        try:
            response = await self._http.get(path)
        except httpx2.HTTPError as error:
            raise _unless_cancelled(self._nobody()) from error
        if not response.is_success:
            raise _problem(response, self._url)
        content: bytes = response.content
        return content

    async def past_events(self, session: str, after: str | None) -> Json:
        """One page of events that are there already, and the cursor behind them."""
        query = {"limit": str(MAX_PAGE), **({"after": after} if after else {})}
        path = f"/v1/sessions/{session}/events"
        return await self._call("GET", path, params=query, headers={"Accept": "application/json"})

    async def event_bytes(self, session: str, after: str | None) -> AsyncGenerator[bytes]:
        """The live stream, as long as one connection lasts; an empty chunk says that it stands."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        path = f"/v1/sessions/{session}/events"
        try:
            async with self._http.stream("GET", path, headers=headers, timeout=_SILENCE) as response:
                if response.status_code != HTTPStatus.OK:
                    await response.aread()
                    raise _problem(response, self._url)
                yield b""
                async for chunk in response.aiter_bytes():
                    yield chunk
        except httpx2.HTTPError as error:
            raise _unless_cancelled(self._nobody()) from error

    async def _call(self, method: str, path: str, **request: Any) -> Json:
        try:
            response = await self._http.request(method, path, **request)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _unless_cancelled(self._nobody()) from error
        if not response.is_success:
            raise _problem(response, self._url)
        return _body(response, self._url)

    def _nobody(self) -> NotReachableError:
        return NotReachableError(
            f"Nobody answers at {self._url}: start Perdure with `{typed('up')}`, or set PERDURE_URL."
        )


async def patiently(call: Callable[[], Awaitable[_T]], seconds: float | None = None) -> _T:
    """The result of `call`, made again for up to `seconds` (a few) while nobody answers."""
    backoff, clock = Backoff(), asyncio.get_running_loop().time
    until = clock() + (PATIENCE_SECONDS if seconds is None else seconds)
    while True:
        try:
            return await call()
        except NotReachableError:
            delay = backoff.delay()
            if clock() + delay > until:
                raise
            await asyncio.sleep(delay)


def _unless_cancelled(error: NotReachableError) -> BaseException:
    """A connection that is closed because of Ctrl-C may fail in that: it is Ctrl-C all the same."""
    task = asyncio.current_task()
    return asyncio.CancelledError() if task is not None and task.cancelling() else error


def _problem(response: httpx2.Response, url: str) -> RefusedError | NotReachableError:
    problem = _body(response, url)
    detail = one_line(str(problem.get("detail") or problem.get("title") or "The API refused this."))
    wrong = problem.get("errors") or []
    if wrong and wrong[0]["message"] != problem.get("detail"):
        detail = one_line(f"{detail} {wrong[0]['field']}: {wrong[0]['message']}.")
    code = str(problem.get("code") or "")
    detail = _way_out(code) or detail
    is_away = response.is_server_error or response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    if is_away and code != _QUEUE_FULL:
        return NotReachableError(detail)
    return RefusedError(detail, code)


def _way_out(code: str) -> str | None:
    """Where the next step is another one here than for a program."""
    match code:
        case "session_not_found":
            return f"There is no such session: `{typed('sessions', '--all')}` lists them."
        case "session_closed":
            return f"The session is over: start a new one with `{typed('chat')}`."
        case "unauthorized":
            return "The API wants another credential: set PERDURE_TOKEN to an API key."
    return None


def _body(response: httpx2.Response, url: str) -> Json:
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    raise NotReachableError(f"What answers at {url} is not Perdure's API: check PERDURE_URL.")
