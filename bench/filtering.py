"""What the safety filter costs: an answer past rules and moderation, and past a filter that asks nobody."""

from statistics import median

from bench.figures import Row, in_ms
from bench.spoken_profiles import FILTERED, TOLD
from bench.spoken_turn import SpokenTurn, begun, sentences, spoken_turn
from tests.system import System

TURNS = 8
WARM_UP = 2
SENTENCES = 6
TOKENS_PER_SECOND = 50


async def measure(system: System) -> list[Row]:
    await system.script(
        text=" ".join(sentences(SENTENCES, "filters")),
        tokens_per_second=TOKENS_PER_SECOND,
        first_token_delay=0,
        times=None,
    )
    filtered: list[SpokenTurn] = []
    told: list[SpokenTurn] = []
    async with system.http() as http:
        sessions = [(await begun(http, FILTERED), filtered), (await begun(http, TOLD), told)]
        for number in range(TURNS + WARM_UP):
            for session_id, turns in sessions:
                turn = await spoken_turn(http, session_id, spoken=False)
                if number >= WARM_UP:
                    turns.append(turn)
    await system.forget_script()
    first, first_told = (median(turn.first_sentence for turn in turns) for turns in (filtered, told))
    whole, whole_told = (median(turn.whole for turn in turns) for turns in (filtered, told))
    later, whole_later = in_ms(first - first_told), in_ms(whole - whole_told)
    return [
        Row(
            f"safety filter, rules and moderation: first of {SENTENCES} sentences; the last",
            f"{later} later; {whole_later} later ({whole / whole_told:.2f})",
            f"told without it: {in_ms(first_told)}; {in_ms(whole_told)}",
            "told, not set",
            met=True,
        )
    ]
