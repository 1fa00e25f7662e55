"""Owns what `up` says to the person who started it; must not decide what is worth saying."""

import sys
from contextlib import suppress

from rich.console import Console
from rich.panel import Panel
from rich.table import Table


def say(line: str) -> None:
    """Write one line about one component; a terminal that has gone away is no reason to stop."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def show(title: str, rows: dict[str, str]) -> None:
    """Write a title with named rows below it: in a frame on a terminal, as plain text elsewhere."""
    with suppress(OSError, ValueError):
        if sys.stdout.isatty():
            _show_framed(title, rows)
        else:
            _show_plain(title, rows)


def _show_framed(title: str, rows: dict[str, str]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    # Links are for copying: better over the edge than broken.
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value)
    Console(highlight=False, markup=False).print(Panel.fit(table, title=title, border_style="green"))


def _show_plain(title: str, rows: dict[str, str]) -> None:
    width = max(map(len, rows))
    lines = [title, *(f"  {name:<{width}}  {value}" for name, value in rows.items())]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
