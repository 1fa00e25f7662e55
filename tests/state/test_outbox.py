"""The bookkeeping of what the store was told: nothing twice, nothing left out, in any order of arrival."""

from datetime import timedelta
from itertools import permutations

import pytest

from tests.state.builders import NOON, after, born, message, update
from tests.state.store_model import StoreModel
from workflows.contract.commands import Command, WithdrawMessage
from workflows.contract.errors import FailureKind
from workflows.contract.events import (
    CommandTaken,
    EpochStarted,
    Event,
    MessageRejected,
    SessionEnded,
    SessionEndingSoon,
    SessionStarted,
    TurnCompleted,
    TurnRetrying,
    TurnStarted,
    TurnStopped,
)
from workflows.contract.publication import REJECTED, Publication
from workflows.contract.session import EndReason, StopReason, Usage
from workflows.state.decide import decide
from workflows.state.evolve import apply
from workflows.state.next_step import summary
from workflows.state.outbox import REMEMBERED_REFUSALS, REMEMBERED_WRITES, Outbox
from workflows.state.session_state import SessionState
from workflows.state.view import session_view


class Desk:
    """State and outbox, side by side."""

    def __init__(self) -> None:
        self.state, self.outbox = SessionState.born(born(), NOON), Outbox()
        self.record(SessionStarted(at=NOON))

    def record(self, *events: Event) -> "Desk":
        for event in events:
            self.state = apply(self.state, event)
            self.outbox = self.outbox.added(event, self.state, event.at)
        return self

    def take(self, command: Command) -> "Desk":
        return self.record(*decide(self.state, command, NOON))

    def publication(self) -> Publication:
        return self.outbox.publication(self.state, NOON)

    def confirm(self, *publications: Publication) -> "Desk":
        for publication in publications:
            self.outbox = self.outbox.confirmed(publication)
        return self

    @property
    def names(self) -> list[str]:
        return [entry.name for entry in self.outbox.entries]


def turn_started(number: int = 1, *message_ids: str) -> TurnStarted:
    return TurnStarted(at=NOON, turn=number, agent="assistant", message_ids=message_ids)


def turn_completed(number: int = 1) -> TurnCompleted:
    return TurnCompleted(at=NOON, turn=number, usage=Usage())


# ---- what waits to be told ---------------------------------------------------------------------------


def test_an_event_is_told_with_the_sessions_id() -> None:
    desk = Desk().record(MessageRejected(at=NOON, message_id="m", reason="queue_full"))
    assert desk.outbox.entries[-1].event == {
        "type": "message.rejected",
        "session_id": "s1",
        "at": "2026-11-20T12:00:00.000Z",
        "message_id": "m",
        "reason": "queue_full",
    }


def test_private_events_are_not_told() -> None:
    desk = Desk().record(CommandTaken(at=NOON, write_id="w1"))
    assert desk.names == ["session.started#1"]
    assert desk.outbox.writes == ("w1",)


def test_a_request_without_a_name_is_not_remembered() -> None:
    assert Desk().record(CommandTaken(at=NOON)).outbox.writes == ()


def test_only_the_last_requests_are_remembered() -> None:
    desk = Desk()
    for number in range(REMEMBERED_WRITES + 5):
        desk.record(CommandTaken(at=NOON, write_id=f"w{number}"))
    assert desk.outbox.writes[0] == "w5"
    assert len(desk.outbox.writes) == REMEMBERED_WRITES


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (turn_started(7), "turn.started#7"),
        (turn_completed(7), "turn.ended#7"),
        (TurnStopped(at=NOON, turn=7, usage=Usage(), reason=StopReason.STOPPED), "turn.ended#7"),
        (
            TurnRetrying(at=NOON, turn=7, attempt=3, next_retry_at=NOON, reason=FailureKind.QUOTA),
            "turn.retrying#7.1.3",
        ),
        (
            SessionEndingSoon(at=NOON, reason=EndReason.IDLE_TIMEOUT, ends_at=after(60)),
            "session.ending_soon#1.idle_timeout.1795176060000",
        ),
        (
            SessionEndingSoon(at=NOON, reason=EndReason.MAX_MESSAGES, remaining=0),
            "session.ending_soon#1",
        ),
        (MessageRejected(at=NOON, message_id="m", reason="queue_full"), "message.rejected#1"),
    ],
)
def test_an_entry_is_named_by_what_stays_the_same_when_a_task_is_repeated(event: Event, name: str) -> None:
    assert Desk().record(event).names[-1] == name


