"""The scripts do what the model says, whatever is sent to them, in whatever order, by whomever.

Owns the random schedules: living and fenced attempts, echoes, repeated workflow tasks that decide otherwise,
stores that go back to an older state. After every command everything that the store holds is compared.
"""

import asyncio
import copy
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TypeVar, cast
from unittest.mock import patch
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from activities.store import event_log
from activities.store.audio import Audio, AudioStore
from activities.store.client import connect
from activities.store.event_log import Appended, AudioLostError, Batch, EventLog, Outcome, Position, Writer
from tests.effort import examples
from tests.store.contents import (
    Snapshot,
    go_back_to,
    head_of,
    log_of,
    messages_of,
    session_of,
    take_snapshot,
    writes_of,
)
from tests.store.model import LogModel
from tests.store.telling import Telling, batch
from tests.store_server import StoreServer
from workflows.contract.publication import Publication

KEPT = 6
KINDS = ("message.accepted", "turn.started", "turn.retrying", "turn.completed", "session.paused")
LAST = ("word", "word of the turn", "unheard word of the turn")
Reply = TypeVar("Reply")


async def _or_inaudible(reply: Awaitable[Reply]) -> Reply | Outcome:
    try:
        return await reply
    except AudioLostError:
        return Outcome.INAUDIBLE


@dataclass
class Attempt:
    """One attempt of a step: what it is, where it thinks it stands, and what it sent last."""

    writer: Writer
    next: int
    last: Batch | None = None


