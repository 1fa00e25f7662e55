"""The engine's SDK, told to count what it does.

Owns the runtime that does it, and the port of this machine where its page is found; nobody else needs to know
either. Must not be asked for when nobody looks: a runtime is a pool of threads.
"""

import socket
from typing import Final

from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

LOOPBACK: Final = "127.0.0.1"
TRIES: Final = 5
"""A free port may be taken between looking for it and using it."""


def counting_runtime() -> tuple[Runtime, str]:
    """A runtime for a client, and the URL of the page with what it counts."""
    for _ in range(TRIES - 1):
        try:
            return _runtime_on(_free_port())
        except ValueError:
            continue
    return _runtime_on(_free_port())


def _runtime_on(port: int) -> tuple[Runtime, str]:
    address = f"{LOOPBACK}:{port}"
    config = PrometheusConfig(
        bind_address=address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    return Runtime(telemetry=TelemetryConfig(metrics=config)), f"http://{address}/metrics"


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
