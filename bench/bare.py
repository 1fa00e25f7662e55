"""The bare workflow of the floor: each signal becomes one activity that writes one entry."""

from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Bare:
    """Each signal becomes one activity."""

    def __init__(self) -> None:
        self._asked = 0
        self._done = 0

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._asked > self._done)
            self._done += 1
            await workflow.execute_activity("write", self._done, start_to_close_timeout=timedelta(seconds=10))

    @workflow.signal
    def ask(self) -> None:
        self._asked += 1
