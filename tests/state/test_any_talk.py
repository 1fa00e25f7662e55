"""Any voice conversation: whoever speaks into whatever, what was heard is what was said."""

from typing import Any, Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from tests.effort import examples
from tests.state import strategies as draw
from tests.state.builders import NOON, born, complete, guided, message, profile
from tests.state.shell import Arrival, Attempt, Happenings, Shell, StepEnd
from tests.state.test_any_session import SHORT, AnySession
from workflows.contract.commands import BargeIn
from workflows.contract.errors import FailureKind
from workflows.contract.events import (
    BargedIn,
    BargeInSettled,
    BargeInTakenBack,
    EpochStarted,
    Interruption,
    SpeechReady,
    SpeechSkipped,
    SpeechUnannounced,
    VoiceStateChanged,
)
from workflows.contract.model_call import StepResult
from workflows.contract.session import Delivery, MessageSentences
from workflows.contract.speech import Speech, Utterance
from workflows.contract.voice import VoiceState
from workflows.state.talk import LEGAL

TOLD: Final = ("One is here. ", "Two follows. ", "Three ends it.")
utterances = st.one_of(
    st.builds(Utterance, audio_id=st.just("audio"), duration_ms=st.sampled_from([0, 800, 4_000])),
    st.builds(Utterance, skipped=st.sampled_from([None, FailureKind.TIMEOUT])),
)
profiles = st.sampled_from([profile(*draw.AGENTS), guided("settling", "return")])


