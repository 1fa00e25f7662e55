"""What listening is made of: the pace, the plan, the numbers of sentences, players, and how it looks."""

from io import StringIO
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.announced import Announced
from api.cli.canvas import Canvas, Size
from api.cli.client import Api
from api.cli.errors import WrongUsageError
from api.cli.ink import Ink
from api.cli.listening import Ears, Listening
from api.cli.onlooker_desk import OnlookerDesk
from api.cli.pace import SILENCE_SECONDS, Pace
from api.cli.paper import Notice
from api.cli.phase_line import phase_line
from api.cli.phase_progress import PhaseProgress, PlanProgress
from api.cli.player import KNOWN, Player, PlayerFailedError, find_player
from api.cli.reducer import Conversation, Message
from api.cli.screen import Screen
from api.cli.settings import ClientSettings
from api.cli.wording import PREVIEW, notice_of
from tests.cli.terminal import Terminal
from tests.ports import free_port


def _sentence(index: int, turn: int = 1, phase: str = "settling") -> list[dict[str, Any]]:
    text = f"Sentence {index}. "
    return [
        {"type": "message.delta", "turn": turn, "text": text},
        {"type": "sentence", "turn": turn, "index": index, "text": text.strip(), "phase": phase},
    ]


def _ready(index: int) -> dict[str, Any]:
    return {"type": "speech.ready", "sentence_index": index, "audio_id": f"a{index}", "duration_ms": 1000}


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


PHASE = {"type": "phase.started", "phase": "settling", "index": 1, "of": 2, "budget": 3}
TALK = [PHASE, *_sentence(0), *_sentence(1), {"type": "message.completed"}, _ready(0), _ready(1)]


def _pace(*events: dict[str, Any]) -> tuple[Pace, _Clock]:
    clock = _Clock()
    pace = Pace(clock)
    for event in events:
        pace.take(event)
    return pace, clock


def test_a_sentence_is_told_when_it_begins_and_the_rest_when_it_ended() -> None:
    pace, _ = _pace(*TALK)
    assert pace.due(is_playing=True) == TALK[:1]
    pace.begin(0)
    assert pace.due(is_playing=True) == TALK[1:3]
    pace.end(0)
    assert pace.due(is_playing=True) == []
    pace.begin(1)
    assert pace.due(is_playing=True) == TALK[3:5]
    assert not pace.waits
    pace.end(1)
    assert pace.due(is_playing=True) == TALK[5:]


def test_a_voice_that_says_nothing_holds_back_nothing_until_it_speaks_again() -> None:
    pace, clock = _pace(*TALK[:3])
    assert pace.due(is_playing=False) == TALK[:1]
    clock.now += SILENCE_SECONDS - 0.1
    assert pace.due(is_playing=False) == []
    clock.now += 0.2
    assert pace.due(is_playing=False) == TALK[1:3]
    for event in _sentence(1):
        pace.take(event)
    assert pace.due(is_playing=False) == _sentence(1)
    pace.take(_ready(1))
    for event in _sentence(2):
        pace.take(event)
    assert _sentence(2)[0] not in pace.due(is_playing=False)


def test_a_long_sentence_is_no_silence() -> None:
    pace, clock = _pace(*TALK)
    pace.begin(0)
    pace.due(is_playing=True)
    clock.now += 10 * SILENCE_SECONDS
    assert pace.due(is_playing=True) == []


def test_words_outside_sentences_do_not_wait() -> None:
    pace, _ = _pace({"type": "message.delta", "text": "a"}, {"type": "message.delta", "text": "b"})
    assert [event["text"] for event in pace.due(is_playing=False)] == ["a"]
    pace.take({"type": "turn.completed"})
    assert [event["type"] for event in pace.due(is_playing=False)] == ["message.delta", "turn.completed"]


