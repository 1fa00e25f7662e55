"""A session that there is not: its page hears from the test what happens.

Owns the events of turns, and answering the page's requests with them. Must not know what is tested.
"""

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

Event = dict[str, Any]


def turn(number: int, agent: str) -> list[Event]:
    """A message to `agent`, and the beginning of the answer."""
    name = f"m-{number}"
    return [
        {
            "type": "message.accepted",
            "message_id": name,
            "agent": agent,
            "content": "hi",
            "delivery": "steer",
        },
        {"type": "turn.started", "turn": number, "agent": agent, "message_ids": [name]},
        word(number, 0),
    ]


def word(number: int, offset: int) -> Event:
    """More of the answer of a turn."""
    told = {"turn": number, "message_id": f"a-{number}", "offset": offset, "text": "word"}
    return {"type": "message.delta", **told}


async def tell(page: "Page", session_id: str, *connections: list[Event]) -> None:
    """Answer each of the page's connections with these events; messages are never answered."""
    ends = list(accumulate(map(len, connections)))
    events = [event for one in connections for event in one]

    async def stream(route: "Route") -> None:
        held = int(route.request.headers.get("last-event-id", 0))
        end = next((end for end in ends if end > held), held)
        await route.fulfill(body=_frames(events, held, end), content_type="text/event-stream")

    async def ignore(_: "Route") -> None:
        pass

    await page.route(f"**/v1/sessions/{session_id}/events", stream)
    await page.route(f"**/v1/sessions/{session_id}/messages", ignore)


def _frames(events: list[Event], held: int, end: int) -> str:
    told = enumerate(events[held:end], held + 1)
    return "".join(f"id: {place}\ndata: {json.dumps(event)}\n\n" for place, event in told)
