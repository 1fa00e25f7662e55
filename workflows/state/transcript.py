"""The working transcript: what the model may still see.

Owns the byte budget and the chains of stored responses. The store keeps the full transcript; here older
messages leave, in bulk, so that the chains need a fresh start only rarely.
"""

from typing import Final

from workflows.contract.base import Value
from workflows.contract.session import TranscriptMessage
from workflows.state.weight import weight

BUDGET: Final = 256 * 1024
KEPT_WHEN_OVER: Final = BUDGET * 3 // 4


class Chain(Value):
    """A response that the provider stores and that equals the agent's transcript before index `upto`."""

    response_id: str
    upto: int


class Transcript(Value):
    """Messages of all agents in the order of their use. An index counts from the session's first message."""

    first: int = 0
    messages: tuple[TranscriptMessage, ...] = ()
    weight: int = 0
    chains: dict[str, Chain] = {}

    @property
    def end(self) -> int:
        """The index behind the last message."""
        return self.first + len(self.messages)

    def since(self, index: int) -> tuple[TranscriptMessage, ...]:
        """The messages from `index` on that are still held."""
        return self.messages[max(index - self.first, 0) :]

    def start_of(self, index: int) -> int:
        """The index of the first message that `since(index)` holds."""
        return max(index, self.first)

    def added(self, *messages: TranscriptMessage) -> "Transcript":
        """With `messages` at the end, and within the budget."""
        grown = self.model_copy(
            update={
                "messages": (*self.messages, *messages),
                "weight": self.weight + sum(weight(m.content) for m in messages),
            }
        )
        return grown if grown.weight <= BUDGET else _shortened(grown)

    def index_of(self, message_id: str) -> int | None:
        """The index of a message that is still held."""
        held = range(len(self.messages))
        place = next((i for i in reversed(held) if self.messages[i].message_id == message_id), None)
        return None if place is None else self.first + place

    def truncated(self, message_id: str, text: str) -> "Transcript":
        """With only `text`, its beginning, left of a message; no stored response holds just that."""
        index = self.index_of(message_id)
        if index is None:
            return self
        place = index - self.first
        whole = self.messages[place]
        heard = whole.truncated(text)
        return self.model_copy(
            update={
                "messages": (*self.messages[:place], heard, *self.messages[place + 1 :]),
                "weight": self.weight - weight(whole.content) + weight(text),
                "chains": {
                    agent: chain
                    for agent, chain in self.chains.items()
                    if agent != whole.agent or chain.upto <= index
                },
            }
        )

    def chained(self, agent: str, response_id: str | None) -> "Transcript":
        """After an answer that the provider stores as `response_id`, if it does."""
        if response_id is None:
            return self
        chain = Chain(response_id=response_id, upto=self.end)
        return self.model_copy(update={"chains": {**self.chains, agent: chain}})


def _shortened(transcript: Transcript) -> Transcript:
    """Older turns leave until there is room for some time; the last turn's messages only if they must."""
    messages, left, dropped = transcript.messages, transcript.weight, 0
    last_turn = messages[-1].turn
    while dropped < len(messages) - 1:
        enough = BUDGET if messages[dropped].turn == last_turn else KEPT_WHEN_OVER
        if left <= enough:
            break
        left -= weight(messages[dropped].content)
        dropped += 1
    return Transcript(first=transcript.first + dropped, messages=messages[dropped:], weight=left)
