"""The command `perdure`: everything that runs here, and the client commands of `api.cli`.

Owns which command starts what and its exit code; must not hold what they do.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, Final

import typer

from api.profile_files import ProfileError
from workers.processes import run_api, run_worker, set_up_logging
from workers.settings import SettingsError

REFUSED: Final = 1

app = typer.Typer(
    name="perdure",
    help="Durable sessions with language models, each one a Temporal workflow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def worker() -> None:
    """Run one worker."""
    _run(run_worker())


@app.command()
def api(
    host: Annotated[str, typer.Option(help="Address to bind")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to bind", min=0, max=65535)] = 8080,
) -> None:
    """Run one API process."""
    _run(run_api(host, port))


def _run(process: Coroutine[Any, Any, None]) -> None:
    set_up_logging()
    try:
        asyncio.run(process)
    except (SettingsError, ProfileError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(REFUSED) from None


def main() -> None:
    """Run the command line."""
    app()
