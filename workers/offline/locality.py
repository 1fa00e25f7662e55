"""Owns the question whether a request comes from this machine. Must not answer the request."""

import ipaddress

from starlette.requests import Request
from starlette.responses import JSONResponse

_FORBIDDEN = 403


def is_local(request: Request) -> bool:
    """Tell whether both the sender and the host name it used are of this machine."""
    # The host name too: a page that rebinds its own name to 127.0.0.1 comes from here as well.
    peer = request.client.host if request.client else None
    named = request.url.hostname
    return _is_loopback(peer) and (named == "localhost" or _is_loopback(named))


def not_local() -> JSONResponse:
    """Return the 403 for everybody else."""
    return JSONResponse({"error": "control is for this machine only"}, status_code=_FORBIDDEN)


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
