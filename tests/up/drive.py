"""Runs `up` in a process of its own, with stand-ins for the parts that have tests of their own."""

import argparse
import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from workers.up import UpOptions, run_up
from workers.up.programs import Command, Programs

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in.py")))


def programs() -> Programs:
    roles: dict[str, Command] = {role: (*STAND_IN, role) for role in ("worker", "api", "model", "speech")}
    if os.environ.get("STAND_IN_SPEECH") == "missing":
        roles["speech"] = ()
    return replace(Programs.installed(), **roles)


def options() -> UpOptions:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--temporal-port", type=int, default=0)
    parser.add_argument("--ui-port", type=int, default=0)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--offline", action="store_true")
    return UpOptions(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(asyncio.run(run_up(options(), programs())))
