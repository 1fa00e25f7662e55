from openai import AsyncOpenAI
from openai.types import ModerationCreateResponse

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
