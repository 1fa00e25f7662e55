"""Whatever a model, a person or a name says stays text, and stays inside of its place."""

import pytest

from tests.console.chromium import VIEWPORT, OpenPage, observed, quiet, shoot
from tests.console.person import Person, begun, expect
from tests.system import System

LONG = "a" * 10_000
HEBREW = "שלום עולם, מה שלומך?"
HOSTILE = [
    "<img src=x onerror=\"window.hit = 'image'\">",
    "<script>window.hit = 'script'</script>",
    "<svg onload=\"window.hit = 'svg'\"></svg>",
    "<iframe srcdoc=\"<script>parent.hit = 'frame'</script>\"></iframe>",
]
LINKS = [
    "[press me](javascript:window.hit='link')",
    "[and me](JaVaScRiPt&#58;window.hit='link')",
    "[me](data:text/html,<script>hit</script>)",
    "![me](http://elsewhere.example/pixel.png)",
    "<javascript:window.hit='link'>",
]
SEEN = """() => ({
  hit: window.hit ?? null,
  made: document.querySelectorAll('main img, main script, main svg, main iframe, main object').length,
  links: [...document.querySelectorAll('main a[href]')].map(({ protocol }) => protocol),
})"""
NARROW = "document.scrollingElement.scrollWidth <= innerWidth"
INSIDE = """(article) => {
  const { left, right } = article.getBoundingClientRect()
  return left >= 0 && right <= innerWidth && article.scrollWidth <= article.clientWidth + 1
}"""


async def harmless(person: Person) -> None:
    for link in await person.page.get_by_role("region", name="Conversation").get_by_role("link").all():
        assert (await link.get_attribute("href") or "").startswith(("http:", "https:", "mailto:"))
    seen = await person.page.evaluate(SEEN)
    assert (seen["hit"], seen["made"]) == (None, 0)
    assert set(seen["links"]) <= {"http:", "https:", "mailto:"}
    await quiet(person.page)
    assert not [url for url in observed(person.page).urls if "elsewhere" in url]


@pytest.mark.parametrize("text", ["\n\n".join(HOSTILE), "\n\n".join(LINKS)], ids=["markup", "links"])
async def test_what_is_said_is_harmless(system: System, person: Person, text: str) -> None:
    await system.script(text=text)
    await person.visit(await begun(system, title=text[:150], message={"content": text}))
    await person.settled()
    [(_, asked), (_, said)] = await person.conversation()
    assert asked == " ".join(text.split())
    assert "me" in said
    await expect(person.entry(text[:20])).to_be_visible()
    await harmless(person)
    await person.button("Events").click()
    await expect(person.page.get_by_role("listitem").filter(has_text="message.completed")).to_be_visible()
    await person.page.get_by_role("listitem").filter(has_text="message.completed").click()
    await harmless(person)


async def test_markup_is_seen_as_it_was_said(system: System, person: Person) -> None:
    text = " and ".join(HOSTILE)
    await system.script(text=text)
    await person.visit(await begun(system, message={"content": "go"}))
    await person.settled()
    assert (await person.answers()) == [text]
    await shoot(person.page, "hostile")
    await harmless(person)


@pytest.mark.parametrize("width", [VIEWPORT["width"], 360])
async def test_long_words_stay_inside(system: System, open_page: OpenPage, width: int) -> None:
    person = await Person.before(await open_page(viewport={"width": width, "height": 700}), system.api_url)
    await system.script(
        text=f"{LONG}\n\n`{LONG}`\n\n| {LONG} | b |\n|---|---|\n| 1 | 2 |\n\n```\n{LONG}\n```"
    )
    await person.visit(await begun(system, title=LONG[:200], message={"content": LONG}))
    await person.settled()
    assert await person.until(NARROW)
    for article in await person.page.get_by_role("article").all():
        assert await article.evaluate(INSIDE)
    scroller = person.page.get_by_role("region", name="Conversation")
    assert await scroller.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    await shoot(person.page, f"long-words-{width}")
    await person.button("Events").click()
    await person.page.get_by_role("listitem").filter(has_text="message.accepted").click()
    assert await person.until(NARROW)
    await quiet(person.page)


async def test_words_from_right_to_left(system: System, person: Person) -> None:
    await system.script(text=f"{HEBREW}\n\nAnd English.")
    await person.visit(await begun(system, title=HEBREW, message={"content": HEBREW}))
    await person.settled()
    direction = "(one) => getComputedStyle(one).direction"
    for message in (person.message(HEBREW), person.answer()):
        assert await message.get_by_text(HEBREW, exact=True).evaluate(direction) == "rtl"
    assert await person.answer().get_by_text("And English.").evaluate(direction) == "ltr"
    assert await person.entry(HEBREW).get_by_text(HEBREW).evaluate(direction) == "rtl"
    assert await person.page.get_by_label("Message", exact=True).get_attribute("dir") == "auto"
    await shoot(person.page, "right-to-left")
    await quiet(person.page)