class AnyTalk(AnySession):
    """Plays anything against a session that speaks."""

    is_silent = False
    asked = 0

    @initialize(limits=draw.limits, of=profiles, one_batch=st.booleans(), at_once=st.integers(1, 3))
    def begins(self, limits: dict[str, Any], of: Any, one_batch: bool, at_once: int) -> None:
        speaking = of.model_copy(update={"speech": Speech(at_once=at_once)})
        self.start = born(limits, of=speaking, retries=SHORT)
        self.shell = Shell(self.start, NOON, one_batch=one_batch)

    @precondition(lambda self: self.shell.attempt is not None)
    @rule(more=st.integers(1, 3))
    def sentences_are_told(self, more: int) -> None:
        self.shell.task(Happenings(told=self.shell.state.sentences + more))

    @precondition(lambda self: self.shell.syntheses)
    @rule(choice=st.data(), utterance=utterances, commands=st.lists(draw.heard, max_size=2).map(tuple))
    def a_sentence_is_spoken(self, choice: st.DataObject, utterance: Utterance, commands: Any) -> None:
        index = choice.draw(st.sampled_from(sorted(self.shell.syntheses)))
        self.shell.task(Happenings(commands=commands, spoken=((index, utterance),)))

    @precondition(lambda self: self._kept_for_later)
    @rule(choice=st.data())
    def audio_is_lost(self, choice: st.DataObject) -> None:
        """The store was killed before it had written what it had promised to keep."""
        self.store_lost_something = True
        self.shell.store.inaudible.add(choice.draw(st.sampled_from(self._kept_for_later)))

    @property
    def _kept_for_later(self) -> list[int]:
        """Sentences that are audible, and not announced to anybody."""
        entries = [one for one in self.shell.outbox.entries if one.name not in self.shell.store.ever]
        announced = {one.event["sentence_index"] for one in entries if one.event["type"] == "speech.ready"}
        return sorted(announced | set(self.shell.state.speaking.ready))

    @rule(delivery=st.sampled_from(Delivery), audible=st.booleans())
    def a_whole_exchange(self, delivery: Delivery, audible: bool) -> None:
        """What mostly happens, so that there is something to speak into."""
        self.asked += 1
        arrival: Arrival | None = None if self.shell.store_is_away else "arrived"
        asked = message(f"x{self.asked}", delivery)
        self.shell.task(Happenings(commands=(asked,), publication=arrival))
        if draw.may_say_its_last_word(self.shell) and not self.shell.last_words.get(self._attempt.name):
            self.shell.task(Happenings(step_end=self._told(complete(), len(TOLD))))
        while audible and self.shell.syntheses:
            index, heard = min(self.shell.syntheses), Utterance(audio_id="audio", duration_ms=800)
            self.shell.task(Happenings(spoken=((index, heard),), publication=arrival))

    @rule(back=st.integers(0, 4), played_ms=st.sampled_from([0, 300, 790]), turns=st.integers(0, 1))
    def somebody_speaks_into_it(self, back: int, played_ms: int, turns: int) -> None:
        state = self.shell.state
        index = max(state.speaking.announced - back, 0)
        turn = max(state.turns - turns, 1)
        asked = BargeIn(turn=turn, sentence_index=index, played_ms=played_ms if back else 0)
        self.shell.task(Happenings(commands=(asked,)))

    @property
    def _attempt(self) -> Attempt:
        assert self.shell.attempt is not None
        return self.shell.attempt

    def _told(self, end: StepResult, count: int) -> StepResult:
        """`end`, told in sentences."""
        asked = self._attempt.step.sentences
        assert asked is not None
        pieces = TOLD[:count]
        ends = tuple(len("".join(pieces[: n + 1])) for n in range(len(pieces)))
        told = MessageSentences(first=asked.first, ends=ends)
        return end.model_copy(update={"text": "".join(pieces), "sentences": told})

    def _any_end(self, choice: st.DataObject) -> StepEnd:
        end = super()._any_end(choice)
        if not isinstance(end, StepResult) or self._attempt.name in self.shell.last_words:
            return end
        return self._told(end, choice.draw(st.integers(0, len(TOLD))))

    @property
    def _is_at_rest(self) -> bool:
        shell = self.shell
        is_busy = shell.attempt or shell.flight or shell.store_is_away or shell.outbox.entries
        return not is_busy and shell.store.epoch == shell.state.epoch

    # ---- what stays true -----------------------------------------------------------------------------

    @invariant()
    def every_sentence_is_heard_of_once_and_in_order(self) -> None:
        announced: list[int] = []
        for event in self.shell.recorded:
            if isinstance(event, EpochStarted):
                announced.clear()
            elif isinstance(event, SpeechUnannounced):
                announced = [index for index in announced if index < event.sentence_index]
            elif isinstance(event, SpeechReady | SpeechSkipped):
                announced.append(event.sentence_index)
        assert announced == sorted(set(announced))

    @invariant()
    def what_was_announced_was_told(self) -> None:
        shell = self.shell
        if shell.state.ended or not self._is_at_rest:
            return
        announced = range(shell.silenced, shell.state.speaking.announced)
        assert {f"speech#{index}" for index in announced} <= shell.store.ever

    @invariant()
    def nothing_is_announced_into_an_interruption(self) -> None:
        interrupted = False
        for event in self.shell.recorded:
            interrupted |= isinstance(event, BargedIn)
            interrupted &= not isinstance(event, BargeInSettled | BargeInTakenBack)
            assert not (interrupted and isinstance(event, SpeechReady))
            assert interrupted or not isinstance(event, Interruption)

    @invariant()
    def the_word_is_handed_on_as_the_table_says(self) -> None:
        state = VoiceState.IDLE
        for event in self.shell.recorded:
            if isinstance(event, VoiceStateChanged):
                assert event.old is state
                assert event.new in set(LEGAL[state].values())
                state = event.new
        assert state is self.shell.state.talk.state
        assert (state is VoiceState.TERMINATED) == self.shell.state.ended

    @invariant()
    def the_store_holds_what_was_heard(self) -> None:
        shell = self.shell
        if not self._is_at_rest:
            return
        transcript = shell.state.transcript
        held = range(transcript.first, transcript.end)
        assert [shell.store.messages.get(index) for index in held] == list(transcript.messages)


@pytest.mark.timeout(0)  # interrupted, it would take that for what it searches
def test_any_talk() -> None:
    run_state_machine_as_test(AnyTalk, settings=examples(100, steps=40))
