"""Owns the reading of `input`: JSON items become conversation items. Must not look at stored responses.

As strict as the OpenAI API, so that what passes here passes there: an assistant's message holds
`output_text`, everybody else's `input_text`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workers.offline.conversation import Item, Message, ToolCall, ToolResult
from workers.offline.errors import Rejection

_ROLES = ("user", "assistant", "system", "developer")
_ASSISTANT_PARTS = ("output_text", "refusal")
_OTHER_PARTS = ("input_text", "input_image", "input_file")
_PLACEHOLDERS = {"input_image": "[image]", "input_file": "[file]"}

Parsed = Mapping[str, Any]


def parse_input(value: object) -> tuple[Item, ...]:
    """Return the items of an `input`: nothing, a text, or a list of items."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (Message("user", value),)
    if not isinstance(value, list):
        raise _invalid_type("input", "a string or an array of items", value)
    parsed = (_parse_item(item, f"input[{index}]") for index, item in enumerate(value))
    return tuple(item for item in parsed if item is not None)


def _parse_item(value: object, path: str) -> Item | None:
    if not isinstance(value, dict):
        raise _invalid_type(path, "an object", value)
    kind = value.get("type") or "message"
    parse = _PARSERS.get(kind)
    if parse is None:
        raise _unsupported(kind, tuple(_PARSERS), f"{path}.type")
    return parse(value, path)


def _parse_message(item: Parsed, path: str) -> Message:
    role = item.get("role")
    if role not in _ROLES:
        raise _unsupported(role, _ROLES, f"{path}.role")
    return Message(role, _parse_content(item.get("content"), role, f"{path}.content"))


def _parse_content(content: object, role: str, path: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _invalid_type(path, "a string or an array of content parts", content)
    return "".join(_parse_part(part, role, f"{path}[{index}]") for index, part in enumerate(content))


def _parse_part(part: object, role: str, path: str) -> str:
    if not isinstance(part, dict):
        raise _invalid_type(path, "an object", part)
    kind = part.get("type")
    supported = _ASSISTANT_PARTS if role == "assistant" else _OTHER_PARTS
    if kind not in supported:
        raise _unsupported(kind, supported, path)
    if kind in _PLACEHOLDERS:
        return _PLACEHOLDERS[kind]
    return _text_field(part, "refusal" if kind == "refusal" else "text", path)


def _parse_call(item: Parsed, path: str) -> ToolCall:
    fields = (_text_field(item, field, path) for field in ("call_id", "name", "arguments"))
    return ToolCall(*fields)


def _parse_result(item: Parsed, path: str) -> ToolResult:
    output = item.get("output")
    text = _parse_content(output, "user", f"{path}.output")
    return ToolResult(_text_field(item, "call_id", path), text)


def _skip(_item: Parsed, _path: str) -> None:
    """Reasoning of an earlier response: the offline model has nothing to read in it."""


_PARSERS: dict[str, Callable[[Parsed, str], Item | None]] = {
    "message": _parse_message,
    "function_call": _parse_call,
    "function_call_output": _parse_result,
    "reasoning": _skip,
}


def _text_field(item: Parsed, field: str, path: str) -> str:
    value = item.get(field)
    if value is None:
        param = f"{path}.{field}"
        raise Rejection(
            f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
        )
    if not isinstance(value, str):
        raise _invalid_type(f"{path}.{field}", "a string", value)
    return value


def _invalid_type(path: str, expected: str, value: object) -> Rejection:
    message = f"Invalid type for '{path}': expected {expected}, but got {_json_type(value)} instead."
    return Rejection(message, param=path, code="invalid_type")


def _unsupported(value: object, supported: tuple[str, ...], path: str) -> Rejection:
    names = ", ".join(f"'{name}'" for name in supported)
    return Rejection(
        f"Invalid value: '{value}'. Supported values are: {names}.", param=path, code="invalid_value"
    )


def _json_type(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    return names.get(type(value), "an array" if isinstance(value, list) else "an object")