def test_where_nothing_else_tells_events_apart_they_are_counted() -> None:
    rejected = MessageRejected(at=NOON, message_id="m", reason="queue_full")
    desk = Desk().record(rejected, rejected)
    desk.confirm(desk.publication()).record(rejected)
    assert desk.names == ["message.rejected#3"]


def test_withdrawals_are_named_by_the_message_whatever_order_they_come_in() -> None:
    def names(*order: str) -> set[str]:
        desk = Desk().take(message("a")).take(message("b"))
        for message_id in order:
            desk.take(WithdrawMessage(message_id=message_id))
        return {f"{entry.name} {entry.event['message_id']}" for entry in desk.outbox.entries[-2:]}

    assert names("a", "b") == names("b", "a")


# ---- publications ------------------------------------------------------------------------------------


def test_a_first_publication_tells_everything() -> None:
    desk = Desk().take(message("m")).record(turn_started(1, "m"))
    publication = desk.publication()
    assert [entry.name for entry in publication.entries] == desk.names
    assert publication.session == session_view(desk.state, NOON).fields()
    assert [m.message_id for m in publication.messages] == ["m"]
    assert publication.writes == ("m",)
    assert (publication.base, publication.epoch) == (0, desk.state.epoch)


def test_the_next_publication_tells_what_is_new() -> None:
    desk = Desk().take(message("m")).record(turn_started(1, "m"))
    desk.confirm(desk.publication()).take(message("n"))
    publication = desk.publication()
    assert [entry.name for entry in publication.entries] == ["message.accepted#2"]
    assert publication.base == 3
    assert publication.messages == ()
    assert publication.messages_from == 1
    assert publication.writes == ("n",)
    assert "metadata" not in publication.session
    assert publication.session["message_count"] == 2


def test_what_is_unconfirmed_is_told_again() -> None:
    desk = Desk().take(message("m"))
    first = desk.publication()
    desk.record(turn_started(1, "m"))
    assert desk.publication().entries[: len(first.entries)] == first.entries


def three_publications() -> tuple[Desk, list[Publication]]:
    desk, publications = Desk(), []
    desk.take(message("m")).record(turn_started(1, "m"))
    publications.append(desk.publication())
    desk.take(update(title="T")).take(message("n"))
    publications.append(desk.publication())
    desk.record(turn_completed()).record(turn_started(2, "n"))
    publications.append(desk.publication())
    desk.take(message("o"))
    return desk, publications


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_publications_in_flight_are_confirmed_in_any_order(order: tuple[int, ...]) -> None:
    desk, publications = three_publications()
    desk.confirm(*(publications[index] for index in order))
    assert desk.names == ["message.accepted#3"]
    assert desk.outbox.base == publications[-1].end
    assert desk.outbox.writes == ("o",)
    assert desk.outbox.messages == (2 if order[-1] == 2 else 0)
    # Each begins the epoch: what arrives after newer ones may have done so in an emptied store.
    assert (desk.outbox.doubts > 0) == (order != (0, 1, 2))


def test_confirming_the_newest_again_changes_nothing() -> None:
    desk, publications = three_publications()
    desk.confirm(*publications)
    once = desk.outbox
    assert desk.confirm(publications[-1]).outbox == once


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_projection_is_right_whatever_arrives_and_is_confirmed_first(order: tuple[int, ...]) -> None:
    desk, store = Desk(), StoreModel()
    publications = [desk.publication()]
    desk.take(message("m")).take(update(title="T"))
    publications.append(desk.publication())
    desk.take(WithdrawMessage(message_id="m")).take(update(title=None))
    publications.append(desk.publication())
    store.publish(publications[0])
    for index in order:
        store.publish(publications[index])
        desk.confirm(publications[index])
    assert store.session == session_view(desk.state, NOON).fields()


# ---- what is news ------------------------------------------------------------------------------------


def test_nothing_is_no_news() -> None:
    desk = Desk()
    assert not desk.confirm(desk.publication()).outbox.has_news_after(None)


def test_an_event_is_news() -> None:
    desk = Desk()
    desk.confirm(desk.publication()).record(turn_started())
    assert desk.outbox.has_news_after(None)


def test_a_request_that_took_effect_is_news() -> None:
    desk = Desk()
    desk.confirm(desk.publication()).record(CommandTaken(at=NOON, write_id="w"))
    assert desk.outbox.has_news_after(None)


def test_what_rides_on_a_step_is_no_news() -> None:
    desk = Desk().take(message("m"))
    riding = desk.publication()
    assert not desk.outbox.has_news_after(riding)
    desk.take(message("n"))
    assert desk.outbox.has_news_after(riding)
    desk.confirm(desk.publication())
    assert not desk.outbox.has_news_after(riding)


