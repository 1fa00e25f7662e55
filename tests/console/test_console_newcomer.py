"""Somebody who has just started everything: told what to do, and shown that it is true."""

import json

from tests.console.chromium import quiet, shoot
from tests.console.person import Person, expect
from tests.system import System

NUMBERS = " ".join(str(number) for number in range(1, 301))


def record(system: System) -> None:
    """As `perdure up` tells who the worker is."""
    told = json.dumps({"worker": {"pid": system.parts["worker"].pid}})
    (system.folder / "up.json").write_text(told, "utf-8")


async def test_a_newcomer_kills_the_worker(system: System, person: Person) -> None:
    record(system)
    try:
        await kill_and_see(system, person)
    finally:
        (system.folder / "up.json").unlink()


async def kill_and_see(system: System, person: Person) -> None:
    await system.script(text=NUMBERS, tokens_per_second=100, contains="count to 300")
    await person.visit()
    await expect(person.page.get_by_role("heading", level=1)).to_have_text(
        "A conversation that outlives its processes"
    )
    await expect(person.page.get_by_text("kill the worker from another terminal")).to_be_visible()
    await shoot(person.page, "welcome", full_page=True)
    await person.button("Start a session that counts to 300").click()
    trial = person.page.get_by_role("region", name="Kill its worker")
    first = system.parts["worker"].pid
    await expect(trial.get_by_text(f"kill -9 {first}", exact=True)).to_be_visible()
    await person.hears(100)
    await shoot(person.page, "trial")
    system.parts["worker"].kill()
    system.restart("worker")
    record(system)
    second = system.parts["worker"].pid
    await expect(trial).to_contain_text(f"Worker {first} is dead")
    await shoot(person.page, "trial-killed")
    await person.page.reload()
    await expect(trial).to_contain_text(f"Worker {first} is dead")
    await expect(trial).to_contain_text("300 numbers", timeout=40_000)
    await person.settled()
    await expect(trial).to_contain_text("each is here once, and in order.")
    await expect(trial).to_contain_text(f"worker {second} went on with the answer where it stopped.")
    assert await person.conversation() == [["You", "count to 300"], ["assistant", NUMBERS]]
    assert all(NUMBERS.startswith(text) for look in person.looks for text in look)
    await shoot(person.page, "trial-survived")
    await quiet(person.page)


async def test_an_answer_nobody_killed_is_told_as_that(system: System, person: Person) -> None:
    record(system)
    try:
        await system.script(text=NUMBERS, tokens_per_second=300, contains="count to 300")
        await person.visit()
        await person.button("Start a session that counts to 300").click()
        trial = person.page.get_by_role("region", name="Kill its worker")
        await expect(trial).to_contain_text("complete before its worker was killed.", timeout=20_000)
        await expect(trial).to_contain_text("300 numbers so far: each is here once")
        await quiet(person.page)
    finally:
        (system.folder / "up.json").unlink()


async def test_a_wrong_number_would_be_told(system: System, person: Person) -> None:
    record(system)
    try:
        await system.script(text=NUMBERS.replace(" 7 ", " 7 7 "), tokens_per_second=200, contains="count")
        await person.visit()
        await person.button("Start a session that counts to 300").click()
        trial = person.page.get_by_role("region", name="Kill its worker")
        await expect(trial).to_contain_text("something is wrong.", timeout=20_000)
    finally:
        (system.folder / "up.json").unlink()


async def test_where_the_worker_is_elsewhere_no_command_is_shown(system: System, person: Person) -> None:
    await system.script(text=NUMBERS, tokens_per_second=200, contains="count to 300")
    await person.visit()
    await expect(person.page.get_by_text("kill the worker that answers, wherever it runs")).to_be_visible()
    await person.button("Start a session that counts to 300").click()
    await person.hears(800)
    await expect(person.page.get_by_role("region", name="Kill its worker")).to_be_hidden()
    await quiet(person.page)
