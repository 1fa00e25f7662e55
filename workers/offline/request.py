"""Owns the body of `POST /v1/responses`. Must not answer it: unknown or malformed parameters end here."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.offline.conversation import Item
from workers.offline.errors import Rejection
from workers.offline.input_items import parse_input

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
MetadataKey = Annotated[str, Field(max_length=64)]
MetadataValue = Annotated[str, Field(max_length=512)]

_ECHOED_DEFAULTS: dict[str, Any] = {
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_ACCEPTED_AND_IGNORED = {
    "include",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
    "stream_options",
}


class Reasoning(BaseModel):
    """How much the model should think before it answers."""

    model_config = ConfigDict(extra="allow")

    effort: Effort | None = None


class CreateRequest(BaseModel):
    """A request for one response; what the offline model does not use is kept and echoed."""

    model_config = ConfigDict(extra="allow", frozen=True)

    model: str
    input: Any = None
    instructions: str | None = None
    previous_response_id: str | None = None
    stream: bool | None = None
    store: bool | None = None
    background: bool | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    metadata: dict[MetadataKey, MetadataValue] | None = Field(default=None, max_length=16)
    tools: list[dict[str, Any]] | None = None

    @property
    def stored(self) -> bool:
        """Return whether the response can be retrieved and chained: the API's default is yes."""
        return self.store is not False

    @property
    def effort(self) -> Effort | None:
        """Return the reasoning effort that was asked for, if any."""
        return self.reasoning.effort if self.reasoning else None

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Return what `input` adds to the conversation."""
        return parse_input(self.input)

    def echo(self) -> dict[str, Any]:
        """Return the fields of the response object that repeat the request."""
        sent = {name: value for name, value in (self.model_extra or {}).items() if value is not None}
        echoed = {name: sent.get(name, default) for name, default in _ECHOED_DEFAULTS.items()}
        return echoed | {
            "background": bool(self.background),
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "metadata": self.metadata or {},
            "model": self.model,
            "previous_response_id": self.previous_response_id,
            "reasoning": {"effort": self.effort, "summary": None},
            "service_tier": "default",
            "store": self.stored,
            "tools": self.tools or [],
        }


def parse_request(body: object) -> CreateRequest:
    """Return the request that a JSON body holds, or raise the error the OpenAI API would answer."""
    if not isinstance(body, dict):
        raise Rejection("We could not parse the JSON body of your request.")
    try:
        request = CreateRequest.model_validate(body)
    except ValidationError as error:
        raise _rejection_of(error) from error
    _refuse_unknown_parameters(request)
    _refuse_contradictions(request)
    return request


def _rejection_of(error: ValidationError) -> Rejection:
    first = error.errors(include_url=False)[0]
    param = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        message = f"Missing required parameter: '{param}'."
        return Rejection(message, param=param, code="missing_required_parameter")
    return Rejection(f"Invalid value for '{param}': {first['msg']}.", param=param, code="invalid_value")


def _refuse_unknown_parameters(request: CreateRequest) -> None:
    known = _ACCEPTED_AND_IGNORED | _ECHOED_DEFAULTS.keys()
    for name in request.model_extra or {}:
        if name not in known:
            raise Rejection(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def _refuse_contradictions(request: CreateRequest) -> None:
    if request.background and not request.stored:
        message = "Background mode requires 'store' to be true."
        raise Rejection(message, param="background", code="unsupported_parameter")
    if not request.input and request.input != "" and request.previous_response_id is None:
        message = 'One of "input" or "previous_response_id" must be provided.'
        raise Rejection(message, param="input", code="missing_required_parameter")
