"""What asks a program at a terminal to leave: the signals of an end.

Owns which they are; must not know what leaving takes.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def told_to_leave(left: asyncio.Event) -> Iterator[None]:
    """While the body runs, such a signal sets `left`."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, left.set)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
