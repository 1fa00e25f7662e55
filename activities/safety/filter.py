"""The safety filter of one text: what may be said of it, sentence by sentence.

Owns the verdicts and the deadline they are due at. Fails closed: without a verdict there is an error, never a
sentence. Must not count strikes, nor publish or end anything.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activities.failures import ProviderError
from activities.safety.moderations import Moderations
from activities.safety.rules import Rules, even
from workflows.contract.errors import RETRYABLE, FailureKind
from workflows.contract.safety import Safety, SafetyPolicy

RETRY_SECONDS: Final = 0.1
BORDER: Final = 200
"""Code points of what was said last that a rule sees before a sentence."""


@dataclass(frozen=True)
class Verdict:
    """What is to become of a sentence."""

    text: str | None
    """What may be said instead of it: itself, the replacement, or nothing."""
    flagged_by: str | None
    """`rule:<name>` or `moderation:<category>`; None: unflagged."""


class FilterUnavailableError(Exception):
    """The filter gave no verdict in time: nothing of what it was asked about may be said."""

    def __init__(self, cause: ProviderError) -> None:
        super().__init__(f"The safety filter gave no verdict, so nothing is said. {cause}")
        self.kind = cause.kind
        self.retry_after = cause.retry_after


class SafetyFilter:
    """For one text, whose last words before its first sentence are `said`. One check at a time."""

    def __init__(self, safety: Safety, moderations: Moderations, said: str = "") -> None:
        self._safety = safety
        self._moderations = moderations
        self._rules = Rules(safety.rules)
        self._said = _end(said)
        self._ended = False

    async def check(self, sentences: Sequence[str]) -> Sequence[Verdict]:
        """A verdict for each of the sentences that follow, in their order.

        Under the policy END nothing may be said after a flagged one, whatever it is. Raises
        FilterUnavailableError.
        """
        flags = await self._by_rules(sentences, [None] * len(sentences))
        moderated = await self._by_moderation(sentences, flags)
        if moderated != flags:
            # What goes unsaid makes neighbours of others.
            moderated = await self._by_rules(sentences, moderated)
        return [self._verdict(sentence, flag) for sentence, flag in zip(sentences, moderated, strict=True)]

    async def _by_rules(self, sentences: Sequence[str], known: Sequence[str | None]) -> list[str | None]:
        """`known` flags, and those of rules."""
        said, flags = self._said, list[str | None]()
        for sentence, flag in zip(sentences, known, strict=True):
            flags.append(flag or await self._rule_flag(sentence, said))
            said = _end(f"{said} {self._instead(sentence, flags[-1]) or ''}")
        return flags

    async def _rule_flag(self, sentence: str, said: str) -> str | None:
        alone = even(sentence)
        name = await self._rules.broken_by(alone)
        if name is None and said and alone:
            name = await self._rules.broken_by(f"{said} {alone}", len(said) + 1)
        return name and f"rule:{name}"

    async def _by_moderation(
        self, sentences: Sequence[str], flags: Sequence[str | None]
    ) -> Sequence[str | None]:
        """`flags`, and those of moderation for what has none yet."""
        asked = [place for place, flag in enumerate(flags) if flag is None and sentences[place].strip()]
        if not self._safety.moderation or not asked:
            return flags
        categories = await self._in_time([sentences[place].strip() for place in asked])
        moderated = list(flags)
        for place, category in zip(asked, categories, strict=True):
            moderated[place] = category and f"moderation:{category}"
        return moderated

    async def _in_time(self, sentences: Sequence[str]) -> Sequence[str | None]:
        """What moderation flags, however often it takes to ask within the timeout."""
        failure = ProviderError(FailureKind.TIMEOUT)
        try:
            async with asyncio.timeout(self._safety.timeout.total_seconds()) as deadline:
                while True:
                    try:
                        return await self._moderations.flagged(sentences, self._safety.model)
                    except ProviderError as error:
                        failure = error
                    await asyncio.sleep(_pause(failure, deadline))
        except TimeoutError as late:
            raise FilterUnavailableError(failure) from late

    def _verdict(self, sentence: str, flag: str | None) -> Verdict:
        """The next sentence's; what is said of it is remembered."""
        if self._ended:
            return Verdict(None, flag)
        verdict = Verdict(self._instead(sentence, flag), flag)
        self._said = _end(f"{self._said} {verdict.text or ''}")
        self._ended = flag is not None and self._safety.policy is SafetyPolicy.END
        return verdict

    def _instead(self, sentence: str, flag: str | None) -> str | None:
        if flag is None:
            return sentence
        if self._safety.policy is SafetyPolicy.REPLACE:
            return self._safety.replacement + sentence[len(sentence.rstrip()) :]
        return None


def _pause(failure: ProviderError, deadline: asyncio.Timeout) -> float:
    """Seconds until moderation is asked again. Raises FilterUnavailableError when that is of no use."""
    after = failure.retry_after
    pause = RETRY_SECONDS if after is None else max(after.total_seconds(), RETRY_SECONDS)
    left = (deadline.when() or 0.0) - asyncio.get_running_loop().time()
    if failure.kind not in RETRYABLE or pause >= left:
        raise FilterUnavailableError(failure) from failure
    return pause


def _end(said: str) -> str:
    return even(said)[-BORDER:]
