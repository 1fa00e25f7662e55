"""Owns how a local provider listens: its socket, its start and its stop. Must not know what it serves.

Must not take the process's signals: who runs it decides when it stops.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workers.offline.errors import ConnectionCut, Rejection

_GRACE_SECONDS = 1
_BACKLOG = 2048


@asynccontextmanager
async def serving(routes: Sequence[Route], host: str, port: int) -> AsyncIterator[str]:
    """Serve until the block is left and yield the base URL; port 0 takes a free one. OSError when none is."""
    with _listening(host, port) as listener:
        server = _Server(_config(routes))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.ready.wait()
            yield _base_url(listener)
        finally:
            server.should_exit = True
            await task


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, and with a moment at which it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _WithoutScriptedCuts(logging.Filter):
    """Keeps out of the log what was asked for."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], ConnectionCut))


_FILTER = _WithoutScriptedCuts()


def _config(routes: Sequence[Route]) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").addFilter(_FILTER)
    return uvicorn.Config(
        Starlette(routes=routes, exception_handlers={HTTPException: _unknown_url}),
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


async def _unknown_url(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = f"Invalid URL ({request.method} {request.url.path})"
    return Rejection(message, status=status).response()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named: without it, 40 ms a request.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        yield listener


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
