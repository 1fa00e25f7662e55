"""What components get of a session: only what they want, only when it changes, and true."""

from datetime import datetime

from tests.console.react_pages import Tab, needed
from tests.console.told import tell, turn, word
from tests.system import System

needed()

ANSWERED = (
    "view.thread.at(-1)?.role === 'assistant' && view.thread.at(-1).status === 'complete' && !view.turn"
)
LIVE = "view.connection === 'live'"


def milliseconds(told: str) -> int:
    return round(datetime.fromisoformat(told).timestamp() * 1000)


async def test_components_render_only_for_what_they_select(system: System, tab: Tab) -> None:
    await system.script(tokens=150, tokens_per_second=60, contains="go")
    await tab.show(start={}, isStrict=False)
    await tab.until(LIVE)
    before = await tab.do("({ ...app.renders })")
    await tab.do("view.send('go')")
    await tab.until(ANSWERED)
    renders = {name: count - before[name] for name, count in (await tab.do("app.renders")).items()}
    assert renders["whole"] > 20
    assert renders["message"] <= renders["whole"] + 5
    assert renders["thread"] == 2
    assert (renders["phase"], renders["send"]) == (0, 0)


async def test_what_did_not_change_is_the_same_object(tab: Tab) -> None:
    await tell(tab.page, "told", [*turn(1, "guide"), *turn(2, "scribe")], [word(2, 4)])
    await tab.show(id="told", isStrict=False)
    await tab.until("view.conversations.scribe?.at(-1).text === 'wordword'")
    assert await tab.do("Object.keys(view.conversations)") == ["guide", "scribe"]
    assert await tab.do("view.thread.map(({ messageId }) => messageId)") == ["m-1", "a-1", "m-2", "a-2"]
    before = "app.views.findLast(({ thread }) => thread.at(-1)?.text === 'word')"
    for part, is_same in {"": False, ".scribe": False, ".guide": True}.items():
        assert await tab.do(f"view.conversations{part} === {before}.conversations{part}") == is_same, part
    later = "app.views.filter(({ thread }) => thread.at(-1)?.text === 'wordword')"
    await tab.until(f"{later}.length > 3")
    for part in ("thread", "conversations", "send"):
        assert await tab.do(f"new Set({later}.map((one) => one.{part})).size") == 1, part
        assert await tab.do(f"Object.isFrozen(view) && ('send' === '{part}' || Object.isFrozen(view.{part}))")


async def test_a_message_is_in_its_conversation_before_its_session_tells(tab: Tab) -> None:
    await tell(tab.page, "told", [*turn(1, "guide"), *turn(2, "scribe")])
    await tab.show(id="told", isStrict=False)
    await tab.until("view.thread.length === 4")
    await tab.page.evaluate("void app.view.send('to you', { agent: 'scribe' })")
    await tab.page.evaluate("void app.view.send('to the first')")
    await tab.until("view.outbox.length === 2")
    last = "Object.values(view.conversations).map((entries) => entries.at(-1).text)"
    assert await tab.do(last) == ["to the first", "to you"]
    entry = "view.conversations.scribe.at(-1)"
    sent = "app.views.find(({ outbox }) => outbox[0]?.text === 'to you')"
    assert await tab.do(f"(({{ conversations }}) => conversations.scribe.at(-1))({sent}) === {entry}")


async def test_clocks_and_counts_are_those_of_the_session(system: System, tab: Tab) -> None:
    await tab.show(start={})
    before = await tab.until("view.deadlines.idleAt")
    await tab.do("view.send('hello')")
    await tab.until("view.session.usage.output_tokens > 0 && view.session.status === 'idle'")
    async with system.http() as http:
        session = (await http.get(f"/v1/sessions/{await tab.do('view.id')}")).json()
    assert await tab.do("view.deadlines.idleAt") == milliseconds(session["idle_at"])
    assert milliseconds(session["idle_at"]) > before
    assert await tab.do("view.deadlines.endsAt") is None


async def test_a_retry_has_a_time(system: System, tab: Tab) -> None:
    await system.script(contains="hello", status=503)
    await tab.show(start={"message": {"content": "hello"}})
    assert await tab.until("view.deadlines.retryAt") == await tab.do("Date.parse(view.turn?.retry?.at) || 0")
    await tab.until(ANSWERED)
    assert await tab.do("view.deadlines.retryAt") is None


async def test_a_guided_session_has_phases_and_an_end(tab: Tab) -> None:
    await tab.show(start={"profile": "guided"})
    assert await tab.until("view.phase?.phase") == await tab.page.locator("p").first.text_content()
    assert (await tab.do("view.phase"))["of"] == 5
    left = await tab.until("view.deadlines.endsAt - Date.now()")
    assert 3_400_000 < left <= 3_600_000
    await tab.until("Object.keys(view.conversations)[0] === 'guide'")
    await tab.do("view.close()")
    await tab.until("view.isOver && view.connection === 'closed'")
    assert await tab.do("[view.endReason, view.problem, view.deadlines.endsAt]") == ["user_ended", None, None]


async def test_a_voice_tells_who_has_the_word(tab: Tab) -> None:
    await tab.show(start={"profile": "voice"})
    await tab.until(f"{LIVE} && view.voice.state === 'idle'")
    await tab.do("view.listening(true)")
    await tab.until("view.voice.state === 'listening'")
    await tab.do("view.send('hello')")
    audio = await tab.until("view.speech.find(({ audioId }) => audioId)?.audioId")
    assert await tab.do(f"(await view.audio('{audio}')).size") > 10_000
    await tab.do("view.playback({ turn: 1, sentence_index: 0, played_ms: 0, state: 'started' })")
    await tab.until("view.voice.state === 'speaking'")


async def test_servers_render_what_is_there_before_a_session(tab: Tab) -> None:
    await tab.show()
    await tab.until("view.connection === 'closed'")
    assert "connecting" in await tab.do("app.onServer({ start: {} })")
    assert tab.starts == 0
    assert await tab.do("[view.id, view.problem]") == [None, None]
