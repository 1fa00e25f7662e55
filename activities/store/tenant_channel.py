"""What all clients of a tenant are told, now or never: nothing of it is kept.

Owns telling; most of it is told by the event log's scripts, in the moment of the write. Must not know who
listens (the API's tenant feed does).
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience


class TenantChannel:
    """Tells the clients of all tenants. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def tell(self, tenant: str, event: Mapping[str, Any]) -> None:
        """Tell whoever listens; `event` has a `type`."""
        async with patience():
            await self._redis.publish(keys.feed(tenant), to_json(event))
