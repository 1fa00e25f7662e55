"""Registering the search attributes, so that the list of workflows can be searched.

Owns that one call; a server that does not allow it is served without.
"""

import logging

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.contract.wire import SEARCH_ATTRIBUTES

_log = logging.getLogger(__name__)


async def register_search_attributes(client: Client) -> None:
    """Register what is missing."""
    for key in SEARCH_ATTRIBUTES:
        request = AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD},
        )
        try:
            await client.operator_service.add_search_attributes(request)
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                _log.warning("search attribute %s is not registered: %s", key.name, error.status.name)