class ScriptsMachine(RuleBasedStateMachine):
    """One session's log under fire."""

    def __init__(self, runner: asyncio.Runner, redis: "Redis") -> None:
        super().__init__()
        self._runner = runner
        self._redis = redis
        self._log = EventLog(redis)
        self._audio = AudioStore(redis)

    def _await(self, reply: Awaitable[Reply]) -> Reply:
        async def awaited() -> Reply:
            return await reply

        return self._runner.run(awaited())

    @initialize()
    def a_session_is_born(self) -> None:
        self.session_id = uuid4().hex
        self.model = LogModel(KEPT)
        self.telling = Telling(self.session_id).tell("session.started")
        self.durable = self.telling
        self.sent: list[Publication] = []
        self.attempts: list[Attempt] = []
        self.older: list[tuple[Snapshot, LogModel]] = []
        self.turn, self.fence, self.highest_epoch, self.said = 1, 0, 1, 0
        self.begin(next_turn=False, confirmed=False)
        self.keep_a_snapshot()

    # ---- the workflow --------------------------------------------------------------------------------

    @rule(kinds=st.lists(st.sampled_from(KINDS), max_size=3), said=st.none() | st.text(max_size=3))
    def tell(self, kinds: list[str], said: str | None) -> None:
        self.telling = self.telling.tell(*kinds)
        if said is not None:
            self.telling = self.telling.say(said).show(title=said).take(f"w{self.telling.revision}")

    @rule(index=st.integers(0, 3), kept=st.booleans())
    def announce(self, index: int, kept: bool) -> None:
        audio_id = f"audio-{index}"
        self.telling = self.telling.tell("speech.ready", sentence_index=index, audio_id=audio_id)
        if kept:
            self._await(self._audio.put(self.session_id, audio_id, Audio(b"RIFF", "wav", 800)))
            self.model.audio.add(audio_id)

    @rule(lost=st.booleans(), kinds=st.lists(st.sampled_from(KINDS), max_size=3))
    def end_the_workflow_task(self, lost: bool, kinds: list[str]) -> None:
        """Durably; or it was for nothing, and the next one decides otherwise."""
        if lost:
            self.telling = self.durable.tell(*kinds)
        self.durable = self.telling

    @rule(running=st.booleans())
    def begin_an_epoch(self, running: bool) -> None:
        self.highest_epoch += 1
        step = f"{self.turn}.1" if running else None
        self.telling = replace(self.telling.in_new_epoch(self.highest_epoch), running=step)

    @rule(closing=st.booleans(), trim=st.booleans(), confirmed=st.booleans())
    def publish(self, closing: bool, trim: bool, confirmed: bool) -> None:
        publication = self.telling.publication(closing=closing, trim=trim)
        self.sent.append(publication)
        if self._publish(publication) in {Outcome.OK, Outcome.ECHO} and confirmed:
            self.telling = self.telling.confirmed(publication)

    @rule(back=st.integers(0, 30))
    def publish_again(self, back: int) -> None:
        self._publish(self.sent[-1 - back % len(self.sent)])

    def _publish(self, publication: Publication) -> Outcome:
        told = self._await(_or_inaudible(self._log.publish(publication)))
        assert told is self.model.publish(publication)
        return told

    # ---- attempts of model steps ---------------------------------------------------------------------

    @rule(next_turn=st.sampled_from((False, False, True)), confirmed=st.booleans())
    def begin(self, next_turn: bool, confirmed: bool) -> None:
        self.turn += next_turn
        self.fence += 1
        writer = Writer(self.session_id, self.telling.epoch, f"{self.turn}.1", self.fence, self.turn)
        publication = self.telling.publication()
        self.sent.append(publication)
        position = self._begin(writer, publication)
        if isinstance(position, Position) and confirmed:
            self.telling = self.telling.confirmed(publication)

    @rule(which=st.integers(0, 10), back=st.integers(0, 30))
    def begin_again(self, which: int, back: int) -> None:
        self._begin(self._attempt(which).writer, self.sent[-1 - back % len(self.sent)])

    def _begin(self, writer: Writer, publication: Publication) -> Position | Outcome:
        position = self._await(_or_inaudible(self._log.begin(writer, publication)))
        assert position == self.model.begin(writer, publication)
        assert position is not Outcome.FENCED or writer.fence < self.fence
        next_index = position.next if isinstance(position, Position) else 0
        self.attempts.append(Attempt(writer, next_index))
        return position

    @rule(which=st.integers(0, 10))
    def join(self, which: int) -> None:
        writer = self._attempt(which).writer
        joined = self._await(self._log.join(writer))
        assert joined == self.model.join(writer)
        if isinstance(joined, tuple):
            self.attempts.append(Attempt(*joined))

    @rule(count=st.integers(0, 3))
    def append(self, count: int) -> None:
        attempt = self.attempts[-1]
        self._append_lines(attempt, attempt.next, count)

    @rule(
        which=st.integers(0, 10),
        back=st.integers(-1, 3),
        count=st.integers(0, 3),
        stoppable=st.booleans(),
        last=st.sampled_from(
            (None, None, None, None, "word", "word of the turn", "unheard word of the turn")
        ),
    )
    def append_strangely(self, which: int, back: int, count: int, stoppable: bool, last: str | None) -> None:
        attempt = self._attempt(which)
        self._append_lines(attempt, max(attempt.next - back, 0), count, stoppable=stoppable, last=last)

    def _append_lines(
        self, attempt: Attempt, start: int, count: int, *, stoppable: bool = True, last: str | None = None
    ) -> None:
        texts = [f"line {self.said + i}" for i in range(count)]
        self.said += count
        turn_end = None
        if last is not None and last.endswith("turn"):
            turn_end = self.telling.turn_end(self.sent[-1], "turn.completed", "session.status_changed")
        done = None if last is None else b"done"
        written = batch(start, *texts, done=done, stoppable=stoppable, turn_end=turn_end)
        attempt.last = replace(written, tail=f"tail {self.said}")
        appended = self._append(attempt.writer, attempt.last)
        if appended.outcome is Outcome.OK:
            attempt.next = max(attempt.next, start + count)
            known_here = attempt.writer.epoch == self.telling.epoch == self.model.epoch
            if last and known_here and attempt is self.attempts[-1]:
                self.telling = replace(self.telling, settled=self.model.settled)
            if turn_end and appended.turn_ended and last == "word of the turn":
                self.telling = self.telling.knowing(turn_end)

    @rule(which=st.integers(0, 10))
    def append_again(self, which: int) -> None:
        attempt = self._attempt(which)
        if attempt.last is not None:
            self._append(attempt.writer, attempt.last)

    def _append(self, writer: Writer, lines: Batch) -> Appended:
        before = self._await(log_of(self._redis, self.session_id))
        appended = self._await(self._log.append(writer, lines))
        outcome = appended.outcome
        grown = self._await(log_of(self._redis, self.session_id)) != before
        step = self.model.step
        stopped = step is not None and self.model.stop == step.turn and lines.stoppable
        over = step is not None and step.result
        fenced = step is not None and step.fence != writer.fence
        assert not (grown and (stopped or over or fenced))
        assert outcome is self.model.append(writer, lines)
        if outcome is Outcome.FENCED:
            assert writer.fence < self.fence or over
        if outcome in {Outcome.GAP, Outcome.STOPPED} and step is not None:
            assert appended.next == step.next
        if outcome is Outcome.OK:
            assert appended.turn_ended == (step is not None and step.ended)
        return appended

    def _attempt(self, which: int) -> Attempt:
        return self.attempts[-1 - which % len(self.attempts)]

    @rule(ahead=st.sampled_from((0, 0, 0, 1)))
    def request_stop(self, ahead: int) -> None:
        self._await(self._log.request_stop(self.session_id, self.turn + ahead))
        self.model.request_stop(self.turn + ahead)

    # ---- the store -----------------------------------------------------------------------------------

    @rule()
    def keep_a_snapshot(self) -> None:
        snapshot = self._await(take_snapshot(self._redis, self.session_id))
        self.older.append((snapshot, copy.deepcopy(self.model)))

    @rule(back=st.integers(0, 10), everything=st.sampled_from((False, False, False, True)))
    def go_back(self, back: int, everything: bool) -> None:
        lost_everything: tuple[Snapshot, LogModel] = ({}, LogModel(KEPT))
        snapshot, model = lost_everything if everything else self.older[-1 - back % len(self.older)]
        self._await(go_back_to(self._redis, self.session_id, snapshot))
        self.model = copy.deepcopy(model)

    # ---- always --------------------------------------------------------------------------------------

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        self._await(self._compare())

    async def _compare(self) -> None:
        model, redis, session_id = self.model, self._redis, self.session_id
        log = await log_of(redis, session_id)
        assert log == [(f"{e.epoch}-{e.n}", e.kind, e.event, e.print) for e in model.log]
        assert await head_of(redis, session_id) == head_of_model(model)
        assert await session_of(redis, session_id) == model.session
        assert await messages_of(redis, session_id) == model.messages
        assert await writes_of(redis, session_id) == model.writes

    @invariant()
    def the_log_has_no_hole_and_says_nothing_twice(self) -> None:
        log = self.model.log
        assert [entry.n for entry in log] == list(range(self.model.n - len(log) + 1, self.model.n + 1))
        assert len({(entry.kind, entry.event) for entry in log}) == len(log)
        assert {entry.epoch for entry in log} <= {self.model.epoch}

    def teardown(self) -> None:
        self._await(go_back_to(self._redis, self.session_id, {}))


