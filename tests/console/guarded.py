"""An API that wants a key, beside the one of the tests' system.

Owns its process. Must not know who asks.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import httpx2

from tests.ports import free_port
from tests.system import Part, System

KEY: Final = "the-red-key-of-the-tests"


@asynccontextmanager
async def guarded_api(system: System) -> AsyncIterator[str]:
    """Its URL."""
    port = free_port()
    argv = [sys.executable, "-m", "workers", "api", "--port", str(port)]
    part = Part(f"guarded-{port}", argv, {**system.env, "PERDURE_API_KEYS": f"red:{KEY}"}, system.folder)
    part.start()
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(20), system.http() as http:
            while not await _answers(http, url):
                await asyncio.sleep(0.1)
        yield url
    finally:
        part.stop()


async def _answers(http: httpx2.AsyncClient, url: str) -> bool:
    with suppress(httpx2.HTTPError):
        return (await http.get(f"{url}/readyz")).status_code == 200
    return False
