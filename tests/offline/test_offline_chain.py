"""What the model sees: its own chain, or the items that were sent, and what that costs."""

from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseUsage

from workers.offline.control_client import ControlClient


async def say(client: AsyncOpenAI, text: str, after: Response | None = None, **parameters: Any) -> Response:
    response: Response = await client.responses.create(
        model="m", input=text, previous_response_id=after.id if after else None, **parameters
    )
    return response


def usage_of(response: Response) -> ResponseUsage:
    assert response.usage is not None
    return response.usage


async def test_the_chain_is_remembered(client: AsyncOpenAI) -> None:
    told = await say(client, "Hi, my name is Ada!")
    between = await say(client, "count to 3", told)
    asked = await say(client, "What is my name?", between)
    assert asked.output_text == "Your name is Ada."
    assert "not told" in (await say(client, "What is my name?")).output_text


async def test_a_chain_can_branch(client: AsyncOpenAI) -> None:
    told = await say(client, "My name is Ada")
    await say(client, "My name is Bob", told)
    assert (await say(client, "what is my name", told)).output_text == "Your name is Ada."


async def test_sent_items_are_remembered_the_same_way(client: AsyncOpenAI) -> None:
    told = await say(client, "My name is Ada")
    chained = await say(client, "what did you say?", told)
    sent = await client.responses.create(
        model="m",
        store=False,
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": "My name is Ada"}]},
            {
                "type": "message",
                "role": "assistant",
                "id": "msg_1",
                "status": "completed",
                "content": [{"type": "output_text", "text": told.output_text, "annotations": []}],
            },
            {"role": "user", "content": "what did you say?"},
        ],
    )
    assert sent.output_text == chained.output_text == f'I said: "{told.output_text}"'


async def test_the_instructions_of_a_chain_do_not_carry_over(client: AsyncOpenAI) -> None:
    loud = await say(client, "hello", instructions="Reply in upper case.")
    assert loud.output_text.isupper()
    assert not (await say(client, "hello", loud)).output_text.isupper()


async def test_a_tool_call_must_be_answered(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"function_call": {"name": "look"}})
    asked = await say(client, "look it up")
    call = asked.output[0]
    assert isinstance(call, ResponseFunctionToolCall)
    with pytest.raises(BadRequestError, match=f"No tool output found for function call {call.call_id}"):
        await say(client, "well?", asked)
    answered = await client.responses.create(
        model="m",
        previous_response_id=asked.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "42"}],
    )
    assert answered.output_text == "The tool answered: 42"
    assert (await say(client, "what did I say first?", answered)).output_text.endswith('"look it up"')


async def test_sent_tool_calls_are_checked_too(client: AsyncOpenAI) -> None:
    with pytest.raises(BadRequestError, match="No tool call found for function call output with call_id c9"):
        await client.responses.create(
            model="m", input=[{"type": "function_call_output", "call_id": "c9", "output": "x"}]
        )
    answered = await client.responses.create(
        model="m",
        input=[
            {"role": "user", "content": "x"},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "found"},
        ],
    )
    assert answered.output_text == "The tool answered: found"


async def test_an_incomplete_response_can_be_followed_a_failed_one_cannot(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 5, "incomplete_after": 2}, {"tokens": 5, "fail_after": 2})
    incomplete, failed = await say(client, "x"), await say(client, "x")
    assert (await say(client, "what did you say", incomplete)).output_text == 'I said: "w0 w1 "'
    with pytest.raises(BadRequestError):
        await say(client, "y", failed)


async def test_chained_tokens_are_cached_tokens(client: AsyncOpenAI) -> None:
    first = await say(client, "a sentence that was never sent before", instructions="Be kind.")
    second = await say(client, "and another one", first, instructions="Be kind.")
    assert usage_of(first).input_tokens_details.cached_tokens == 0
    cached = usage_of(second).input_tokens_details.cached_tokens
    chained = usage_of(first).input_tokens + usage_of(first).output_tokens
    assert 0 < cached < usage_of(second).input_tokens
    assert abs(cached - chained) <= 10


async def test_a_prefix_that_was_seen_is_cached_without_a_chain(client: AsyncOpenAI) -> None:
    items: list[Any] = [{"role": "user", "content": f"a message of its own, number {n}"} for n in range(4)]
    first = await client.responses.create(model="m", input=items[:3], store=False)
    again = await client.responses.create(model="m", input=items, store=False)
    assert usage_of(first).input_tokens_details.cached_tokens == 0
    assert usage_of(again).input_tokens_details.cached_tokens == usage_of(first).input_tokens


async def test_effort_costs_reasoning_tokens(client: AsyncOpenAI) -> None:
    spent = [
        usage_of(
            await client.responses.create(model="m", input="x", reasoning={"effort": effort})
        ).output_tokens_details.reasoning_tokens
        for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    ]
    assert spent[:2] == [0, 0]
    assert spent[1:] == sorted(set(spent))
