"""The guided session that is spoken while parts are killed: its profile, and every word that its model has.

Owns what was to be said. Pure.
"""

from typing import Final

NAME: Final = "short-guided"
PLAN: Final = ("arriving", "resting", "returning")
SENTENCES_A_PHASE: Final = 5
WIND_DOWN_AT: Final = 3
SENTENCES: Final = len(PLAN) * SENTENCES_A_PHASE
TOKENS_PER_SECOND: Final = 30
SLOW: Final = "thought two"
"""What is in the sentences that take the voice longer."""

_NUMBERS: Final = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_ANSWERS: Final = len(_NUMBERS)
"""Twice as many as there are parts of phases: an attempt may ask again before anything was told."""
_SENTENCES_AN_ANSWER: Final = SENTENCES_A_PHASE + 2
"""More than is wanted of any: the model has to be cut."""

_PHASE: Final = """
  - name: {name}
    sentences: {sentences}
    wind_down_at: {wind_down_at}
    instructions: "A short guided session: {{phase}}."
"""

PROFILE: Final = f"""
name: {NAME}
agents: [{{name: guide, instructions: You guide a person.}}]
model: {{mode: background}}
safety: {{moderation: true, timeout: 5}}
speech: {{at_once: 2}}
phases:{
    "".join(_PHASE.format(name=name, sentences=SENTENCES_A_PHASE, wind_down_at=WIND_DOWN_AT) for name in PLAN)
}"""


def answers() -> list[str]:
    """What the model says, call by call: no sentence is like another."""
    return [
        " ".join(
            f"In part {part} comes thought {thought}, and it may go."
            for thought in _NUMBERS[:_SENTENCES_AN_ANSWER]
        )
        for part in _NUMBERS[:_ANSWERS]
    ]