@given(st.lists(st.sampled_from(("take", "begin", "end", "look", "open")), max_size=40))
def test_every_event_is_told_once_and_in_order(steps: list[str]) -> None:
    pace, _ = _pace()
    waiting = [*TALK, *_sentence(2), {"type": "session.ended"}]
    taken: list[dict[str, Any]] = []
    told: list[Any] = []
    heard = 0
    for step in steps:
        match step:
            case "take" if waiting:
                taken.append(waiting[0])
                pace.take(waiting.pop(0))
            case "begin":
                pace.begin(heard)
            case "end":
                pace.end(heard)
                heard += 1
            case "open":
                told += pace.open()
            case _:
                told += pace.due(is_playing=True)
    assert told + pace.open() == taken


def test_the_plan_counts_each_sentence_once() -> None:
    plan = PlanProgress()
    winding = {
        "type": "phase.winding_down",
        "phase": "settling",
        "index": 1,
        "of": 2,
        "budget": 3,
        "sentences": 2,
    }
    events = [PHASE, *_sentence(0), *_sentence(0), *_sentence(1), winding, *_sentence(2)]
    for event in events:
        plan = plan.after(event)
    assert plan.phase == PhaseProgress("settling", 1, 2, 3, 3, is_winding_down=True)
    plan = plan.after({**PHASE, "phase": "return", "index": 2}).after(_sentence(3, phase="return")[1])
    assert plan.phase == PhaseProgress("return", 2, 2, 3, 1)
    assert plan.after({"type": "phase.started"}) is plan


def test_the_plan_is_found_again_in_a_snapshot() -> None:
    told = [_sentence(index)[1] for index in range(2)]
    session = {"phase": {"name": "settling", "index": 1, "of": 2}}
    reset = {"type": "reset", "session": session, "sentences": told}
    assert PlanProgress().after(reset).phase == PhaseProgress("settling", 1, 2, None, 2)
    plan = PlanProgress().after(PHASE).after(told[0]).after(reset)
    assert plan.phase == PhaseProgress("settling", 1, 2, 3, 2)
    assert plan.after(told[1]).phase == plan.phase


@pytest.mark.parametrize("width", [60, 120])
def test_a_phase_in_one_row(width: int) -> None:
    line = phase_line(PhaseProgress("deepening", 2, 5, 16, 8), width, coloured=False)
    text = "".join(text for text, _ in line.pieces)
    assert text.startswith("deepening  2 of 5  ━━━━")
    assert text.endswith("  8 of 16")
    assert line.cells <= width
    bar = text.split("  ")[2]
    assert text.count("━") >= 10, bar
    half = phase_line(PhaseProgress("deepening", 2, 5, 16, 8), width, coloured=True)
    done, left = ("".join(t for t, tone in half.pieces if tone == code).count("━") for code in ("32", "2"))
    assert abs(done - left) <= 1
    last = phase_line(PhaseProgress("deepening", 2, 5, 16, 14, is_winding_down=True), width, coloured=False)
    assert "".join(text for text, _ in last.pieces).endswith("14 of 16, winding down")


PHASES = st.builds(
    PhaseProgress,
    name=st.text(max_size=60),
    index=st.integers(1, 100),
    of=st.integers(1, 100),
    budget=st.none() | st.integers(1, 1000),
    sentences=st.integers(0, 1000),
    is_winding_down=st.booleans(),
)


@given(PHASES, st.integers(8, 200))
def test_a_phase_never_takes_more_than_its_row(phase: PhaseProgress, width: int) -> None:
    line = phase_line(phase, width, coloured=True)
    assert line.cells <= width
    assert not any(category(character) == "Cc" for text, _ in line.pieces for character in text)


