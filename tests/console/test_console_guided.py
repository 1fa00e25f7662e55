"""A guided session: its phases, its progress, its clocks."""

import asyncio
import re

from tests.console.chromium import quiet, shoot
from tests.console.person import Person, begun, expect
from tests.system import System

STEPS = " ".join(f"Here is step number {number}." for number in range(1, 41))


async def test_phases_progress_and_clocks(system: System, person: Person) -> None:
    await system.script(text=STEPS, tokens_per_second=20, times=None)
    await person.begin("walk")
    phase = person.fact("phase")
    await expect(phase).to_have_text(re.compile(r"setting out 1 of 2 · [1-9] of 12 sentences"))
    bar = person.page.get_by_role("progressbar", name="Sentences of this phase")
    assert await bar.evaluate("({ max, value }) => [max, value < 12]") == [12, True]
    await expect(person.answer()).to_contain_text("Here is step number 1.")
    await expect(phase).to_contain_text("coming home 2 of 2")
    ends = person.fact("ends")
    await expect(ends).to_have_text(re.compile(r"in (1:00:00|59:\d\d)"))
    before = await ends.text_content()
    await expect(ends).not_to_have_text(before or "")
    assert seconds(await ends.text_content()) < seconds(before)
    await expect(person.fact("turn")).to_contain_text("guide")
    await shoot(person.page, "guided")
    await person.button("Close").click()
    await person.button("Really close?").click()
    await expect(person.status()).to_have_text("closed")
    await expect(ends).to_be_hidden()
    assert all(STEPS.startswith(said) for said in await person.answers())
    assert all(STEPS.startswith(said) for look in person.looks for said in look)
    await quiet(person.page)


def seconds(told: str | None) -> int:
    parts = [int(number) for number in re.findall(r"\d+", told or "")]
    return sum(number * 60**place for place, number in enumerate(reversed(parts)))


async def test_a_clock_counts_down_where_nothing_happens(system: System, person: Person) -> None:
    await person.visit(await begun(system, limits={"idle_timeout": 60}))
    idle = person.fact("idle")
    await expect(idle).to_have_text(re.compile(r"in 0:5[5-9]"))
    before = seconds(await idle.text_content())
    await asyncio.sleep(3.5)
    assert 2 <= before - seconds(await idle.text_content()) <= 6
    await quiet(person.page)


async def test_a_session_whose_time_is_over_says_so(system: System, person: Person) -> None:
    await person.visit(await begun(system, limits={"idle_timeout": 4, "max_messages": 7}))
    await expect(person.fact("idle")).to_have_text(re.compile(r"in 0:0[1-4]"))
    await expect(person.fact("messages")).to_have_text("0 of 7")
    await expect(person.status()).to_have_text("closed", timeout=15_000)
    over = "This session is closed: nobody said anything for too long."
    await expect(person.page.get_by_text(over)).to_be_visible()
    await expect(person.fact("idle")).to_be_hidden()
    await quiet(person.page)
