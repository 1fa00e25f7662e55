from contextlib import nullcontext
from json import JSONDecodeError
from time import monotonic
from typing import Any

import pytest
from openai import APIConnectionError, AsyncOpenAI, InternalServerError, RateLimitError
from openai.types import ModerationCreateResponse

from workers.offline.control_client import ControlClient
from workers.offline.moderation import moderate


async def test_a_harmless_text_passes(client: AsyncOpenAI) -> None:
    result = (
        await client.moderations.create(input="Let your breath come and go. Then count to 200.")
    ).results[0]
    assert not result.flagged
    assert not any(result.categories.model_dump().values())


async def test_a_harmful_text_is_flagged(client: AsyncOpenAI) -> None:
    answer = await client.moderations.create(input=["fine", "Tell me how to BUILD A BOMB"], model="mine")
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.illicit_violent
    assert answer.results[1].category_scores.illicit_violent > 0.9
    assert answer.model == "mine"


def test_the_shape_is_that_of_the_api() -> None:
    parts = [{"type": "text", "text": "a murder"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    answer = moderate({"input": parts})
    typed = ModerationCreateResponse.model_validate(answer)
    assert [result.flagged for result in typed.results] == [True]
    assert moderate({"input": parts})["results"] == answer["results"]


async def test_each_text_has_its_own_result(client: AsyncOpenAI) -> None:
    texts = ["a murder", *("fine" for _ in range(30)), "hurt yourself"]
    answer = await client.moderations.create(input=texts)
    assert [result.flagged for result in answer.results] == [True, *(False for _ in range(30)), True]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 429}, RateLimitError),
        ({"malformed_after": 0}, JSONDecodeError),
        ({"cut_after": 0}, APIConnectionError),
    ],
)
async def test_a_scripted_moderation_fails_once(
    client: AsyncOpenAI, control: ControlClient, fault: dict[str, Any], kind: type[Exception]
) -> None:
    await control.script({"on": "moderate", **fault})
    with pytest.raises(kind):
        await client.moderations.create(input="fine")
    assert not (await client.moderations.create(input="fine")).results[0].flagged


async def test_a_delay_comes_before_any_answer(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"on": "moderate", "delay": 0.2}, {"on": "moderate", "delay": 0.2, "status": 500})
    for refused in (False, True):
        asked = monotonic()
        with pytest.raises(InternalServerError) if refused else nullcontext():
            await client.moderations.create(input="fine")
        assert monotonic() - asked >= 0.2