def head_of_model(model: LogModel) -> dict[str, bytes]:
    head: dict[str, object] = {
        "epoch": model.epoch,
        "joins": model.joins,
        "run": None if model.base is None else "",
        "n": model.n or None,
        "print": model.print or None,
        "base": model.base,
        "told": model.told or None,
        "said": model.said or None,
        "revision": model.revision,
        "stop": model.stop,
        "settled": model.settled or None,
    }
    if model.step is not None:
        step = replace(model.step)
        head |= {"writer": step.name, "turn": step.turn, "first": step.first}
        head |= {"fence": step.fence, "next": step.next}
        if step.remembered is not None:
            head |= dict(zip(("response", "cursor"), step.remembered, strict=False))
            head |= {"tail": step.tail, "done": step.result.decode(), "ended": "1" if step.ended else None}
    return {name: str(value).encode() for name, value in head.items() if value is not None}


@pytest.mark.timeout(0)  # interrupted, it would take that for what it searches
def test_scripts_do_what_the_model_says(store_server: StoreServer) -> None:
    with (
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
        patch.object(event_log, "KEPT_ENTRIES", KEPT),
    ):
        redis = connect(store_server.url)
        machine = cast("type[ScriptsMachine]", lambda: ScriptsMachine(runner, redis))
        run_state_machine_as_test(machine, settings=examples(60, steps=40))
        runner.run(redis.aclose())
