"""How hard property tests try: the same examples every time; with `--hypothesis-profile=hunt`, many new ones.

Owns the profiles and the effort. A finding by chance would stop whoever has changed something else.
"""

from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

HUNT: Final = "hunt"
HUNTS_TIMES: Final = 25
"""As many examples as on other days."""


def begin() -> None:
    """Before any test is read: what the tests' own settings do not say, they take from the profile."""
    settings.register_profile(HUNT, max_examples=100 * HUNTS_TIMES, deadline=None, print_blob=True)
    settings.register_profile("same", derandomize=True, deadline=None, database=None)
    settings.load_profile("same")
    # It also draws constants of the modules that are loaded: other ones wherever other tests came before.
    providers._get_local_constants = Constants


def examples(count: int, *, steps: int = 30) -> settings:
    """As many as `count`, of that many `steps` where a machine of states is walked through."""
    hunts = settings.get_current_profile_name() == HUNT
    return settings(
        max_examples=count * (HUNTS_TIMES if hunts else 1),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
