"""From the JSON of a signal or update to a command.

Total: what cannot be read becomes `Malformed`, so that no signal ever fails a workflow. Must not decide what
a command does.
"""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workflows.contract.base import ClientMessageId
from workflows.contract.commands import SAYING, Command, Malformed

_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
_MESSAGE_ID: TypeAdapter[str] = TypeAdapter(ClientMessageId)


def read_command(name: str, payload: Any, fresh_id: Callable[[], str]) -> Command:
    """The command that signal `name` with `payload` is; `fresh_id` makes an id for a message without one."""
    given = {} if payload is None else payload
    if not isinstance(given, dict):
        return Malformed(about=name, message_id=fresh_id(), problem="the payload must be one JSON object")
    if "kind" in given:
        # Ours: it names the command, and a client must not.
        return _malformed(name, given, "kind: no such field", fresh_id)
    if name in SAYING and given.get("message_id") is None:
        given = {**given, "message_id": fresh_id()}
    try:
        return _COMMAND.validate_python({**given, "kind": name})
    except ValidationError as error:
        return _malformed(name, given, _first_problem(error), fresh_id)


def _malformed(name: str, given: dict[str, Any], problem: str, fresh_id: Callable[[], str]) -> Malformed:
    message_id = _readable_id(given.get("message_id")) or fresh_id()
    return Malformed(about=name, message_id=message_id, problem=problem)


def _readable_id(given: object) -> str | None:
    try:
        return _MESSAGE_ID.validate_python(given)
    except ValidationError:
        return None


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
