"""Owns the command line `python -m workers.offline_speech`. Must not configure what is said."""

import argparse
import asyncio
import signal
import sys

from workers.offline_speech.server import EspeakMissingError, SpeechSettings, running


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit code 1 without espeak or when the address cannot be had."""
    arguments = _parser().parse_args()
    settings = SpeechSettings(default_language=arguments.language)
    try:
        asyncio.run(_serve(settings, arguments.host, arguments.port))
    except EspeakMissingError as error:
        sys.exit(f"offline speech: espeak is missing ({error}); pip install 'perdure[speech]'")
    except ValueError as error:
        sys.exit(f"offline speech: {error}; choose another with --language")
    except OSError as error:
        sys.exit(f"offline speech: cannot listen on {arguments.host}:{arguments.port}: {error}")


async def _serve(settings: SpeechSettings, host: str, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(settings, host, port) as server:
        sys.stdout.write(f"offline speech ready: {server.url}\n")
        sys.stdout.flush()
        await stopped.wait()


def _parser() -> argparse.ArgumentParser:
    defaults = SpeechSettings()
    parser = argparse.ArgumentParser(
        "python -m workers.offline_speech", description="Perdure's offline speech"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9101, help="0 takes a free one")
    parser.add_argument("--language", default=defaults.default_language, help="of texts in Latin letters")
    return parser


if __name__ == "__main__":
    main()
