"""Starting a session: from a request to everything that its workflow is born with.

Owns ids, keys, the resolved profile and idempotency. Must not know HTTP beyond `Problem`.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from time import monotonic
from typing import Final

from pydantic_core import to_json

from api.context import Context
from api.errors import Problem, store_rebuilding
from api.requests import NewMessage, NewSession
from workflows.contract.commands import SendMessage
from workflows.contract.errors import ErrorCode
from workflows.contract.profile import Profile, Settings, SettingsPatch
from workflows.contract.start import LISTED_AFTER, SessionStart

ID_BYTES: Final = 12
PATIENCE_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Started:
    """The session that a request started, now or earlier."""

    start: SessionStart
    is_new: bool


async def start_session(here: Context, tenant: str, wanted: NewSession, key: str | None) -> Started:
    """Start the session, once for every idempotency `key`.

    Raises Problem: `invalid_request`, `idempotency_conflict`, `engine_unavailable`.
    """
    profile = _profile(here, wanted)
    session_id = here.credentials.idempotent_id(tenant, key) if key else token_hex(ID_BYTES)
    start = SessionStart(
        session_id=session_id,
        session_key=await _fresh_key(here, tenant),
        tenant=tenant,
        profile=profile,
        model=here.options.model,
        title=wanted.title,
        user_id=wanted.user_id,
        metadata=wanted.metadata,
        limits=wanted.limits.over(profile.limits),
        settings=wanted.settings.over(Settings()),
        created_at=datetime.now(UTC),
        first_message=command_of(wanted.message, f"m-{session_id}") if wanted.message else None,
        retries=here.options.retries,
        heartbeat_timeout=here.options.heartbeat_timeout,
        listed_after=LISTED_AFTER,
    )
    earlier = await here.engine.start(start, _fingerprint(wanted))
    if earlier is None:
        await here.projection.announce(start)
        return Started(start, is_new=True)
    if earlier != _fingerprint(wanted):
        raise Problem(
            ErrorCode.IDEMPOTENCY_CONFLICT,
            "This Idempotency-Key started another session; use a new key for a new request.",
        )
    return Started(start, is_new=False)


async def _fresh_key(here: Context, tenant: str) -> str:
    """A key that no session of the tenant has. Raises Problem: `store_unavailable`."""
    until = monotonic() + PATIENCE_SECONDS
    while (number := await here.life.next_number(tenant)) is None:
        if monotonic() > until:
            raise store_rebuilding()
        await asyncio.sleep(LOOK_SECONDS)
    return f"SESSION-{number:03d}"


def command_of(message: NewMessage, message_id: str) -> SendMessage:
    """The command that `message` asks for, under `message_id` if the client gave it no id."""
    given = message.model_dump(exclude_unset=True, exclude={"message_id", "settings"})
    return SendMessage(**given, message_id=message.message_id or message_id, settings=message.settings)


def _fingerprint(wanted: NewSession) -> str:
    return hashlib.sha256(to_json(wanted.model_dump(mode="json", exclude_unset=True))).hexdigest()


def _profile(here: Context, wanted: NewSession) -> Profile:
    profile = here.options.profiles.get(wanted.profile)
    if profile is None:
        names = ", ".join(sorted(here.options.profiles))
        raise Problem(ErrorCode.INVALID_REQUEST, f"No such profile; there are: {names}.", field="profile")
    _check_settings(profile, wanted.settings, "settings")
    if wanted.message:
        _check_settings(profile, wanted.message.settings, "message.settings")
        if profile.agent(wanted.message.agent) is None:
            names = ", ".join(agent.name for agent in profile.agents)
            raise Problem(
                ErrorCode.INVALID_REQUEST, f"No such agent; there are: {names}.", field="message.agent"
            )
    return profile


def _check_settings(profile: Profile, settings: SettingsPatch, field: str) -> None:
    forbidden = settings.model_fields_set - set(profile.settings)
    if forbidden:
        names = ", ".join(sorted(forbidden))
        raise Problem(
            ErrorCode.INVALID_REQUEST, f"The profile does not let clients set: {names}.", field=field
        )
