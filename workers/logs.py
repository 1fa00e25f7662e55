"""Logs of the processes: one line an event, on standard error."""

import logging


def set_up_logging() -> None:
    """From INFO on; the clients of others only when something is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
