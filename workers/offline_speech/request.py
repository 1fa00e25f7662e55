"""Owns the body of `POST /v1/audio/speech`. Must not answer it: what cannot be spoken ends here."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from workers.offline.errors import Rejection

LONGEST_INPUT = 4096


def _name_of(voice: object) -> object:
    return voice["id"] if isinstance(voice, dict) and voice.keys() == {"id"} else voice


class SpeechRequest(BaseModel):
    """A request for one recording."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    input: str = Field(min_length=1, max_length=LONGEST_INPUT)
    voice: Annotated[str, BeforeValidator(_name_of)]
    """A name, alone or as the `id` of an object."""
    response_format: Literal["wav"] = "wav"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    instructions: str | None = None
    """Taken and ignored."""
    stream_format: Literal["audio"] = "audio"


def parse_body(raw: bytes) -> Any:
    """Return what a body holds, or raise the error the OpenAI API would answer."""
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Rejection("We could not parse the JSON body of your request.") from error


def parse_request(body: object) -> SpeechRequest:
    """Return the request that a JSON body holds, or raise the error the OpenAI API would answer."""
    if not isinstance(body, dict):
        raise Rejection("We could not parse the JSON body of your request.")
    try:
        return SpeechRequest.model_validate(body)
    except ValidationError as error:
        raise _rejection_of(error) from error


def _rejection_of(error: ValidationError) -> Rejection:
    first = error.errors(include_url=False)[0]
    param = str(first["loc"][0])
    match first["type"]:
        case "missing":
            message = f"Missing required parameter: '{param}'."
            return Rejection(message, param=param, code="missing_required_parameter")
        case "extra_forbidden":
            return Rejection(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
    return Rejection(f"Invalid value for '{param}': {first['msg']}.", param=param, code="invalid_value")
