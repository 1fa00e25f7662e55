"""A schedule is the same for the same seed, leaves time to recover, and never asks for the impossible."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.schedule import BETWEEN_LOSSES, DECKS, STORE_LOSSES, Kind, Planned, plan

SEEDS = st.integers(0, 10_000)


def overlaps(faults: list[Planned]) -> int:
    """The most faults at one moment."""
    return max(
        sum(other.at <= fault.at < max(other.until, other.at + 0.001) for other in faults) for fault in faults
    )


@given(SEEDS)
def test_the_same_seed_gives_the_same_schedule(seed: int) -> None:
    assert plan(seed, 60, 20) == plan(seed, 60, 20)


@given(SEEDS)
def test_the_end_is_quiet_and_the_order_that_of_time(seed: int) -> None:
    faults = plan(seed, 90, 40)
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert all(0 < fault.at <= fault.until <= 50 for fault in faults)


@given(SEEDS)
def test_the_store_has_time_to_recover_between_losses(seed: int) -> None:
    losses = [fault for fault in plan(seed, 300, 40) if fault.kind in STORE_LOSSES]
    for before, after in pairwise(losses):
        assert after.at - before.until >= BETWEEN_LOSSES


@given(SEEDS)
def test_few_things_go_wrong_at_once(seed: int) -> None:
    heavy, light = (list(plan(seed, 120, 40, [deck])) for deck in DECKS)
    assert overlaps(heavy) <= 2
    assert overlaps(light) <= 2


def test_a_long_schedule_has_everything() -> None:
    assert {fault.kind for fault in plan(1, 600, 40)} == set(Kind)
