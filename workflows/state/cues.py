"""What the model is told of a phase: its instructions, and the cue for its current part.

Owns the words; must not decide which part it is.
"""

from collections.abc import Sequence
from typing import Final

from workflows.contract.phases import Pace, Phase
from workflows.state.plan import Part, Plan

GO_ON: Final = (
    "You were interrupted by a noise and nothing else. Go on exactly where you stopped; repeat nothing."
)
_PACES: Final = {
    Pace.SLOWER: "The listener wants you to go slower: short, calm sentences, one thought at a time.",
    Pace.NORMAL: "",
    Pace.FASTER: "The listener wants you to go faster: come to the point, leave out repetition.",
}


def instructions(agent: str, phases: Sequence[Phase], plan: Plan, title: str | None) -> str:
    """The agent's own, then those of the phase, then the pace."""
    phase = phases[plan.index]
    filled = phase.instructions.format_map(_fields(phases, plan, title))
    return "\n\n".join(filter(None, (agent, filled, _PACES[plan.pace])))


def cue(phases: Sequence[Phase], plan: Plan, title: str | None) -> str:
    """What to say now."""
    phase = phases[plan.index]
    more = max(plan.most_sentences(phase), 1)
    words = f"Phase {plan.index + 1} of {len(phases)}, {phase.name}. "
    if plan.part is Part.WIND_DOWN:
        words += phase.transition.format_map(_fields(phases, plan, title)) + " "
    elif plan.said:
        words += "Go on where you were. "
    return f"{words}Say {more} sentence{'s' if more > 1 else ''}, and no more."


def _fields(phases: Sequence[Phase], plan: Plan, title: str | None) -> dict[str, str]:
    following = plan.next_index(phases)
    return {
        "phase": phases[plan.index].name,
        "next_phase": "the end" if following is None else phases[following].name,
        "sentences": str(plan.budget(phases[plan.index])),
        "pace": plan.pace.value,
        "title": title or "",
    }
