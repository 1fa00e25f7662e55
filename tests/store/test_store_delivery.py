"""What viewers hold is what is kept, whoever dies.

Owns random schedules of whole turns: attempts that write, are cut short, thaw after their successor, are
stopped; workflows that lose an answer; stores that go back or lose everything; viewers that read at times.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from unittest.mock import patch
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from activities import lines
from activities.answer import Answer
from activities.lines import Lines, WritingEndedError
from activities.store.client import connect
from activities.store.cursor import BEGINNING
from activities.store.event_log import Outcome, Writer
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from tests.effort import examples
from tests.store.contents import Snapshot, go_back_to, take_snapshot
from tests.store.faulty_log import Fault, FaultyLog
from tests.store.telling import Telling
from tests.store.viewer import Viewer
from tests.store_server import StoreServer
from workflows.contract.model_call import StepResult
from workflows.contract.publication import Publication

FAULTS = st.lists(st.sampled_from(Fault), max_size=2)
SYLLABLES = ("Grüße ", "😀", "\u2028", "e\u0301", "\x00", "ก")
Reply = TypeVar("Reply")


def said(turn: int, start: int, end: int) -> str:
    """What the provider says in `turn` from its event `start` to before `end`."""
    return "".join(f"{turn}.{i}{SYLLABLES[i % len(SYLLABLES)]}" for i in range(start, end))


@dataclass
class Attempt:
    """One attempt of the turn's step; the provider's stream goes on for it at event `heard`."""

    answer: Answer
    turn: int
    heard: int
    over: bool = False


class DeliveryMachine(RuleBasedStateMachine):
    """A session whose provider says the same again to whoever resumes."""

    def __init__(self, runner: asyncio.Runner, redis: "Redis") -> None:
        super().__init__()
        self._runner = runner
        self._redis = redis
        self._log = FaultyLog(redis)
        self._reader = LogReader(redis)
        self._projection = Projection(redis)

    def _await(self, reply: Coroutine[Any, Any, Reply]) -> Reply:
        return self._runner.run(reply)

    @initialize()
    def a_session_is_born(self) -> None:
        self._log.failing()
        self.session_id = uuid4().hex
        telling = Telling(self.session_id).show(status="idle", turn=None)
        self.telling = telling.tell("session.started", session={"status": "idle"})
        self.turn, self.running, self.fence, self.epoch = 0, False, 0, 1
        self.riding: Publication | None = None
        self.kept: dict[int, str] = {}
        self.attempts: list[Attempt] = []
        self.viewers = [self._viewer() for _ in range(3)]
        self.older: list[Snapshot] = [{}]

    # ---- the workflow --------------------------------------------------------------------------------

    @rule(confirmed=st.booleans(), faults=FAULTS)
    def tell(self, confirmed: bool, faults: list[Fault]) -> None:
        self._log.failing(*faults)
        self.telling = self.telling.tell("session.ending_soon")
        self._await(self._publish(confirmed=confirmed))

    @precondition(lambda self: not self.running)
    @rule()
    def start_a_turn(self) -> None:
        self.turn, self.running = self.turn + 1, True
        self.telling = self.telling.show(turn={"number": self.turn, "agent": "assistant"})
        self.telling = self.telling.tell("turn.started", turn=self.turn, message_ids=[])
        self.telling = replace(self.telling, running=f"{self.turn}.1")
        self.riding = None
        self._await(self._take_over())

    @precondition(lambda self: self.running)
    @rule()
    def try_again(self) -> None:
        self._await(self._take_over())

    @precondition(lambda self: self.running and self.attempts[-1].heard > 1)
    @rule()
    def stop(self) -> None:
        self._await(self._log.request_stop(self.session_id, self.turn))

    async def _publish(self, *, confirmed: bool = True) -> None:
        publication = self.telling.publication()
        if await self._log.publish(publication) is Outcome.LOST:
            self._begin_epoch()
        elif confirmed:
            self.telling = self.telling.confirmed(publication)

    async def _publish_until_it_is_there(self, *, confirmed: bool) -> None:
        epoch = None
        while epoch != self.telling.epoch:
            epoch = self.telling.epoch
            await self._publish(confirmed=confirmed)

    async def _take_over(self) -> None:
        """Begin an attempt, in a new epoch if it must be."""
        self.riding = self.riding or self.telling.publication()
        self.fence += 1
        turn, message_id = self.turn, f"a-{self.turn}"
        writer = Writer(self.session_id, self.riding.epoch, f"{turn}.1", self.fence, turn)
        position = await self._log.begin(writer, self.riding)
        if isinstance(position, Outcome):
            assert position is Outcome.LOST
            self._begin_epoch()
            await self._take_over()
            return
        if position.done is not None:
            await self._end_turn(StepResult.model_validate_json(position.done))
            return
        shown = await self._reader.shown(self.session_id, writer.epoch, position.first, message_id)
        heard = position.cursor or 0
        assert "".join(shown) == said(turn, 0, heard)
        answer = Answer(Lines(self._log, writer, position, shown), message_id, self._next_epoch)
        self.attempts.append(Attempt(answer, turn, heard))

    async def _next_epoch(self, writer: Writer) -> tuple[Writer, int]:
        """A writer tells that its epoch is lost: the workflow begins another one, unless it did already."""
        if writer.epoch == self.telling.epoch:
            self._begin_epoch()
        await self._publish_until_it_is_there(confirmed=False)
        joined = await self._log.join(writer)
        if isinstance(joined, Outcome):
            raise WritingEndedError(joined)
        return joined

    def _begin_epoch(self) -> None:
        """What the workflow knows is all that is left; a running step begins anew, or goes on in it."""
        self.epoch += 1
        self.telling = self.telling.in_new_epoch(self.epoch)
        self.riding = None

    async def _end_turn(self, result: StepResult) -> None:
        self.running, self.kept[self.turn] = False, result.text
        if self.riding is not None and result.epoch is None:
            self.telling = self.telling.confirmed(self.riding, settled=True)
        elif result.epoch == self.telling.epoch:
            self.telling = replace(self.telling, settled=self.telling.settled + 1)
        self.telling = replace(self.telling, running=None)
        if result.text:
            self.telling = self.telling.say(result.text, message_id=f"a-{self.turn}", turn=self.turn)
        self.telling = self.telling.show(turn=None).tell("turn.completed", turn=self.turn)

    # ---- attempts, living and dead -------------------------------------------------------------------

    @precondition(lambda self: self.attempts)
    @rule(which=st.sampled_from((0, 0, 0, 0, 1, 2)), count=st.integers(0, 3), faults=FAULTS)
    def write(self, which: int, count: int, faults: list[Fault]) -> None:
        attempt = self._attempt(which)
        for i in range(attempt.heard, attempt.heard + count):
            attempt.answer.heard(said(attempt.turn, i, i + 1), i + 1)
        attempt.heard += 0 if attempt.over else count
        self._await(self._write(attempt, faults))

    @precondition(lambda self: self.attempts)
    @rule(which=st.sampled_from((0, 0, 0, 1, 2)), faults=FAULTS)
    def supersede(self, which: int, faults: list[Fault]) -> None:
        attempt = self._attempt(which)
        attempt.heard = attempt.heard if attempt.over else 0
        self._await(self._write(attempt, faults, superseding=True))

    @precondition(lambda self: self.attempts and self.attempts[-1].heard > 2)
    @rule(which=st.sampled_from((0, 0, 0, 1, 2)), complete=st.booleans(), faults=FAULTS)
    def finish(self, which: int, complete: bool, faults: list[Fault]) -> None:
        self._await(self._finish(self._attempt(which), faults, complete=complete))

    def _attempt(self, which: int) -> Attempt:
        return self.attempts[-1 - which % len(self.attempts)]

    def _lives(self, attempt: Attempt) -> bool:
        return self.running and attempt is self.attempts[-1] and attempt.turn == self.turn

    async def _write(self, attempt: Attempt, faults: list[Fault], *, superseding: bool = False) -> None:
        self._log.failing(*faults)
        try:
            await (attempt.answer.supersede() if superseding else attempt.answer.write())
        except asyncio.CancelledError:
            return
        except WritingEndedError as error:
            await self._give_up(attempt, error.outcome)

    async def _finish(self, attempt: Attempt, faults: list[Fault], *, complete: bool) -> None:
        self._log.failing(*faults)
        attempt.over = True
        result = StepResult(outcome="complete" if complete else "stopped", text="")
        try:
            result = await attempt.answer.finish(result)
        except asyncio.CancelledError:
            return
        except WritingEndedError as error:
            await self._give_up(attempt, error.outcome)
            return
        if result.outcome == "complete":
            assert result.text == said(attempt.turn, 0, attempt.heard)
        if self._lives(attempt):
            await self._end_turn(result)

    async def _give_up(self, attempt: Attempt, outcome: Outcome) -> None:
        if outcome is Outcome.STOPPED:
            await self._finish(attempt, [], complete=False)
        else:
            assert not self._lives(attempt)

    # ---- the store and the viewers -------------------------------------------------------------------

    @rule(back=st.none() | st.integers(0, 10))
    def keep_a_snapshot_or_go_back(self, back: int | None) -> None:
        if back is None:
            self.older.append(self._await(take_snapshot(self._redis, self.session_id)))
        else:
            older = self.older[-1 - back % len(self.older)]
            self._await(go_back_to(self._redis, self.session_id, older))

    def _viewer(self) -> Viewer:
        return Viewer(self._reader, self._projection, self.session_id)

    @rule(which=st.integers(0, 2), limit=st.integers(1, 5))
    def read(self, which: int, limit: int) -> None:
        self._await(self.viewers[which].read(limit))

    @rule(which=st.integers(0, 2))
    def compare_with_who_comes_late(self, which: int) -> None:
        self._await(self._compare(self.viewers[which], self._viewer()))

    async def _compare(self, viewer: Viewer, late: Viewer) -> None:
        await viewer.read_to_the_end()
        await late.read_to_the_end()
        if late.cursor == BEGINNING:
            # Everything is lost: who watched keeps what it holds until the workflow has told it again.
            return
        assert (viewer.cursor, viewer.held.running_turn) == (late.cursor, late.held.running_turn)
        assert texts(viewer) == texts(late)

    @invariant()
    def the_log_is_one_that_a_viewer_can_follow(self) -> None:
        self._await(self._viewer().read())

    def teardown(self) -> None:
        self._log.failing()
        if self.running:
            self._await(self._take_over())
        while self.running:
            self._await(self._finish(self.attempts[-1], [], complete=True))
        self._await(self._all_hold_what_is_kept())

    async def _all_hold_what_is_kept(self) -> None:
        self.telling = self.telling.tell("session.ending_soon")
        await self._publish_until_it_is_there(confirmed=True)
        for viewer in self.viewers:
            await viewer.read_to_the_end()
            assert texts(viewer) == {f"a-{turn}": text for turn, text in self.kept.items() if text}
            assert viewer.held.running_turn is None
        await go_back_to(self._redis, self.session_id, {})


def texts(viewer: Viewer) -> dict[str, str]:
    return {key: message.text for key, message in viewer.held.messages.items() if message.text}


@pytest.mark.timeout(0)  # interrupted, it would take that for what it searches
def test_viewers_hold_what_is_kept(store_server: StoreServer) -> None:
    with (
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
        patch.object(lines, "AWAY_SECONDS", 0),
    ):
        redis = connect(store_server.url)
        machine = cast("type[DeliveryMachine]", lambda: DeliveryMachine(runner, redis))
        run_state_machine_as_test(machine, settings=examples(60, steps=40))
        runner.run(redis.aclose())


def test_a_last_word_in_an_epoch_that_was_joined_is_missed_when_the_store_goes_back(
    store_server: StoreServer,
) -> None:
    """Found by the machine: emptied in the middle of an answer, told anew, and cut back after its end."""
    with (
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
        patch.object(lines, "AWAY_SECONDS", 0),
    ):
        redis = connect(store_server.url)
        machine = DeliveryMachine(runner, redis)
        machine.a_session_is_born()
        machine.start_a_turn()
        machine.keep_a_snapshot_or_go_back(back=1)
        machine.write(count=3, faults=[], which=0)
        machine.keep_a_snapshot_or_go_back(back=None)
        machine.finish(complete=False, faults=[], which=0)
        assert machine.telling.epoch == 2
        machine.read(limit=5, which=0)
        machine.start_a_turn()
        machine.keep_a_snapshot_or_go_back(back=0)
        machine.teardown()
        assert machine.telling.epoch == 3
        runner.run(redis.aclose())
