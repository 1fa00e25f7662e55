"""What a person sees of a session's voice, and presses, in a real Chromium."""

from collections.abc import AsyncIterator

import pytest

from tests.console.chromium import OpenPage
from tests.console.listener import LONG_ANSWER, SENTENCES, Listener, listening
from tests.system import System


@pytest.fixture
async def listener(open_page: OpenPage, system: System) -> AsyncIterator[Listener]:
    async with listening(open_page, system) as listener:
        yield listener


async def test_keys_interrupt_and_go_on(listener: Listener) -> None:
    keys = listener.page.keyboard
    await listener.press("Listen")
    await listener.ask(LONG_ANSWER)
    await listener.page.evaluate(
        "() => { const box = document.createElement('textarea'); document.body.append(box); box.focus() }"
    )
    await listener.until("player.state.isPlaying")
    await keys.press("Space")
    assert await listener.do("player.state.isPlaying && document.querySelector('textarea').value") == " "
    await keys.press("Escape")
    await listener.until("!player.state.isPlaying && player.state.goesOnUntil", 1)
    assert await listener.page.get_by_role("button", name="Go on (2 s)").is_visible()
    await listener.until("document.querySelector('.word').textContent === 'Go on (1 s)'", 2)
    await listener.do("document.querySelector('textarea').blur()")
    await keys.press("Space")
    await listener.until("player.state.isPlaying", 3)
    assert len(await listener.asked("bargeIn")) == 1
    await keys.press("Space")
    await listener.until("!player.state.isPlaying", 1)
    await listener.until("document.querySelector('.word').textContent === 'Interrupt'", 4)
    assert await listener.page.get_by_role("button", name="Interrupt").is_disabled()


async def test_a_person_sees_what_is_heard(listener: Listener) -> None:
    page = listener.page
    assert await page.get_by_role("region", name="Voice").is_visible()
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1")
    assert await page.locator(".heard").text_content() == SENTENCES[1]
    assert await page.get_by_role("status").text_content() == "Speaking"
    assert "ahead" in str(await page.locator(".voice").text_content())
    await listener.until("document.querySelector('meter').value > 0.05", 2)
    await listener.hears_all()
    await listener.until("document.querySelector('meter').value === 0", 2)
    await listener.until("document.querySelector('[role=status]').textContent === 'Waiting for you'", 3)


async def test_the_meter_keeps_still_for_who_wants_it(listener: Listener) -> None:
    await listener.page.emulate_media(reduced_motion="reduce")
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.index === 1 && player.level() > 0.05")
    assert await listener.do("document.querySelector('meter').value") == 0


async def test_a_session_without_a_voice_shows_none(open_page: OpenPage, system: System) -> None:
    async with listening(open_page, system, profile="chat") as listener:
        await listener.until("session.state.session")
        assert await listener.page.locator(".voice").is_hidden()


async def test_sound_that_the_browser_blocks_is_told_and_begins_with_a_press(listener: Listener) -> None:
    await listener.do(
        "void Object.assign(context, { resume: () => new Promise(() => {}) }, { hold: context.suspend() })"
    )
    await listener.until("context.state === 'suspended'")
    await listener.press("Listen")
    await listener.ask()
    await listener.until("player.state.isBlocked", 3)
    assert await listener.page.get_by_text("The browser blocks the sound").is_visible()
    assert await listener.sounds() == []
    assert await listener.asked("playback") == []
    await listener.do("void delete context.resume")
    await listener.press("Listen")
    await listener.hears_all()
    assert await listener.do("heard") == [0, 1, 2, 3]
