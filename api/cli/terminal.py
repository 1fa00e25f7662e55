"""What the streams of this process can do.

Owns the looks at the environment for that. Source for colours: no-color.org.
"""

import os
import shutil
import sys
from typing import TextIO

from api.cli.canvas import Size


def terminal_size() -> Size:
    """The size of the terminal, as it is now."""
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        columns, rows = 0, 0
    # Some terminals do not tell; the environment would, but not when the size changes.
    return Size(columns, rows) if columns and rows else Size(*shutil.get_terminal_size())


def is_screen(stream: TextIO) -> bool:
    """Whether it is a terminal on which cursors move."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown", ""}


def is_coloured(stream: TextIO) -> bool:
    """Whether styles belong into it."""
    return is_screen(stream) and not os.environ.get("NO_COLOR")
