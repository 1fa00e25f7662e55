"""The client commands of `perdure` as typer reads them.

Owns names, options and help. A command imports what it does when it is called: starting a server should not
wait for a client. Must not do anything itself.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

DEFAULT_LIMIT: Final = 50
DEFAULT_MESSAGES: Final = 6


class Status(StrEnum):
    """What a session may be asked for."""

    ACTIVE = "active"
    IDLE = "idle"
    PAUSED = "paused"
    CLOSED = "closed"


class Delivery(StrEnum):
    """What a message does while an answer is being given."""

    STEER = "steer"
    QUEUE = "queue"
    INTERRUPT = "interrupt"


Id = Annotated[str, typer.Argument(metavar="ID", help="The session: SESSION-001, or its id")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines")]


def register(app: typer.Typer) -> None:
    """Add the client commands to `app`."""
    for command in (chat, listen, sessions, show, send, watch, stop, close, title):
        app.command()(command)


def chat(
    profile: Annotated[str | None, typer.Option(help="What kind of session to start")] = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Come back to this session")] = None,
) -> None:
    """Talk in the terminal."""
    if profile and session:
        raise typer.BadParameter("a session keeps its profile: give --profile or --session, not both")
    _run("chat", profile, session)


def listen(
    profile: Annotated[str | None, typer.Option(help="What kind of session to start")] = None,
    session: Annotated[
        str | None, typer.Option(metavar="ID", help="Hear this session, from its beginning")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Put the audio into this WAV file")] = None,
    play: Annotated[
        bool | None,
        typer.Option(
            "--play/--no-play", show_default=False, help="Play the audio; the default without --out"
        ),
    ] = None,
) -> None:
    """Listen to a session that speaks.

    The player is what PERDURE_PLAYER says, or the first that is installed:
    ffplay, mpv, paplay, aplay, play, afplay. With --out alone, nothing is
    played; with --out and --play, the file holds what was played.

    At a terminal, Enter interrupts: write a message, or press Enter again
    within two seconds to go on. Ctrl-C leaves, and the session goes on.
    """
    if profile and session:
        raise typer.BadParameter("a session keeps its profile: give --profile or --session, not both")
    _run("listen", profile or (None if session else "guided"), session, out, play=play)


def sessions(
    status: Annotated[list[Status] | None, typer.Option(help="Only sessions of this status")] = None,
    prefix: Annotated[str | None, typer.Option("-q", help="How key, id or title begin")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed sessions too")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many")] = DEFAULT_LIMIT,
    as_json: AsJson = False,
) -> None:
    """List sessions, newest activity first."""
    if status and everything:
        raise typer.BadParameter("--all is every status: give --status or --all, not both")
    wanted = status or [one for one in Status if everything or one is not Status.CLOSED]
    _run("sessions", ",".join(wanted), prefix, limit, as_json=as_json)


def show(
    session: Id,
    messages: Annotated[
        int, typer.Option(min=0, max=200, help="How many of the last messages")
    ] = DEFAULT_MESSAGES,
    as_json: AsJson = False,
) -> None:
    """Show a session and its last messages."""
    _run("show", session, messages, as_json=as_json)


def send(
    session: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The message; - reads standard input")],
    delivery: Annotated[
        Delivery, typer.Option(help="What it does while an answer is being given")
    ] = Delivery.STEER,
    wait: Annotated[bool, typer.Option(help="Show the answer, until it is settled")] = True,
    as_json: AsJson = False,
) -> None:
    """Send a message and show its answer."""
    _run("send", session, text, delivery.value, wait=wait, as_json=as_json)


def watch(
    session: Id,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Only what comes after it, or now")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow a session until it ends."""
    _run("watch", session, after, as_json=as_json)


def stop(session: Id, as_json: AsJson = False) -> None:
    """Stop the answer that is being given; what it said is kept."""
    _run("stop", session, as_json=as_json)


def close(session: Id, as_json: AsJson = False) -> None:
    """End a session."""
    _run("close", session, as_json=as_json)


def title(
    session: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The title")],
    as_json: AsJson = False,
) -> None:
    """Give a session a title."""
    _run("title", session, text, as_json=as_json)


def _run(name: str, *arguments: Any, **options: Any) -> None:
    from api.cli import commands
    from api.cli.running import run

    command: Callable[..., Any] = getattr(commands, name)
    run(lambda api: command(api, *arguments, **options))
