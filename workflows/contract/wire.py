"""What both ends of the wire must spell the same way: names and the converter.

Owns constants; must not hold behaviour.
"""

from typing import Final

from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import pydantic_data_converter

WORKFLOW_TYPE: Final = "Session"
TASK_QUEUE: Final = "sessions"
DATA_CONVERTER: Final = pydantic_data_converter

SNAPSHOT_QUERY: Final = "snapshot"
TRANSCRIPT_QUERY: Final = "transcript"
UPDATE_SESSION: Final = "update_session_now"
WITHDRAW_MESSAGE: Final = "withdraw_message_now"

PROFILE_ATTRIBUTE: Final = SearchAttributeKey.for_keyword("PerdureProfile")
STATUS_ATTRIBUTE: Final = SearchAttributeKey.for_keyword("PerdureStatus")
PHASE_ATTRIBUTE: Final = SearchAttributeKey.for_keyword("PerdurePhase")
USER_ATTRIBUTE: Final = SearchAttributeKey.for_keyword("PerdureUser")
KEY_ATTRIBUTE: Final = SearchAttributeKey.for_keyword("PerdureKey")
TENANT_ATTRIBUTE: Final = SearchAttributeKey.for_keyword("PerdureTenant")
SEARCH_ATTRIBUTES: Final = (
    PROFILE_ATTRIBUTE,
    STATUS_ATTRIBUTE,
    PHASE_ATTRIBUTE,
    USER_ATTRIBUTE,
    KEY_ATTRIBUTE,
    TENANT_ATTRIBUTE,
)

REQUEST_MEMO: Final = "perdure_request"
"""Memo: fingerprint of the request that started the session."""
KEY_MEMO: Final = "perdure_key"
TENANT_MEMO: Final = "perdure_tenant"
