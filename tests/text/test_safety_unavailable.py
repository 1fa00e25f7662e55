"""Without a verdict in time nothing passes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from openai import AsyncOpenAI

from activities.safety.filter import FilterUnavailableError, SafetyFilter
from activities.safety.moderations import UNNAMED, Moderations
from tests.ports import free_port
from tests.text.conftest import Filter, until_asked
from workers.offline.control_client import ControlClient
from workflows.contract.errors import FailureKind
from workflows.contract.safety import Safety


@asynccontextmanager
async def answering(body: Any) -> AsyncIterator[Moderations]:
    """A provider of other habits: whatever it is asked, it says `body`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        said = json.dumps(body).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + said)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="x") as openai:
            yield Moderations(openai)


async def refused(filtering: SafetyFilter, *sentences: str) -> tuple[FilterUnavailableError, float]:
    began = monotonic()
    with pytest.raises(FilterUnavailableError) as caught:
        await filtering.check(sentences or ["One. "])
    return caught.value, monotonic() - began


async def test_a_slow_filter_lets_nothing_pass(safety_filter: Filter, control: ControlClient) -> None:
    await control.script({"on": "moderate", "delay": 2})
    error, seconds = await refused(safety_filter(timeout=0.3))
    assert error.kind is FailureKind.TIMEOUT
    assert 0.29 <= seconds < 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 500}, FailureKind.SERVER_ERROR),
        ({"status": 503}, FailureKind.OVERLOADED),
        ({"status": 429}, FailureKind.RATE_LIMITED),
        ({"malformed_after": 0}, FailureKind.MALFORMED_STREAM),
        ({"cut_after": 0}, FailureKind.CONNECTION),
    ],
)
async def test_a_failing_filter_is_asked_until_its_time_is_up(
    safety_filter: Filter, control: ControlClient, fault: dict[str, Any], kind: FailureKind
) -> None:
    await control.script({"on": "moderate", "times": None, **fault})
    error, seconds = await refused(safety_filter(timeout=0.5))
    assert error.kind is kind
    assert seconds < 2
    assert 2 <= (await control.stats())["moderations"] <= 6


@pytest.mark.parametrize("fault", [{"status": 500}, {"malformed_after": 0}, {"cut_after": 0}])
async def test_a_filter_that_recovers_in_time_gives_its_verdict(
    safety_filter: Filter, control: ControlClient, fault: dict[str, Any]
) -> None:
    await control.script({"on": "moderate", **fault})
    verdicts = await safety_filter().check(["A murder.", "Fine."])
    assert [verdict.flagged_by for verdict in verdicts] == ["moderation:violence", None]
    assert (await control.stats())["moderations"] == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401},
        {"status": 400},
        {"status": 404},
        {"status": 429, "retry_after": 9},
        {"status": 400, "code": "previous_response_not_found"},
    ],
)
async def test_a_filter_that_will_not_recover_in_time_is_not_asked_again(
    safety_filter: Filter, control: ControlClient, fault: dict[str, Any]
) -> None:
    await control.script({"on": "moderate", "times": None, **fault})
    error, seconds = await refused(safety_filter(timeout=4))
    assert seconds < 2
    assert (await control.stats())["moderations"] == 1
    assert (error.retry_after is not None) == ("retry_after" in fault)


async def test_a_filter_that_asks_for_patience_gets_it(safety_filter: Filter, control: ControlClient) -> None:
    await control.script({"on": "moderate", "status": 429, "retry_after": 0.4})
    began = monotonic()
    assert (await safety_filter().check(["Fine."]))[0].text == "Fine."
    assert 0.4 <= monotonic() - began < 2


async def test_an_absent_filter_lets_nothing_pass() -> None:
    async with AsyncOpenAI(base_url=f"http://127.0.0.1:{free_port()}/v1", api_key="x") as openai:
        filtering = SafetyFilter(Safety.model_validate({"timeout": 0.3}), Moderations(openai))
        error, seconds = await refused(filtering)
    assert error.kind is FailureKind.CONNECTION
    assert seconds < 1
    assert "nothing is said" in str(error)


PASSED = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.1}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"results": None},
        {"results": []},
        {"results": [PASSED]},
        {"results": [PASSED] * 3},
        {"results": [PASSED, {}]},
        {"results": [PASSED, {"flagged": None}]},
        {"results": [PASSED, {"flagged": "false"}]},
        {"results": [PASSED, {"flagged": False, "categories": []}]},
    ],
)
async def test_an_answer_of_another_shape_lets_nothing_pass(body: Any) -> None:
    async with answering(body) as moderations:
        filtering = SafetyFilter(Safety.model_validate({"timeout": 0.5}), moderations)
        error, _ = await refused(filtering, "One. ", "Two. ")
    assert error.kind is FailureKind.MALFORMED_STREAM


@pytest.mark.parametrize(
    ("result", "category"),
    [
        (PASSED, None),
        ({"flagged": False}, None),
        ({"flagged": True}, UNNAMED),
        ({"flagged": True, "categories": {"hate": False}}, UNNAMED),
        ({"flagged": False, "categories": {"hate": True}}, "hate"),
        ({"flagged": True, "categories": {"hate": True, "illicit": None}, "category_scores": {}}, "hate"),
        (
            {
                "flagged": True,
                "categories": {"hate": True, "self-harm/intent": True, "sexual": False},
                "category_scores": {"hate": 0.5, "self-harm/intent": 0.6, "sexual": 0.9},
            },
            "self-harm/intent",
        ),
    ],
)
async def test_what_an_answer_means(result: dict[str, Any], category: str | None) -> None:
    async with answering({"results": [PASSED, result]}) as moderations:
        assert await moderations.flagged(["One.", "Two."], None) == [None, category]


async def test_what_failed_was_not_said(safety_filter: Filter, control: ControlClient) -> None:
    filtering = safety_filter(rules={"doctor": r"dr\. evil"}, timeout=0.2)
    await control.script({"on": "moderate", "status": 400})
    await refused(filtering, "Ask Dr. ")
    assert (await filtering.check(["Evil."]))[0].text == "Evil."


async def test_rules_need_no_provider(safety_filter: Filter, control: ControlClient) -> None:
    await control.script({"on": "moderate", "status": 500, "times": None})
    filtering = safety_filter(rules={"r": "wager"}, moderation=False)
    assert [verdict.flagged_by for verdict in await filtering.check(["Fine.", "A wager."])] == [
        None,
        "rule:r",
    ]


async def test_who_is_cancelled_asks_no_more(safety_filter: Filter, control: ControlClient) -> None:
    await control.script({"on": "moderate", "status": 500, "times": None})
    checking = asyncio.create_task(safety_filter(timeout=60).check(["One."]))
    await until_asked(control, 2)
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    count = (await control.stats())["moderations"]
    await asyncio.sleep(0.3)
    assert (await control.stats())["moderations"] == count
