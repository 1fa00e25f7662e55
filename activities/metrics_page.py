"""The page that a process is scraped for: what it counts itself, and what the engine's SDK counts in it.

Owns the text of the page and how the SDK is asked; must not know who serves it, nor what is counted.
"""

from typing import Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, REGISTRY, disable_created_metrics, generate_latest

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
SDK_SECONDS: Final = 1.0

# When each series began is known from the process's own start, and would double the page.
disable_created_metrics()  # type: ignore[no-untyped-call]
# The SDK is on this machine, whatever proxies there are.
_opener = build_opener(ProxyHandler({}))


def metrics_page(sdk_url: str | None) -> bytes:
    """Everything that this process measures. Blocks while the SDK, found at `sdk_url`, is asked."""
    return generate_latest(REGISTRY) + (_of_sdk(sdk_url) if sdk_url else b"")


def _of_sdk(url: str) -> bytes:
    """Its part of the page; empty when it cannot be had."""
    try:
        with _opener.open(url, timeout=SDK_SECONDS) as answer:
            page: bytes = answer.read()
    except (URLError, OSError):
        return b""
    return page
