"""Pages made up by a test, served under the console's policy.

Owns the server. Must not know what they are for.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from api.routes.console import POLICY
from tests.ports import free_port

_TYPES: Final = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "wav": "audio/wav"}


@contextmanager
def serving_pages(files: Mapping[str, str | bytes], policy: str | None = POLICY) -> Iterator[str]:
    """The origin that serves `files`, by path; what has no known suffix is HTML."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            content, suffix = files.get(path), path.rpartition(".")[2]
            self.send_response(404 if content is None else 200)
            body = content.encode() if isinstance(content, str) else content or b""
            self.send_header("Content-Type", _TYPES.get(suffix, "text/html; charset=utf-8"))
            self.send_header("Content-Length", str(len(body)))
            if policy is not None:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Answer)
    running = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    running.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        running.join()
        server.server_close()
