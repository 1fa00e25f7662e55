"""A line between a client and a server on which the client's words are overheard.

Owns the sockets; changes nothing that passes, and may hold news up. Reads requests with JSON bodies out of
what it heard.
"""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, Self

_REQUEST = re.compile(rb"(?:POST|PATCH) (\S+) HTTP/1\.1\r\n((?:[^\r\n]+\r\n)*)\r\n")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_CHUNK = 65_536


@dataclass
class _Said:
    """What one end of a connection said, and when."""

    text: bytes = b""
    times: list[tuple[int, float]] = field(default_factory=list)

    def add(self, chunk: bytes) -> None:
        self.times.append((len(self.text), monotonic()))
        self.text += chunk

    def requests(self) -> Iterator[tuple[float, bytes, bytes]]:
        """When each that has come whole began, its path and its body."""
        for request in _REQUEST.finditer(text := self.text):
            length = _LENGTH.search(request[2])
            end = request.end() + int(length[1] if length else 0)
            if end <= len(text):
                began = max(time for start, time in self.times if start <= request.start())
                yield began, request[1], text[request.end() : end]


class Overheard:
    """Connections to its `url` lead to the server at this port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._said: list[_Said] = []
        self._ends: list[socket.socket] = []
        self._flows = threading.Event()
        self._flows.set()

    @contextmanager
    def without_news(self) -> Iterator[None]:
        """What the server says on streams of events is late."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def requests(self, end_of_path: str) -> list[dict[str, Any]]:
        """The bodies of requests to paths that end so, in their order over all connections."""
        found = sorted(request for said in self._said for request in said.requests())
        return [json.loads(body or b"{}") for _, path, body in found if path.endswith(end_of_path.encode())]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in (self._server, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                said = _Said()
                self._said.append(said)
                self._ends += [client, server]
                threading.Thread(target=_pass_on, args=(client, server, said.add), daemon=True).start()
                threading.Thread(
                    target=_pass_on, args=(server, client, self._wait(said)), daemon=True
                ).start()

    def _wait(self, asked: _Said) -> Callable[[bytes], None]:
        def wait(_: bytes) -> None:
            if b"/events" in asked.text:
                self._flows.wait()

        return wait


def _pass_on(source: socket.socket, target: socket.socket, passes: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            passes(chunk)
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
