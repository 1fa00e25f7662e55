import json

import pytest

from tests.api.asking import (
    Http,
    act,
    answer,
    answered,
    change,
    logged,
    read,
    refusal,
    say,
    start,
    transcript,
)
from tests.viewer import watch

TEXTS = {
    "CR": "a\rb\r",
    "LF": "a\nb\n\n\nc",
    "CRLF": "a\r\n\r\nb",
    "separators": "a\u2028b\u2029c\u0085d\x0b\x0c\x1c\x1d\x1e",
    "NUL": "\x00a\x00",
    "controls": "".join(map(chr, range(32))) + "\x7f",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪😀",
    "combining": "e\u0301 ≠ é, " + "z" + "\u0335" * 50,
    "right to left": "\u202eevil\u202c שלום \u2066x\u2069 مرحبا",
    "byte order mark": "\ufeffa\ufeff",
    "not characters": "\ufffe\uffff\U0010ffff\ufffd",
    "not normal": "\u1e9b\u0323 Å Å ﬁ",
    "a frame": "id: 1-1\nevent: session.ended\ndata: {}\n\n",
    "a comment": ": comment\n\ndata: x\r\n\r\n",
    "a retry": "retry: 1\n\n",
    "JSON": '"}, {"type": "session.ended"}\\u0000\\',
    "a replay": '{"replay":true,',
    "markup": "<script>alert(1)</script>&amp;",
    "a script's glob": "*?[a-z]{x}%00\\",
    "white": " \t ",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_any_text_comes_back_the_same_everywhere(http: Http, text: str) -> None:
    session = await start(http, title=text[:200], metadata={text: [text]})
    session_id = session["session_id"]
    cursor = (await act(http, session_id, "pause"))["cursor"]
    taken = await say(http, session_id, text)
    shown = await read(http, session_id, after=taken["cursor"])
    assert (shown["title"], shown["metadata"]) == (text[:200], {text: [text]})
    assert shown["queue"][0]["text"] == text
    paged = [e for e in await logged(http, session_id) if e["type"] == "message.accepted"]
    assert paged[0]["content"] == text
    await act(http, session_id, "resume")
    held = await answered(http, session_id)
    assert held.messages[taken["message_id"]].text == text
    said = await transcript(http, session_id)
    assert said[0]["content"] == text
    assert said[1]["content"] == held.messages["a-1.1"].text
    late = await watch(http, session_id, lambda held, _: "a-1.1" in held.messages)
    assert late.messages[taken["message_id"]].text == text
    del cursor


async def test_a_change_keeps_any_text(http: Http) -> None:
    everything = "".join(TEXTS.values())[:200]
    session_id = (await start(http))["session_id"]
    assert (await change(http, session_id, title=everything))["title"] == everything


async def test_escaped_text_is_the_same_text(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    content = "\ud83d\ude00 \u00e4".encode("utf-16", "surrogatepass").decode("utf-16")
    body = json.dumps({"content": content}, ensure_ascii=True)
    assert "\\ud83d" in body
    headers = {"Content-Type": "application/json"}
    answer(await http.post(f"/v1/sessions/{session_id}/messages", content=body, headers=headers), 202)
    await answered(http, session_id)
    assert (await transcript(http, session_id))[0]["content"] == "😀 ä"


@pytest.mark.parametrize(
    "spelled",
    [b'"\\ud800"', b'"x\\udfff"', b'"\\ude00\\ud83d"', b'"\xed\xa0\x80"', b'"\xff"', b'"\xc0\x80"'],
)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", b'{"title": %s}'),
        ("POST", "", b'{"metadata": {%s: 1}}'),
        ("PATCH", "/{id}", b'{"metadata": {"x": [%s]}}'),
        ("POST", "/{id}/messages", b'{"content": %s}'),
    ],
)
async def test_half_a_character_is_refused(
    http: Http, method: str, path: str, body: bytes, spelled: bytes
) -> None:
    if "id" not in _shared:
        _shared["id"] = (await start(http))["session_id"]
    url = "/v1/sessions" + path.format(id=_shared["id"])
    headers = {"Content-Type": "application/json"}
    response = await http.request(method, url, content=body % spelled, headers=headers)
    refusal(response, 422, "invalid_request", "body")


_shared: dict[str, str] = {}
