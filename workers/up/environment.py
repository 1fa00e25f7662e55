"""Owns the environment each part runs in; must not start it.

Worker, API, model and speech inherit ours. Store and Temporal get it without our secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

OFFLINE_MODEL = "perdure-offline"
SPEECH_URL = "OPENAI_SPEECH_BASE_URL"
TRANSCRIPTION_URL = "OPENAI_TRANSCRIPTION_BASE_URL"
TRANSCRIPTION_KEY = "OPENAI_TRANSCRIPTION_API_KEY"
TRANSCRIPTION_MODEL = "PERDURE_TRANSCRIPTION_MODEL"
UP_RECORD = "PERDURE_UP_RECORD"
OPENAI_URL = "https://api.openai.com/v1"
# TLS, key, namespace or profile of some other Temporal: the parts would miss the one started here.
ELSEWHERE = ("TEMPORAL_",)
SECRET = (*ELSEWHERE, "OPENAI_", "PERDURE_")
LOOPBACK_NAMES = "127.0.0.1,localhost,::1"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the parts are found; `model` and `speech` are None when they are not started."""

    api: str
    temporal: str
    temporal_ui: str
    store: str
    model: str | None
    speech: str | None
    worker_metrics: str
    """host:port"""
    record: str
    """The file that says which processes run."""
    offline: bool = False
    """Nothing outside of this machine is to be asked."""


def for_programs(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of store and Temporal."""
    # The server would otherwise ask the internet for newer versions of itself.
    return _without(inherited, SECRET) | {"TEMPORAL_VERSION_CHECK_DISABLED": "1"}


def for_model(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the offline model and of the offline speech."""
    return _without(inherited, ELSEWHERE) | {"PYTHONUNBUFFERED": "1"}


def for_servers(inherited: Mapping[str, str], at: Addresses, secret: str) -> dict[str, str]:
    """Return the environment of worker and API."""
    return {
        **for_model(inherited),
        "TEMPORAL_ADDRESS": at.temporal,
        "TEMPORAL_NAMESPACE": "default",
        # The user's own configuration file may hold TLS for another Temporal.
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "REDIS_URL": at.store,
        "PERDURE_SECRET": inherited.get("PERDURE_SECRET") or secret,
        "PERDURE_TEMPORAL_UI": at.temporal_ui,
        "PERDURE_METRICS": at.worker_metrics,
        UP_RECORD: at.record,
        **_past_proxies(inherited),
        **_model(at),
        **_speech(at),
        **_transcription(inherited, at),
    }


def wants_offline_model(inherited: Mapping[str, str]) -> bool:
    """Tell whether no model is configured."""
    return not (inherited.get("OPENAI_API_KEY") or inherited.get("OPENAI_BASE_URL"))


def wants_offline_speech(inherited: Mapping[str, str]) -> bool:
    """Tell whether no speech is configured."""
    return not inherited.get(SPEECH_URL)


def _model(at: Addresses) -> dict[str, str]:
    if at.model is None:
        return {}
    return {"OPENAI_BASE_URL": at.model, "OPENAI_API_KEY": "offline", "PERDURE_MODEL": OFFLINE_MODEL}


def _speech(at: Addresses) -> dict[str, str]:
    return {} if at.speech is None else {SPEECH_URL: at.speech}


def _transcription(inherited: Mapping[str, str], at: Addresses) -> dict[str, str]:
    """Say who transcribes: what is built in can speak and write, but not listen."""
    if at.offline:
        return {TRANSCRIPTION_MODEL: ""}
    if inherited.get(TRANSCRIPTION_URL) or (at.speech is None and inherited.get(SPEECH_URL)):
        return {}
    if at.model is not None:
        return {TRANSCRIPTION_MODEL: ""}
    url, key = inherited.get("OPENAI_BASE_URL") or OPENAI_URL, inherited.get("OPENAI_API_KEY", "")
    return {TRANSCRIPTION_URL: url, TRANSCRIPTION_KEY: inherited.get(TRANSCRIPTION_KEY) or key}


def _past_proxies(inherited: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in ("NO_PROXY", "no_proxy") if inherited.get(name)] or ["NO_PROXY"]
    return {name: ",".join(filter(None, (inherited.get(name), LOOPBACK_NAMES))) for name in names}


def _without(inherited: Mapping[str, str], prefixes: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in inherited.items() if not name.startswith(prefixes)}
