"""Who asks.

Owns API keys and session tokens. A token is signed, not stored, so that it outlives the store. Must not know
sessions.
"""

import hashlib
import hmac
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

import jwt
from starlette.requests import HTTPConnection

from api.errors import Problem
from api.options import DEFAULT_TENANT, ApiOptions
from workflows.contract.errors import ErrorCode

ALGORITHM: Final = "HS256"
SUBPROTOCOL: Final = "perdure.v1"
"""What a WebSocket speaks; the server chooses it wherever it is offered."""
BEARER_SUBPROTOCOL: Final = "bearer."
"""Before the token of a browser, which cannot send headers with a WebSocket. Never chosen, so never shown."""
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Principal:
    """Who asks: a tenant, or whoever holds the token of one of its sessions."""

    tenant: str
    session_id: str | None = None


class Credentials:
    """Makes tokens, and tells who holds a credential."""

    def __init__(self, options: ApiOptions) -> None:
        self._signing_key = hashlib.sha256(b"session-token:" + options.secret.encode()).digest()
        self._id_key = hashlib.sha256(b"session-id:" + options.secret.encode()).digest()
        self._tenants = {_digest(key): tenant for tenant, key in options.keys}

    def session_token(self, tenant: str, session_id: str) -> str:
        """A credential for this one session."""
        claims = {"sub": session_id, "tenant": tenant, "jti": token_hex(8)}
        return jwt.encode(claims, self._signing_key, ALGORITHM)

    def idempotent_id(self, tenant: str, key: str) -> str:
        """The id of the session that a tenant starts with this idempotency key."""
        return hmac.new(self._id_key, f"{tenant}\n{key}".encode(), hashlib.sha256).hexdigest()[:24]

    def principal(self, authorization: str | None) -> Principal:
        """Who holds the credential of an `Authorization` header; raises Problem when nobody does."""
        if authorization is None:
            if self._tenants:
                raise _unauthorized("Send an API key or a session token: Authorization: Bearer …")
            return Principal(DEFAULT_TENANT)
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer" or not credential:
            raise _unauthorized("The Authorization header must read: Bearer <token>.")
        tenant = self._tenants.get(_digest(credential.strip()))
        return Principal(tenant) if tenant else self._holder(credential.strip())

    def _holder(self, token: str) -> Principal:
        try:
            claims = jwt.decode(
                token,
                self._signing_key,
                [ALGORITHM],
                options={"require": ["sub"], "verify_exp": False, "verify_iat": False},
            )
            return Principal(str(claims["tenant"]), str(claims["sub"]))
        except (jwt.InvalidTokenError, KeyError) as error:
            raise _unauthorized("The credential is not valid here; ask for a new one.") from error


def authorization_of(connection: HTTPConnection) -> str | None:
    """The credential that a connection shows, as an `Authorization` header says it; never from its URL."""
    header = connection.headers.get("authorization")
    if header is not None:
        return header
    offered: list[str] = connection.scope.get("subprotocols", [])
    tokens = (one for one in offered if one.startswith(BEARER_SUBPROTOCOL))
    token = next(tokens, None)
    return None if token is None else f"Bearer {token.removeprefix(BEARER_SUBPROTOCOL)}"


def _digest(credential: str) -> bytes:
    """Looked up instead of the key itself, so that comparing tells nothing about it."""
    return hashlib.sha256(credential.encode("utf-8", "surrogateescape")).digest()


def _unauthorized(detail: str) -> Problem:
    return Problem(ErrorCode.UNAUTHORIZED, detail, headers=_CHALLENGE)
