"""The console in Chromium: `python -m bench.console` measures it alone."""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bench import first_paint, long_answer, page_weight, spoken_profiles
from bench.figures import HEADER, Row
from tests.console.chromium import launched
from tests.system import running_system

if TYPE_CHECKING:  # as in drawing.py
    from playwright.async_api import Browser

FIGURES: Final = ("what it weighs", "first paint", "a long answer drawn")


async def measure(deltas: int = long_answer.DELTAS) -> list[Row]:
    """In a system of its own; where there is no Chromium, rows that say so."""
    try:
        async with launched() as browser:
            return await _measured(browser, deltas)
    except pytest.skip.Exception as absent:
        return not_measured(str(absent))


async def _measured(browser: "Browser", deltas: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {"PERDURE_PROFILES": str(spoken_profiles.written(folder))}
        async with running_system(folder, env=env, speech=True) as system:
            chat = await page_weight.weighed(system, browser, page_weight.CHAT)
            voice = await page_weight.weighed(system, browser, spoken_profiles.SPOKEN)
            return [
                *page_weight.rows_of(chat, voice),
                *await first_paint.measure(system, browser, chat.bytes),
                *await long_answer.measure(system, browser, deltas),
            ]


def not_measured(why: str) -> list[Row]:
    """What stands in the table instead; nothing is met by not being looked at."""
    reason = why.partition(":")[0]
    return [Row(f"console, {figure}", f"not measured: {reason}", "", "", met=False) for figure in FIGURES]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m bench.console", description=__doc__)
    parser.add_argument("--deltas", type=int, default=long_answer.DELTAS, help="of the long answer")
    rows = asyncio.run(measure(parser.parse_args(arguments).deltas))
    print("\n".join([HEADER, *(row.markdown() for row in rows)]))


if __name__ == "__main__":
    main()
