"""Ports for servers of tests.

Owns a range for each process that runs tests, below those that the kernel gives to connections and those that
`perdure up` chooses from: what was free a moment ago is not taken by somebody else meanwhile.
"""

import os
import socket
from contextlib import suppress
from itertools import cycle
from typing import Final

FIRST: Final = 10_000
COUNT: Final = 2_000
_PROCESS: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_BEGIN: Final = os.getpid() * 37 % COUNT
_PORTS: Final = cycle(FIRST + _PROCESS * COUNT + (_BEGIN + number) % COUNT for number in range(COUNT))


def free_port() -> int:
    """A port of this process that nobody listens on."""
    while True:
        port = next(_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