def test_a_request_beside_a_running_step_is_news() -> None:
    desk = Desk().take(message("m"))
    riding = desk.publication()
    desk.record(CommandTaken(at=NOON, write_id="w"))
    assert desk.outbox.has_news_after(riding)


def test_a_new_epoch_is_news_however_much_rides_on_a_step_of_the_old_one() -> None:
    desk = Desk().take(message("m")).record(turn_started(1, "m"))
    riding = desk.publication()
    desk.record(EpochStarted(at=after(1)))
    assert desk.outbox.has_news_after(riding)


# ---- a store that lost something ---------------------------------------------------------------------


def test_a_doubted_store_is_told_everything_but_the_events() -> None:
    desk = Desk().take(message("m")).record(turn_started(1, "m"))
    desk.confirm(desk.publication())
    desk.outbox = desk.outbox.doubting_store()
    publication = desk.publication()
    assert publication.entries == ()
    assert publication.base == 3
    assert publication.session == session_view(desk.state, NOON).fields()
    assert (publication.messages_from, len(publication.messages)) == (0, 1)


def test_a_new_epoch_tells_everything_with_a_reset_for_all_events() -> None:
    desk = Desk().take(message("m")).record(turn_started(1, "m"))
    desk.confirm(desk.publication()).record(turn_completed())
    desk.record(EpochStarted(at=after(1)))
    publication = desk.publication()
    assert [entry.name for entry in publication.entries] == ["reset#1"]
    assert publication.base == 0
    assert publication.epoch > SessionState.born(born(), NOON).epoch
    assert publication.session == session_view(desk.state, NOON).fields()
    assert len(publication.messages) == 1


def test_a_new_epoch_remembers_the_requests_that_took_effect() -> None:
    desk = Desk().take(message("m"))
    assert desk.record(EpochStarted(at=after(1))).outbox.writes == ("m",)


def test_names_go_on_in_a_new_epoch() -> None:
    rejected = MessageRejected(at=NOON, message_id="m", reason="queue_full")
    desk = Desk().record(rejected)
    desk.record(EpochStarted(at=after(1)), rejected)
    assert desk.names == ["reset#1", "message.rejected#2"]


def test_what_reached_the_old_log_does_not_count_as_told_in_the_new_one() -> None:
    desk = Desk().take(message("m"))
    old = desk.publication()
    desk.record(EpochStarted(at=after(1))).confirm(old)
    assert desk.names == ["reset#1"]
    assert desk.outbox.base == 0
    assert desk.outbox.session == {}
    assert desk.outbox.messages == 0


def test_an_epoch_is_later_than_the_last_however_fast_they_come() -> None:
    desk = Desk()
    epochs = [desk.state.epoch]
    for _ in range(3):
        desk.record(EpochStarted(at=NOON))
        epochs.append(desk.state.epoch)
    assert epochs == sorted(set(epochs))
    assert desk.record(EpochStarted(at=NOON + timedelta(days=1))).state.epoch == 1795262400000


def test_a_later_state_has_a_higher_revision_even_if_fewer_things_happened_to_it() -> None:
    desk = Desk()
    lost = desk.state
    for _ in range(10):
        lost = apply(lost, CommandTaken(at=after(1)))
    repeated = apply(desk.state, CommandTaken(at=after(2)))
    assert repeated.revision > lost.revision


def test_a_new_epoch_tells_the_last_word_again() -> None:
    ended = SessionEnded(at=NOON, reason=EndReason.COMPLETED, summary=summary(Desk().state, NOON))
    desk = Desk().record(ended)
    desk.record(EpochStarted(at=after(1)))
    assert desk.names == ["reset#1", "session.ended#1"]


def test_the_store_keeps_the_last_rejections_for_resets() -> None:
    desk = Desk()
    assert REJECTED not in desk.publication().session
    for number in range(REMEMBERED_REFUSALS + 3):
        desk.record(MessageRejected(at=NOON, message_id=f"m{number}", reason="queue_full"))
    kept = [
        {"message_id": f"m{number}", "reason": "queue_full"} for number in range(3, REMEMBERED_REFUSALS + 3)
    ]
    told = desk.publication()
    assert told.session[REJECTED] == kept
    assert REJECTED not in desk.confirm(told).publication().session
    desk.record(EpochStarted(at=after(1)))
    assert desk.names == ["reset#1"]
    assert desk.publication().session[REJECTED] == kept
