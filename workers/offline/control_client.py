"""Owns the client side of the control paths, for tests and benchmarks. Must not know the model."""

from types import TracebackType
from typing import Any, Self

import httpx2


class ControlClient:
    """Scripts an offline model and reads its ledger; an async context manager."""

    def __init__(self, control_url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=control_url, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def script(self, *behaviours: dict[str, Any]) -> None:
        """Queue behaviours; those that are malformed raise httpx2.HTTPStatusError."""
        response = await self._http.post("/_script", json=list(behaviours))
        response.raise_for_status()

    async def waiting(self) -> list[dict[str, Any]]:
        """Return the behaviours that no request has taken yet."""
        return list((await self._get("/_script"))["waiting"])

    async def requests(self) -> list[dict[str, Any]]:
        """Return the newest requests, oldest first."""
        return list((await self._get("/_requests"))["requests"])

    async def stats(self) -> dict[str, int]:
        """Return all counts."""
        return await self._get("/_stats")

    async def reset(self) -> None:
        """Empty the script, the recorded requests and the counts."""
        for path in ("/_script", "/_requests"):
            (await self._http.delete(path)).raise_for_status()

    async def _get(self, path: str) -> dict[str, Any]:
        response = await self._http.get(path)
        response.raise_for_status()
        body: dict[str, Any] = response.json()
        return body
