"""Owns the words of the banner; must not write them."""

import shlex

from api.cli.program import typed
from workers.up.environment import OFFLINE_MODEL, SPEECH_URL
from workers.up.parts import Plan

CLI_DEFAULT_URL = "http://127.0.0.1:8080"


def banner_rows(plan: Plan) -> dict[str, str]:
    """Return what a person needs once everything runs."""
    at = plan.addresses
    return {
        "Console": f"{at.api}/",
        "API": at.api,
        "API docs": f"{at.api}/docs",
        "Temporal Web UI": at.temporal_ui,
        "Model": _model(plan),
        "Speech": _speech(plan),
        "Data": f"{plan.folder.root} (logs: {plan.folder.logs})",
        "Try next": _chat(at.api),
        "Stop": "Ctrl-C",
    }


def _model(plan: Plan) -> str:
    if plan.offline:
        return f"{OFFLINE_MODEL}, built in (set OPENAI_API_KEY or OPENAI_BASE_URL for a real one)"
    name = plan.environ.get("PERDURE_MODEL") or "the profile's own"
    return f"{name}, at {plan.environ.get('OPENAI_BASE_URL') or 'OpenAI'}"


def _speech(plan: Plan) -> str:
    if plan.speaks_offline:
        return f"espeak, built in (set {SPEECH_URL} for a real one)"
    if plan.wants_offline_speech:
        return f"none (pip install 'perdure[speech]', or set {SPEECH_URL})"
    return f"at {plan.environ[SPEECH_URL]}"


def _chat(api: str) -> str:
    command = typed("chat")
    return command if api == CLI_DEFAULT_URL else f"PERDURE_URL={shlex.quote(api)} {command}"
