"""Owns a part's first moment: ties its life to the supervisor's, then becomes its program; must do no more.

Run by path in an isolated interpreter (about 10 ms), so it imports the standard library only.
Usage: launch.py SUPERVISOR_PID COMMAND [ARGUMENT...]
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies; a system without that call goes without."""
    if sys.platform == "linux":
        # SIGKILL, since nobody would be left to insist: every part takes up its work again after one.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main(supervisor: str, *command: str) -> None:
    """Become `command`, unless the supervisor died before the kernel was asked."""
    die_with_parent()
    if os.getppid() != int(supervisor):
        sys.exit("the supervisor is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted: the part takes this very process
    except OSError as error:
        sys.exit(f"cannot start {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(*sys.argv[1:])
