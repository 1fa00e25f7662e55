"""Where sessions run: Temporal's sandbox, without what it costs and does not give here.

Owns what the sandbox lets through, and how payloads are told apart.
"""

from typing import Any, Final

from temporalio.converter import (
    SerializationContext,
    StorageDriverStoreContext,
    WorkflowSerializationContext,
)
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

from workers.whole_tasks import WholeTasks


class _Instance(WorkflowInstance):
    """A session in its sandbox, whose payloads are all converted alike.

    Asked for the context of a payload, the sandbox enters itself, several times a payload: a sixth of the
    worker's CPU, for a converter that has no use for it.
    """

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        info = sandboxed.get_info()
        self._sandboxed = sandboxed
        self._context = WorkflowSerializationContext(namespace=info.namespace, workflow_id=info.workflow_id)
        self._no_store = StorageDriverStoreContext(target=None)

    def activate(self, act: Any) -> Any:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: Any) -> SerializationContext:
        del command_info
        return self._context

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        del command_info
        return self._no_store

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


class _LiveInstance(_Instance):
    """A session that a worker serves."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        super().__init__(sandboxed)
        self._tasks = WholeTasks()

    def activate(self, act: Any) -> Any:
        self._tasks.check(act)
        return super().activate(act)


class _Runner(SandboxedWorkflowRunner):
    """The sandbox of sessions."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Instance(super().create_instance(det))


class _LiveRunner(SandboxedWorkflowRunner):
    """The same, in a worker."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _LiveInstance(super().create_instance(det))


_RESTRICTIONS: Final = SandboxRestrictions.default.with_passthrough_modules(
    *("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"),
    *("workflows.contract", "workflows.state"),
)
"""What is pure needs no sandbox, and its classes are built once a process, not once a session. Whole packages
only, which import nothing that stays inside: or classes split."""

SANDBOX: Final = _LiveRunner(restrictions=_RESTRICTIONS)
"""For workers."""
REPLAY_SANDBOX: Final = _Runner(restrictions=_RESTRICTIONS)
"""For replayers, which read histories to wherever they end."""
