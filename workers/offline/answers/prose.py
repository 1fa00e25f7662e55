"""Owns long texts: counting, stories, any number of words, the sentences of a guided session.

Pure and deterministic; must not look at the conversation.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, cycle, islice

LONG, USUAL, SHORT = 12, 4, 1
_LONGEST_COUNT = 10_000
_LONGEST_TEXT = 20_000

_SIGNALS = (
    "a fishing boat that had lost its way between the rocks",
    "a ferry whose engine had gone quiet in the dark",
    "a small yacht with a torn sail and a tired crew",
    "a freighter that nobody had expected before the morning",
    "a rowing boat with two brothers and a lantern that was going out",
)
_TROUBLES = (
    "a wave broke the lower window and the stairs filled with cold water",
    "the lamp went out three times and had to be lit again three times",
    "the wind turned the great bell by itself and would not let it rest",
    "the clockwork that turned the light stopped in the middle of a turn",
    "salt covered the glass until the beam was no brighter than a candle",
)
_REMEDIES = (
    "opened the log, read the last line, and went on exactly where it ended",
    "turned the light by hand, slowly, counting every turn aloud",
    "wrote down what had happened before doing anything about it",
    "woke the old spare lamp, which had waited for twenty years to be needed",
    "did the next small thing, and after that the next one",
)
_LESSONS = (
    "A light does not have to be new, it only has to come back.",
    "What is written down cannot be washed away.",
    "Nobody on the water ever learned how close it had been.",
    "It is not the storm that decides, but the one who begins again.",
    "The sea forgets everything, and that is why the keeper did not.",
)
_ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
)

_PHASES = {
    "settling": (
        "Let yourself arrive here, just as you are.",
        "Notice the place where your body meets the ground.",
        "Let your breath come and go in its own time.",
        "There is nothing to fix and nowhere to hurry to.",
        "With every breath out, let the shoulders sink a little.",
    ),
    "deepening": (
        "Let each breath take you a little further down.",
        "Sounds may come and go, and they need no answer.",
        "Feel how the body grows heavier and more at ease.",
        "If a thought appears, let it pass like a boat in the distance.",
        "Count one breath, and then the next, and then let go of counting.",
    ),
    "exploration": (
        "Now look around in this quiet place, with curiosity.",
        "Something may want your attention, an image, a word, or a feeling.",
        "Stay near it without holding on to it.",
        "Ask it gently what it would like you to know.",
        "Whatever the answer is, let it be enough for now.",
    ),
    "integration": (
        "Take what you have found and let it settle.",
        "Imagine one ordinary moment of tomorrow in which it helps you.",
        "Let the body remember how this calm feels.",
        "You can come back to it whenever you need it.",
        "Thank yourself for the time you have taken.",
    ),
    "return": (
        "Slowly let your breath become fuller.",
        "Feel your hands and your feet, and move them a little.",
        "Listen to the sounds of the room around you.",
        "When you are ready, open your eyes.",
        "You are back, rested and awake.",
    ),
}
_NAMES = "|".join(_PHASES)
_NAMED_PHASE = re.compile(rf"\b({_NAMES})\s+phase\b|\bphase\b[^.\n]{{0,20}}?\b({_NAMES})\b")
# "return" is a word of every second instruction.
_UNMISTAKABLE_PHASE = re.compile(r"\b(settling|deepening|exploration|integration)\b")


def counting(start: int, end: int) -> str:
    """Return all numbers from start to end, up or down."""
    step = 1 if end >= start else -1
    numbers = islice(range(start, end + step, step), _LONGEST_COUNT)
    return ", ".join(str(number) for number in numbers) + "."


def story(nights: int, topic: str | None = None) -> str:
    """Return a story of one paragraph a night, about 80 words each."""
    return "\n\n".join([_opening(topic), *islice(_nights(), nights), _closing(topic)])


def words(amount: int, topic: str | None = None) -> str:
    """Return a text of exactly this many words."""
    amount = min(amount, _LONGEST_TEXT)
    source = " ".join([_opening(topic), *islice(_nights(), 1 + amount // 50)]).split()
    text = " ".join(source[:amount])
    return text.rstrip(".,") + "."


def guided(guidance: str, said: Iterable[str], amount: int) -> str:
    """Return sentences of the phase that the guidance names last, and none twice while others are left."""
    bank = _PHASES[_phase_in(guidance)]
    spoken = "\n".join(said)
    fresh = [sentence for sentence in bank if sentence not in spoken]
    rest = [sentence for phase in _PHASES.values() for sentence in phase if sentence not in fresh]
    return " ".join(islice(cycle(fresh + rest), amount))


def _phase_in(guidance: str) -> str:
    named = _NAMED_PHASE.findall(guidance.lower()) or _UNMISTAKABLE_PHASE.findall(guidance.lower())
    return "".join(named[-1]) if named else "settling"


def _opening(topic: str | None) -> str:
    about = f" The story is about {topic}, and it begins like this." if topic else ""
    return (
        f"Here is a story.{about} On an island that no map shows twice in the same place stood a lighthouse, "
        "and in it lived a keeper who wrote down everything that happened, so that nothing could be lost."
    )


def _nights() -> Iterator[str]:
    for night in count():
        lap = night // len(_SIGNALS)
        signal, lesson = _pick(_SIGNALS, night), _pick(_LESSONS, night + lap)
        trouble, remedy = _pick(_TROUBLES, night + 2 * lap), _pick(_REMEDIES, night + 3 * lap)
        yield (
            f"In the {_ordinal(night)} night the keeper saw {signal}. The signal was short and the storm was "
            f"long, and before the answer could be given, {trouble}. For a moment everything was dark. "
            f"Then the keeper {remedy}. The beam went out over the water again, as if it had never stopped, "
            f"and the ship found the harbour before the sun came up. {lesson}"
        )


def _pick(bank: Sequence[str], index: int) -> str:
    return bank[index % len(bank)]


def _ordinal(index: int) -> str:
    return _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"


def _closing(topic: str | None) -> str:
    about = f", and the last line in it speaks of {topic}" if topic else ""
    return (
        "When the keeper grew old, a child came over the water and asked what the secret of the light was. "
        f"The keeper gave the child the log{about}. It was complete: every night, every ship, "
        "and not one word twice."
    )
