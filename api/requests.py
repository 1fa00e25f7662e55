"""The bodies of requests.

Owns their shapes, as the contract page fixes them; what a command means is `workflows.contract.commands`'s.
"""

from typing import Annotated, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from workflows.contract.base import ClientMessageId, Name, Request
from workflows.contract.commands import Content, SessionChanges, Title, check_metadata
from workflows.contract.profile import LimitsPatch, SettingsPatch
from workflows.contract.session import Delivery

UserId = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,126}[!-~])?$")]


class NewMessage(Request):
    """A message to a session."""

    content: Content
    message_id: ClientMessageId | None = None
    agent: Name | None = None
    settings: SettingsPatch = SettingsPatch()
    delivery: Delivery = Delivery.STEER


class NewSession(Request):
    """A session to start."""

    profile: Name = "chat"
    user_id: UserId | None = None
    title: Title | None = None
    metadata: dict[str, JsonValue] = {}
    limits: LimitsPatch = Field(default_factory=LimitsPatch)
    message: NewMessage | None = None
    settings: SettingsPatch = SettingsPatch()

    @model_validator(mode="after")
    def _metadata_is_small(self) -> Self:
        check_metadata(self.metadata)
        return self


__all__ = ["NewMessage", "NewSession", "SessionChanges"]
