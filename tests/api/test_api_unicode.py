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


async def test_any_text_comes_back_the_same_everywhere(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    await act(http, session_id, "pause")
    sent = {f"m{number}": text for number, text in enumerate(TEXTS.values())}
    for message_id, text in sent.items():
        taken = await say(http, session_id, text, message_id=message_id, delivery="queue")
    shown = await read(http, session_id, after=taken["cursor"])
    assert {waiting["message_id"]: waiting["text"] for waiting in shown["queue"]} == sent
    await act(http, session_id, "resume")
    held = await answered(http, session_id, len(sent))
    late = await answered(http, session_id, len(sent))
    assert late.messages == held.messages
    paged = [event for event in await logged(http, session_id) if event["type"] == "message.accepted"]
    assert {event["message_id"]: event["content"] for event in paged} == sent
    assert {key: message.text for key, message in held.messages.items() if key in sent} == sent
    said = {message["message_id"]: message["content"] for message in await transcript(http, session_id)}
    assert said == {key: message.text for key, message in held.messages.items()}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_any_text_may_stand_in_a_session(http: Http, text: str) -> None:
    session_id = await shared_session(http)
    changed = await change(http, session_id, title=text, metadata={text: [text]})
    shown = await read(http, session_id, after=changed["cursor"])
    assert (shown["title"], shown["metadata"][text]) == (text, [text])


async def shared_session(http: Http) -> str:
    if "id" not in _shared:
        _shared["id"] = (await start(http))["session_id"]
    return _shared["id"]


_shared: dict[str, str] = {}


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
    url = "/v1/sessions" + path.format(id=await shared_session(http))
    headers = {"Content-Type": "application/json"}
    response = await http.request(method, url, content=body % spelled, headers=headers)
    refusal(response, 422, "invalid_request", "body")
