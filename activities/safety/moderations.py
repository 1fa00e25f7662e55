"""The provider's moderation endpoint: which of several sentences it flags.

Owns the request and what its answer means. Its words are read strictly: an answer that does not speak of
every sentence speaks of none. Must not retry, nor decide what follows.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import openai
from openai import AsyncOpenAI, omit
from pydantic import BaseModel, StrictBool

from activities.failures import ProviderError, from_exception
from workflows.contract.errors import FailureKind

UNNAMED: Final = "unnamed"
"""The category of what is flagged without one."""


class _Result(BaseModel):
    flagged: StrictBool
    categories: Mapping[str, bool | None] = {}
    category_scores: Mapping[str, float | None] = {}

    @property
    def category(self) -> str | None:
        """The likeliest category of what is flagged."""
        hits = [name for name, hit in self.categories.items() if hit]
        if hits:
            return max(hits, key=lambda name: self.category_scores.get(name) or 0.0)
        return UNNAMED if self.flagged else None


class _Verdicts(BaseModel):
    results: Sequence[_Result]


class Moderations:
    """One client for all calls, the model steps' own."""

    def __init__(self, client: AsyncOpenAI) -> None:
        # Who asks has a deadline of its own, and retries within it.
        self._client = client.with_options(max_retries=0)

    async def flagged(self, sentences: Sequence[str], model: str | None) -> Sequence[str | None]:
        """The category that each of `sentences` is flagged for, in their order; one request for all.

        Raises ProviderError.
        """
        if not sentences:
            return []
        try:
            verdicts = await self._verdicts(sentences, model)
        except Exception as error:
            raise _meaning(error) from error
        if len(verdicts.results) != len(sentences):
            raise ProviderError(FailureKind.MALFORMED_STREAM)
        return [result.category for result in verdicts.results]

    async def _verdicts(self, sentences: Sequence[str], model: str | None) -> _Verdicts:
        response = await self._client.moderations.with_raw_response.create(
            input=list(sentences), model=omit if model is None else model
        )
        return _Verdicts.model_validate_json(response.content)


def _meaning(error: Exception) -> Exception:
    meaning = from_exception(error)
    if isinstance(meaning, ProviderError):
        return meaning
    if isinstance(error, openai.OpenAIError):
        return ProviderError(FailureKind.INVALID_REQUEST)
    return error
