"""The service itself: is it alive, is it ready, what does it measure.

Owns the HTTP of it; needs no credential.
"""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from activities.metrics_page import MEDIA_TYPE, metrics_page
from activities.store.client import StoreUnavailableError
from api.answers import Health, NotReady
from api.context import Context, Here
from api.errors import Problem

router = APIRouter(tags=["service"])


@router.get("/healthz")
async def alive() -> Health:
    """The process is alive."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health, responses={503: {"model": NotReady}})
async def ready(here: Here) -> Any:
    """Engine and store are reachable; 503 names what is not."""
    engine, store = await asyncio.gather(_engine(here), _store(here))
    if engine == store == "ok":
        return Health(status="ok")
    return JSONResponse(NotReady(status="unavailable", engine=engine, store=store).model_dump(), 503)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(here: Here) -> Response:
    """Prometheus metrics of this process."""
    page = await asyncio.to_thread(metrics_page, here.options.sdk_metrics)
    return Response(page, media_type=MEDIA_TYPE)


async def _engine(here: Context) -> str:
    try:
        await here.engine.check()
    except Problem:
        return "unreachable"
    return "ok"


async def _store(here: Context) -> str:
    try:
        await here.projection.check()
    except StoreUnavailableError:
        return "unreachable"
    return "ok"
