"""What the environment says, read once when a process starts.

Owns names and defaults of the settings that servers take; must not be imported by anything that could be
given a value instead.
"""

from typing import Annotated, Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from workflows.contract.wire import DATA_CONVERTER

DEFAULT_MODEL: Final = "gpt-5.5"


class EngineSettings(BaseSettings):
    """Where Temporal is, beside its own environment configuration."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore")

    ui_url: Annotated[str, Field(alias="PERDURE_TEMPORAL_UI")] = "http://127.0.0.1:8233"


async def connect_engine(*, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """A client of the Temporal that the environment names, this machine's by default."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    return await Client.connect(**config, data_converter=DATA_CONVERTER, lazy=lazy, runtime=runtime)
