"""Where the console's time goes while it draws a long answer: `python -m bench.page_profile "one paragraph"`.

Owns a look at one shape, for people who want to make it faster; it is no row of the table.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.another_worker import another_worker
from bench.long_answer import DELTAS, MODULE, SHAPES, begun, opened, streamed
from tests.console.chromium import fresh_page, launched
from tests.system import System, running_system

SHOWN: Final = 25
SAMPLE_MICROSECONDS: Final = 500


async def profiled(system: System, shape: str, deltas: int) -> Mapping[str, Any]:
    """Chromium's own profile of the page while it draws one answer."""
    session_id = await begun(system, shape, deltas)
    async with launched() as browser, fresh_page(browser) as page:
        await opened(page, system, session_id)
        debugger = await page.context.new_cdp_session(page)
        await debugger.send("Profiler.enable")
        await debugger.send("Profiler.setSamplingInterval", {"interval": SAMPLE_MICROSECONDS})
        await debugger.send("Profiler.start")
        await streamed(system, session_id)
        profile: Mapping[str, Any] = (await debugger.send("Profiler.stop"))["profile"]
    return profile


def own_milliseconds(profile: Mapping[str, Any]) -> Counter[str]:
    """By function and line, without what it calls."""
    places = {node["id"]: _place(node["callFrame"]) for node in profile["nodes"]}
    spent: Counter[str] = Counter()
    for node, microseconds in zip(profile["samples"], profile["timeDeltas"], strict=True):
        spent[places[node]] += microseconds
    return Counter({place: round(microseconds / 1000) for place, microseconds in spent.items()})


def _place(frame: Mapping[str, Any]) -> str:
    file = frame["url"].rpartition("/")[2]
    where = f" {file}:{frame['lineNumber'] + 1}" if file else ""
    return f"{frame['functionName'] or '(anonymous)'}{where}"


async def main(shape: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running_system(Path(folder)) as system, another_worker(system, MODULE):
            spent = own_milliseconds(await profiled(system, shape, DELTAS))
    for place, milliseconds in spent.most_common(SHOWN):
        print(f"{milliseconds:7,} ms  {place}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else next(iter(SHAPES))))
