"""A system whose worker is not as built: so is measured what the product has no switch for."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.system import System, serving


@asynccontextmanager
async def another_worker(system: System, module: str, *arguments: str) -> AsyncIterator[None]:
    """The worker that `module` makes, instead of the system's own."""
    part = system.parts["worker"]
    own = part.argv
    part.stop()
    part.argv = [sys.executable, "-m", module, *arguments, "worker"]
    part.start()
    try:
        await serving(system)
        yield
    finally:
        part.stop()
        part.argv = own
        part.start()
        await serving(system)
