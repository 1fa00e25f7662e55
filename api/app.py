"""The application: routes, middleware and the parts they share, plugged together.

Owns that and the life of its feeds; must not read the environment.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI
from redis.asyncio import Redis
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from temporalio.client import Client

from activities.store.audio import AudioStore
from activities.store.event_log import EventLog
from activities.store.life import StoreLife
from activities.store.listing import Listing
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from activities.store.retention import Retention
from activities.store.spoken import Spoken
from activities.store.tenant_channel import TenantChannel
from api import errors
from api.access import Access
from api.auth import Credentials
from api.console_files import load_console
from api.context import Context
from api.cut_off import CutOff
from api.description import describe, refusals
from api.ending import Ending
from api.engine import Engine
from api.forgetting import Forgetting
from api.gate import BodyLimit, CredentialGate, OriginGate, normal_origin
from api.hub import Hub
from api.listing import SessionPages
from api.metrics import RequestMetrics
from api.options import ApiOptions
from api.playback_reports import PlaybackReports
from api.rebuild import Rebuild
from api.restoring import Restoring
from api.routes import audio, console, events, feed, messages, recordings, service, sessions, socket, voice
from api.tenant_feed import TenantFeed
from api.uploads import LARGER_BODY, Uploads
from api.visibility import Visibility


def create_app(options: ApiOptions, client: Client, redis: "Redis") -> FastAPI:
    """The API over an engine and a store."""
    context = _context(options, client, redis)
    visibility = Visibility(client)
    rebuild = Rebuild(context.life, context.projection, visibility, context.restoring, context.hub.watched)
    ending = Ending(context.log, context.reader, context.projection, context.retention)
    forgetting = Forgetting(context.retention, context.engine, options.retention)
    cut_off = CutOff(visibility, context.engine, context.restoring, ending)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        watches = (context.hub, context.tenants, rebuild, cut_off, forgetting)
        running = [asyncio.create_task(watch.run()) for watch in watches]
        yield
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    app = FastAPI(
        title="Perdure",
        version=version("perdure"),
        summary="Durable sessions with language models",
        lifespan=life,
        middleware=_middleware(options, context.credentials),
        responses=refusals(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    errors.register(app)
    describe(app)
    for routes in (sessions, messages, voice, audio, recordings, events, socket, feed, service, console):
        app.include_router(routes.router)
    return app


def _context(options: ApiOptions, client: Client, redis: "Redis") -> Context:
    engine, reader, projection = Engine(client), LogReader(redis), Projection(redis)
    listing, retention = Listing(redis), Retention(redis)
    audio_store = AudioStore(redis)
    restoring = Restoring(projection, retention, engine)
    return Context(
        options=options,
        credentials=Credentials(options),
        engine=engine,
        log=EventLog(redis),
        reader=reader,
        projection=projection,
        pages=SessionPages(listing, projection),
        life=StoreLife(redis),
        retention=retention,
        restoring=restoring,
        access=Access(listing, projection, engine, restoring),
        hub=Hub(redis, reader),
        channel=TenantChannel(redis),
        tenants=TenantFeed(redis),
        audio=audio_store,
        uploads=Uploads(audio_store),
        spoken=Spoken(redis),
        players=PlaybackReports(),
        console=load_console(),
    )


def _middleware(options: ApiOptions, credentials: Credentials) -> list[Middleware]:
    cors = Middleware(
        CORSMiddleware,
        allow_origins=[normal_origin(origin) for origin in options.allowed_origins],
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=[
            *("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"),
            *("Range", "If-Range", "If-None-Match"),
        ],
        expose_headers=["Accept-Ranges", "Content-Range", "ETag", "Retry-After"],
    )
    return [
        Middleware(RequestMetrics),
        Middleware(errors.UnexpectedErrors),
        Middleware(OriginGate, origins=options.allowed_origins, hosts=options.allowed_hosts),
        *([cors] if options.allowed_origins else []),
        Middleware(CredentialGate, credentials=credentials),
        Middleware(BodyLimit, larger=(LARGER_BODY,)),
    ]
