"""The names of everything in the store.

A session's keys share the hash tag of its id, a tenant's that of its name, so that a script touches one slot
of a cluster. Must not hold what the keys contain.
"""

from typing import Final

PREFIX: Final = "perdure:"
CHECK: Final = f"{PREFIX}check"
"""String: says nothing, but that the store takes writes."""
LIFE: Final = f"{PREFIX}life"
"""Hash: the store's lives in which keys and sessions were looked after."""
CLOSED: Final = f"{PREFIX}closed"
"""Sorted set: sessions that are over, by when in milliseconds."""
PURGED: Final = f"{PREFIX}purged"
"""Sorted set: sessions that somebody wants deleted, by when it was asked for."""
CLAIM: Final = f"{PREFIX}claim"
"""String: the process that looks after the store."""


def _of_session(session_id: str, what: str) -> str:
    return f"{PREFIX}{{{session_id}}}:{what}"


def log(session_id: str) -> str:
    """Stream: the events."""
    return _of_session(session_id, "log")


def head(session_id: str) -> str:
    """Hash: where the log's writers stand."""
    return _of_session(session_id, "head")


def session(session_id: str) -> str:
    """Hash: the session object, a field each."""
    return _of_session(session_id, "session")


def messages(session_id: str) -> str:
    """List: the transcript."""
    return _of_session(session_id, "messages")


def writes(session_id: str) -> str:
    """List: requests that have taken effect."""
    return _of_session(session_id, "writes")


def audio(session_id: str) -> str:
    """Hash: all audio of the session, by audio id; beside each, what is known of it."""
    return _of_session(session_id, "audio")


def spoken(session_id: str) -> str:
    """Hash: the events of every sentence that was told or spoken."""
    return _of_session(session_id, "spoken")


def gone(session_id: str) -> str:
    """String: the tenant; the session was deleted, and is not brought back while the engine knows it."""
    return _of_session(session_id, "gone")


def channel(session_id: str) -> str:
    """Channel: something was written to the log."""
    return _of_session(session_id, "wake")


def script_keys(session_id: str) -> list[str]:
    """The keys of every script, in the order that the prelude names them."""
    return [
        log(session_id),
        head(session_id),
        _of_session(session_id, "names"),
        session(session_id),
        messages(session_id),
        writes(session_id),
        spoken(session_id),
        audio(session_id),
    ]


def feed(tenant: str) -> str:
    """Channel: what all of the tenant's clients are told."""
    return f"{PREFIX}{{tenant:{tenant}}}:feed"


def sessions(tenant: str) -> str:
    """Sorted set: session ids by their last activity in milliseconds."""
    return f"{PREFIX}{{tenant:{tenant}}}:sessions"


def session_keys(tenant: str) -> str:
    """Hash: session id by session key."""
    return f"{PREFIX}{{tenant:{tenant}}}:keys"


def key_counter(tenant: str) -> str:
    """Counter: the last session key given."""
    return f"{PREFIX}{{tenant:{tenant}}}:counter"


def session_of(channel_name: bytes) -> str:
    """The session whose channel this is; empty for any other."""
    _, _, rest = channel_name.decode().partition("{")
    return rest.partition("}")[0]
