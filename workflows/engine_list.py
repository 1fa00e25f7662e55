"""The session in the engine's list: its status and its phase as search attributes.

Owns the attributes; what it should say is `state.listed`'s.
"""

from datetime import datetime, timedelta

from temporalio import workflow

from workflows.contract import wire
from workflows.contract.session import Status
from workflows.contract.start import SessionStart
from workflows.state.listed import listed_status
from workflows.state.session_state import SessionState


class EngineList:
    """Says there what a session does."""

    def __init__(self, start: SessionStart) -> None:
        self._searchable = start.search_attributes
        self._listed_after = start.listed_after

    def tell(self, state: SessionState, now: datetime) -> None:
        """Let the list say what `state` is worth at `now`."""
        if self._listed_after is not None:
            self._say(listed_status(state, now, self._listed_after))
        if state.profile.phases:
            self._say_phase(state.phase.name if state.phase else "")

    def tell_change(self, status: Status) -> None:
        """Let the list say `status`, in sessions of releases that listed each change at once."""
        if self._listed_after is None:
            self._say(status)

    def waits_for(self, state: SessionState, now: datetime) -> timedelta | None:
        """How long the running turn has to last until the list should say so; None when it does."""
        if self._listed_after is None or listed_status(state, now, self._listed_after) is Status.ACTIVE:
            return None
        return self._listed_after

    def _say_phase(self, name: str) -> None:
        listed = workflow.info().typed_search_attributes.get(wire.PHASE_ATTRIBUTE, "")
        if self._searchable and name != listed:
            workflow.upsert_search_attributes([wire.PHASE_ATTRIBUTE.value_set(name)])

    def _say(self, status: Status) -> None:
        listed = workflow.info().typed_search_attributes.get(wire.STATUS_ATTRIBUTE)
        if self._searchable and status != listed:
            workflow.upsert_search_attributes([wire.STATUS_ATTRIBUTE.value_set(status)])
