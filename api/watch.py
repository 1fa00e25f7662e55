"""Looking again and again at what nobody tells.

Owns that a watch outlives a store or an engine that is away; must not know what is looked for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from activities.store.client import StoreUnavailableError
from api.errors import Problem

_log = logging.getLogger(__name__)


async def keep_looking(look: Callable[[], Awaitable[None]], pause_seconds: float, in_vain: str) -> None:
    """`look` until cancelled; `in_vain` is logged where store or engine did not answer."""
    while True:
        try:
            await look()
        except (StoreUnavailableError, Problem) as error:
            _log.warning("%s: %s", in_vain, error)
        except Exception:  # noqa: BLE001  a bug in one look must not end the watch, and nobody waits for it
            _log.exception("%s", in_vain)
        await asyncio.sleep(pause_seconds)
