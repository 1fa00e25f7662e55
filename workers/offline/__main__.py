"""Owns the command line `python -m workers.offline`. Must not configure what the model says."""

import argparse
import asyncio
import signal
import sys

from workers.offline.server import running
from workers.offline.settings import OfflineSettings


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit code 1 when the address cannot be had."""
    arguments = _parser().parse_args()
    settings = OfflineSettings(
        tokens_per_second=arguments.tokens_per_second, first_token_delay=arguments.first_token_delay
    )
    try:
        asyncio.run(_serve(settings, arguments.host, arguments.port))
    except OSError as error:
        sys.exit(f"offline model: cannot listen on {arguments.host}:{arguments.port}: {error}")


async def _serve(settings: OfflineSettings, host: str, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(settings, host, port) as server:
        sys.stdout.write(f"offline model ready: {server.url}\n")
        sys.stdout.flush()
        await stopped.wait()


def _parser() -> argparse.ArgumentParser:
    defaults = OfflineSettings()
    parser = argparse.ArgumentParser("python -m workers.offline", description="Perdure's offline model")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="0 takes a free one")
    parser.add_argument("--tokens-per-second", type=_not_negative, default=defaults.tokens_per_second)
    parser.add_argument("--first-token-delay", type=_not_negative, default=defaults.first_token_delay)
    return parser


def _not_negative(text: str) -> float:
    value = float(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


if __name__ == "__main__":
    main()
