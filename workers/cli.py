"""The command `perdure`: everything that runs here, and the client commands of `api.cli`.

Owns which command starts what and its exit code. A command imports what it starts only when it is called: a
process that is started again after a crash should not wait for the imports of another.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli.app import register

REFUSED: Final = 1

app = typer.Typer(
    name="perdure",
    help="Durable sessions with language models, each one a Temporal workflow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="Address to bind")]
Port = Annotated[int, typer.Option(help="Port to bind; 0 takes a free one")]


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept")] = Path(".perdure"),
    temporal_port: Annotated[int, typer.Option(help="Port of Temporal")] = 7233,
    ui_port: Annotated[int, typer.Option(help="Port of the Temporal Web UI")] = 8233,
    offline: Annotated[bool, typer.Option("--offline", help="Use the built-in offline model")] = False,
) -> None:
    """Run the whole system on this machine."""
    from workers.up import UpOptions, run_up

    options = UpOptions(
        host=host,
        port=port,
        data_dir=data_dir,
        temporal_port=temporal_port,
        ui_port=ui_port,
        offline=offline,
    )
    raise SystemExit(asyncio.run(run_up(options)))


@app.command()
def worker() -> None:
    """Run one worker."""
    from workers.worker_process import run_worker

    _run(run_worker())


@app.command()
def api(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Run one API process."""
    from workers.api_process import run_api

    _run(run_api(host, port))


register(app)


def _run(process: Coroutine[Any, Any, None]) -> None:
    from workers.logs import set_up_logging
    from workers.settings import SettingsError

    set_up_logging()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(process)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(REFUSED) from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster event loop where it exists."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def main() -> None:
    """Run the command line."""
    app()