def test_sentences_are_announced_once_with_their_turn() -> None:
    announced = Announced()
    for index in range(3):
        announced.read(_sentence(index, turn=1 + index // 2)[1])
    first = announced.read(_ready(0))
    assert [(s.index, s.turn, s.audio_id, s.duration_ms) for s in first] == [(0, 1, "a0", 1000)]
    assert announced.read(_ready(0)) == []
    skipped = {"type": "speech.skipped", "sentence_index": 1, "reason": "unspeakable"}
    reset = {"type": "reset", "sentences": [], "speech": [_ready(0), skipped, _ready(2)]}
    again = announced.read(reset)
    assert [(sentence.index, sentence.turn, sentence.audio_id) for sentence in again] == [
        (1, 1, None),
        (2, 2, "a2"),
    ]
    assert announced.last == again[-1]
    assert announced.latest_turn == 2
    assert announced.read(_ready(2)) == []


def test_the_player_that_is_named_is_taken_before_the_first_that_is_known() -> None:
    there = {"mpv", "aplay", "mine"}

    def which(name: str) -> str | None:
        return f"/bin/{name}" if name in there else None

    assert find_player({}, which) == Player(("/bin/mpv", *KNOWN["mpv"]))
    assert find_player({"PERDURE_PLAYER": "aplay"}, which) == Player(("/bin/aplay", "-q"))
    assert find_player({"PERDURE_PLAYER": "mine --slow 'a b'"}, which) == Player(
        ("/bin/mine", "--slow", "a b")
    )
    there.clear()
    assert find_player({}, which) is None
    for wrong in ("mpv", "'", " "):
        with pytest.raises(WrongUsageError, match="PERDURE_PLAYER"):
            find_player({"PERDURE_PLAYER": wrong}, which)


def test_known_players_are_tried_in_a_fixed_order() -> None:
    assert list(KNOWN) == ["ffplay", "mpv", "paplay", "aplay", "play", "afplay"]


async def test_a_player_that_does_not_play_says_so(tmp_path: Path) -> None:
    with pytest.raises(PlayerFailedError, match="false ended with exit code 1"):
        await Player(("/bin/false",)).play(tmp_path / "x.wav")
    with pytest.raises(PlayerFailedError, match="does not start"):
        await Player(("/no/such/program",)).play(tmp_path / "x.wav")


def test_an_interruption_in_one_short_line() -> None:
    heard = " ".join(f"word {n}" for n in range(100))
    notice = notice_of(
        {"type": "interruption", "turn": 1, "heard_ms": 9, "heard_text": heard}, Conversation()
    )
    assert notice is not None
    assert notice.text.startswith("interrupted; heard of it: …")
    assert notice.text.endswith(" word 98 word 99")
    assert len(notice.text) < PREVIEW + 30
    nothing = notice_of({"type": "interruption", "turn": 1, "heard_ms": 0, "heard_text": ""}, Conversation())
    assert nothing is not None
    assert nothing.text == "interrupted before a word was heard"


def test_what_is_said_in_between_does_not_repeat_a_message() -> None:
    terminal = Terminal(30, 20)
    out = StringIO()
    screen = Screen(Canvas(out, lambda: Size(30, 20), Ink(coloured=False)))
    for text, status in (("One is here. ", "streaming"), ("One is here. Two.", "streaming")):
        screen.message(Message("a-1", "assistant", text, len(text), 1, status))
        screen.notice(Notice(f"noted {len(text)}"))
    screen.message(Message("a-1", "assistant", text, len(text), 1, "complete"))
    screen.finish()
    terminal.feed(out.getvalue().replace("\n", "\r\n"))
    assert terminal.text.splitlines() == ["One is here.", "", "noted 13", "", "Two.", "", "noted 17"]


async def test_of_a_turn_that_was_interrupted_nothing_more_is_heard() -> None:
    session = {"session_id": "s", "session_key": "SESSION-001"}
    async with Api(ClientSettings(f"http://127.0.0.1:{free_port()}")) as api:
        listening = Listening(api, session, OnlookerDesk(), Ears())
        for event in (*_sentence(0), *_sentence(1), _ready(0)):
            listening._take(event)
        assert listening._hearing.ahead == 1
        listening._hear_line("")
        assert listening._hearing.ahead == 0
        listening._take(_ready(1))
        assert listening._hearing.ahead == 0
        for event in (*_sentence(2, turn=2), _ready(2), *_sentence(3, turn=3), _ready(3)):
            listening._take(event)
        assert listening._hearing.ahead == 2
        listening._give_up_barge_in()
        listening._pause = None
        listening._take({"type": "interruption", "turn": 2, "heard_ms": 0, "heard_text": ""})
        assert listening._hearing.ahead == 1
        listening._take({"type": "interruption", "turn": 3, "heard_ms": 0, "heard_text": "", "replay": True})
        assert listening._hearing.ahead == 1
