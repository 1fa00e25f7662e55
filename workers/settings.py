"""What the environment says, read once when a process starts.

Owns names and defaults of the settings that servers take, and says in one line what is wrong with them; must
not be imported by anything that could be given a value instead.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from workflows.contract.base import complaint
from workflows.contract.start import HEARTBEAT_TIMEOUT, RetrySchedule
from workflows.contract.wire import DATA_CONVERTER

DEFAULT_MODEL: Final = "gpt-5.5"
DEFAULT_SPEECH_MODEL: Final = "gpt-4o-mini-tts"
DEFAULT_VOICE: Final = "alloy"
_TENANT_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}:[!-~]{8,}")
HIGHEST_PORT: Final = 65_535
_HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\s/]+):(?P<port>[0-9]{1,5})")
TRANSCRIPTION_MODEL: Final = "PERDURE_TRANSCRIPTION_MODEL"
UNUSED_KEY: Final = "unused"
"""For servers that want no key: the client insists on one."""


class SettingsError(Exception):
    """The environment cannot be used; the message says which variable and what to do."""


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)


class StoreSettings(_Settings):
    """Where the store is."""

    url: Annotated[str, Field(validation_alias="REDIS_URL")] = "redis://127.0.0.1:6379"


class ProviderSettings(_Settings):
    """Where the model is. Without a key and a base URL there is none: `perdure up` brings its own."""

    api_key: Annotated[str, Field(validation_alias="OPENAI_API_KEY")] = UNUSED_KEY
    base_url: Annotated[str | None, Field(validation_alias="OPENAI_BASE_URL")] = None


class SpeechSettings(_Settings):
    """Where voices are: with the model, unless the base URL says otherwise."""

    base_url: Annotated[
        str | None, Field(validation_alias=AliasChoices("OPENAI_SPEECH_BASE_URL", "OPENAI_BASE_URL"))
    ] = None
    api_key: Annotated[
        str, Field(validation_alias=AliasChoices("OPENAI_SPEECH_API_KEY", "OPENAI_API_KEY"))
    ] = UNUSED_KEY
    model: Annotated[str, Field(validation_alias="PERDURE_SPEECH_MODEL")] = DEFAULT_SPEECH_MODEL
    voice: Annotated[str, Field(validation_alias="PERDURE_SPEECH_VOICE")] = DEFAULT_VOICE


class TranscriptionSettings(_Settings):
    """Who tells what recordings say: where the voices are, unless the base URL says otherwise."""

    base_url: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices(
                "OPENAI_TRANSCRIPTION_BASE_URL", "OPENAI_SPEECH_BASE_URL", "OPENAI_BASE_URL"
            )
        ),
    ] = None
    api_key: Annotated[
        str,
        Field(
            validation_alias=AliasChoices(
                "OPENAI_TRANSCRIPTION_API_KEY", "OPENAI_SPEECH_API_KEY", "OPENAI_API_KEY"
            )
        ),
    ] = UNUSED_KEY
    model: Annotated[str | None, Field(validation_alias=TRANSCRIPTION_MODEL)] = None
    """None: nobody does."""


class MetricsSettings(_Settings):
    """Where a worker is scraped; nowhere by default."""

    listen: Annotated[str | None, Field(validation_alias="PERDURE_METRICS")] = None

    @field_validator("listen")
    @classmethod
    def _names_host_and_port(cls, listen: str | None) -> str | None:
        if listen is not None and not _is_host_and_port(listen):
            raise ValueError("write host:port, as in 127.0.0.1:9464")
        return listen

    @property
    def place(self) -> tuple[str, int] | None:
        """Host and port."""
        if self.listen is None:
            return None
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def _is_host_and_port(listen: str) -> bool:
    found = _HOST_AND_PORT.fullmatch(listen)
    return found is not None and 0 < int(found["port"]) <= HIGHEST_PORT


def _comma_separated(value: Any) -> Any:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


class ApiSettings(_Settings):
    """What the API process is told."""

    secret: Annotated[str | None, Field(validation_alias="PERDURE_SECRET")] = None
    keys: Annotated[tuple[str, ...], NoDecode, Field(validation_alias="PERDURE_API_KEYS")] = ()
    allowed_origins: Annotated[
        tuple[str, ...], NoDecode, Field(validation_alias="PERDURE_ALLOWED_ORIGINS")
    ] = ()
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, Field(validation_alias="PERDURE_ALLOWED_HOSTS")] = ()
    profiles: Annotated[Path | None, Field(validation_alias="PERDURE_PROFILES")] = None
    model: Annotated[str, Field(validation_alias="PERDURE_MODEL")] = DEFAULT_MODEL
    temporal_ui: Annotated[str, Field(validation_alias="PERDURE_TEMPORAL_UI")] = "http://127.0.0.1:8233"
    retention: Annotated[float, Field(gt=0, validation_alias="PERDURE_RETENTION")] = 30 * 24 * 3600
    retry_initial: Annotated[float, Field(gt=0, validation_alias="PERDURE_RETRY_INITIAL")] = 5
    retry_max: Annotated[float, Field(gt=0, validation_alias="PERDURE_RETRY_MAX")] = 1800
    retry_total: Annotated[float, Field(ge=0, validation_alias="PERDURE_RETRY_TOTAL")] = 28_800
    heartbeat_timeout: Annotated[float, Field(ge=1, le=600, validation_alias="PERDURE_HEARTBEAT_TIMEOUT")] = (
        HEARTBEAT_TIMEOUT.total_seconds()
    )

    transcription_model: Annotated[str | None, Field(validation_alias=TRANSCRIPTION_MODEL)] = None
    up_record: Annotated[Path | None, Field(validation_alias="PERDURE_UP_RECORD")] = None
    """From `perdure up`, for the API that it starts."""

    _split = field_validator("keys", "allowed_origins", "allowed_hosts", mode="before")(_comma_separated)

    @field_validator("keys")
    @classmethod
    def _keys_name_their_tenant(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_TENANT_KEY.fullmatch(key) for key in keys):
            raise ValueError("write tenant:key,tenant:key; a tenant has letters, digits, _ and - only")
        return keys

    def tenant_keys(self) -> tuple[tuple[str, str], ...]:
        """(tenant, key) pairs."""
        return tuple((tenant, key) for tenant, _, key in (pair.partition(":") for pair in self.keys))

    def retries(self) -> RetrySchedule:
        """How long provider failures are waited out."""
        return RetrySchedule(initial=self.retry_initial, maximum=self.retry_max, total=self.retry_total)


_S = TypeVar("_S", bound=_Settings)


def read(settings: type[_S]) -> _S:
    """The settings of this kind. Raises SettingsError."""
    try:
        return settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(f"{'.'.join(map(str, first['loc']))}: {complaint(first)}") from error


async def connect_engine(*, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """A client of the Temporal that the environment names, this machine's by default."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "127.0.0.1:7233")
    return await Client.connect(**config, data_converter=DATA_CONVERTER, lazy=lazy, runtime=runtime)
