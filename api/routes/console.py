"""The console: its page at `/`, its files, and what the page wants to know of this deployment.

Owns the HTTP of it, above all how little the page may do. The files are public; the settings need an API key,
and are no part of the public contract: the page that reads them is of the same release. Must not know what is
in the files.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.console_files import INDEX
from api.context import Context, Here, Tenant
from api.entity_tags import IfNoneMatch, is_known
from api.errors import Problem
from api.up_record import worker_pid
from workflows.contract.errors import ErrorCode
from workflows.contract.profile import Profile

router = APIRouter(include_in_schema=False)

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    # For the library, too: an allowed origin imports it with CORS, which this does not touch.
    "Cross-Origin-Resource-Policy": "same-origin",
}
_READING: Final = ["GET", "HEAD"]


@router.api_route("/", methods=_READING)
async def page(here: Here, request: Request, if_none_match: IfNoneMatch = None) -> Response:
    """The page."""
    return _answer(here, INDEX, request, if_none_match)


@router.api_route("/console", methods=_READING)
@router.api_route("/console/", methods=_READING)
async def elsewhere() -> Response:
    """Where people look for the page, too."""
    return RedirectResponse("/", HTTPStatus.PERMANENT_REDIRECT)


@router.api_route("/console/settings", methods=_READING)
async def settings(here: Here, tenant: Tenant) -> dict[str, Any]:  # noqa: ARG001 - it must be one
    """What the page wants to know of this deployment; `worker_pid` where `perdure up` started it."""
    options = here.options
    record = options.up_record
    return {
        "temporal_ui": f"{options.temporal_ui}/{here.engine.page_of_workflow('{workflow_id}')}",
        "profiles": [_described(profile) for profile in options.profiles.values()],
        "transcribes": options.transcribes,
        "worker_pid": None if record is None else await asyncio.to_thread(worker_pid, record),
    }


@router.api_route("/console/{name:path}", methods=_READING)
async def file(here: Here, name: str, request: Request, if_none_match: IfNoneMatch = None) -> Response:
    """One file of the page or of the library."""
    return _answer(here, name, request, if_none_match)


def _answer(here: Context, name: str, request: Request, if_none_match: str | None) -> Response:
    found = here.console.get(name)
    if found is None:
        raise Problem(ErrorCode.NOT_FOUND, "The console has no such file; its page is at GET /.")
    headers = {**_HEADERS, "ETag": found.etag}
    if is_known(found.etag, if_none_match):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers |= {"Content-Type": found.media_type, "Content-Length": str(len(found.content))}
    return Response(b"" if request.method == "HEAD" else found.content, headers=headers)


def _described(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "description": profile.description,
        "agents": [agent.name for agent in profile.agents],
        "speaks": profile.speech is not None,
        "is_guided": bool(profile.phases),
        "settings": profile.settings,
    }
