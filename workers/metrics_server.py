"""The worker's only door: `/metrics`.

Owns a server in a thread of its own, so that a scrape is answered while the loop is busy; must not know what
is on the page.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

PATH: Final = "/metrics"
SCRAPE_SECONDS: Final = 10.0
"""Patience with a client that does not ask or does not read."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)


@contextmanager
def serving_metrics(host: str, port: int, page: Callable[[], bytes], media_type: str) -> Iterator[None]:
    """Serve `page` there meanwhile. Raises OSError when nobody can listen there."""
    with _Server(host, port, _answers(page, media_type)) as server:
        thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _answers(page: Callable[[], bytes], media_type: str) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        timeout = SCRAPE_SECONDS

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != PATH:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body = page()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Scrapes are no events."""

    return Answers
