"""A viewer who looks at the log now and then, and believes every word.

Owns where the viewer stands; what may never be seen is the strict reducer's to say.
"""

from typing import Any

from tests.reducer import Reducer
from tests.state.store_model import StoreModel


class Viewer:
    """One viewer of one session."""

    def __init__(self) -> None:
        self.held = Reducer()
        self._epoch = 0
        self._seen = 0

    def look(self, store: StoreModel) -> None:
        """Take in what is new. Raises ContractViolationError."""
        if store.epoch != self._epoch:
            self._epoch, self._seen = store.epoch, 0
        for entry in store.log[self._seen :]:
            if self.held.ended is None and self._seen < len(store.log):
                self._take(entry.event, store)

    def _take(self, event: dict[str, Any], store: StoreModel) -> None:
        if event["type"] == "reset":
            self.held.feed(event | _image(store))
            self._seen = len(store.log)
        else:
            self.held.feed(event)
            self._seen += 1


def _image(store: StoreModel) -> dict[str, Any]:
    """Everything that was projected, as of the end of the log."""
    messages = [store.messages[index].model_dump(mode="json") for index in sorted(store.messages)]
    return {
        "session": store.session,
        "messages": messages,
        "partial": None,
        "sentences": [],
        "speech": [],
        "rejected": store.rejected,
    }
