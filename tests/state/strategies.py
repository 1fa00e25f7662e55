"""Anything that may be asked of a session, and any way in which a step may end.

Owns the draws; few ids, agents and limits, so that everything meets everything.
"""

from typing import Any, Final

from hypothesis import strategies as st

from tests.state.builders import complete, failure, kept, message, terminal, update
from tests.state.shell import Attempt, Shell, StepEnd, Vanished
from workflows.contract.commands import (
    MAX_CONTENT,
    BargeIn,
    Cancel,
    Close,
    Command,
    Listening,
    Malformed,
    Pause,
    Playback,
    Resume,
    SendRecording,
    StopTurn,
    WithdrawMessage,
)
from workflows.contract.errors import FailureKind, StoreFault
from workflows.contract.profile import SettingsPatch
from workflows.contract.session import Delivery, EndReason
from workflows.contract.transcription import Transcript
from workflows.contract.voice import PlaybackState
from workflows.state.steps import CallModel, SettleAnswer

AGENTS: Final = ("guide", "critic")
IDS: Final = tuple(f"m{number}" for number in range(12))

ids = st.sampled_from(IDS)
moments = st.sampled_from([0.0, 0.001, 1.0, 5.0, 30.0, 250.0, 1_000.0])

limits: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "idle_timeout": st.sampled_from([None, 0.01, 10, 300]),
        "max_duration": st.sampled_from([None, 0.01, 60, 1_000]),
        "max_messages": st.sampled_from([None, 1, 2, 5]),
    },
)

messages = st.builds(
    message,
    ids,
    st.sampled_from(Delivery),
    agent=st.sampled_from([None, None, *AGENTS, "nobody"]),
    content=st.sampled_from(["x", "\u2028 😀 \x00", "é" * 300]),
    settings=st.sampled_from([{}, {"effort": "low"}]),
)

recordings = st.builds(
    SendRecording,
    message_id=ids,
    audio_id=st.sampled_from(["r1", "r2"]),
    agent=st.sampled_from([None, None, *AGENTS, "nobody"]),
    delivery=st.sampled_from(Delivery),
    settings=st.sampled_from([{}, {"effort": "low"}]).map(SettingsPatch.model_validate),
)

transcripts = st.sampled_from(
    [
        Transcript(text="It rains."),
        Transcript(text="é" * 300),
        Transcript(text="x" * (MAX_CONTENT + 1)),
        Transcript(),
        Transcript(failure=FailureKind.AUTHENTICATION),
    ]
)

updates = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from([None, "T", "U"]),
        "metadata": st.sampled_from([{"a": 1}, {"a": None, "b": [1.5]}]),
        "limits": limits,
        "settings": st.sampled_from([{"effort": None}, {"effort": "max"}]),
        "write_id": st.sampled_from(["w1", "w2"]),
    },
).map(lambda changes: update(**changes))

malformed = st.builds(
    Malformed,
    about=st.sampled_from(["send_message", "send_recording", "pause"]),
    message_id=ids,
    problem=st.just("no"),
)

heard = st.one_of(
    st.builds(Listening, on=st.booleans()),
    st.builds(
        Playback,
        turn=st.integers(1, 3),
        sentence_index=st.integers(0, 6),
        played_ms=st.sampled_from([0, 400, 5_000]),
        state=st.sampled_from(PlaybackState),
    ),
    st.builds(BargeIn, turn=st.integers(1, 3)),
    st.builds(
        BargeIn,
        turn=st.integers(1, 3),
        sentence_index=st.integers(0, 6),
        played_ms=st.sampled_from([0, 400, 5_000]),
    ),
    st.just(BargeIn(resume=True)),
)

harmless: st.SearchStrategy[Command] = st.one_of(
    messages,
    messages,
    messages,
    recordings,
    recordings,
    st.builds(WithdrawMessage, message_id=ids),
    st.builds(StopTurn, turn=st.sampled_from([None, None, 1, 2])),
    st.just(Pause()),
    st.just(Resume()),
    updates,
    malformed,
    heard,
)
"""Commands that end nothing."""

commands: st.SearchStrategy[Command] = st.one_of(
    *[harmless] * 9,
    st.builds(Close, reason=st.sampled_from(EndReason)) | st.just(Cancel()),
)


def writes_to(attempt: Attempt, shell: Shell) -> bool:
    """Whether `attempt` and the store agree on the log that is written, the old one or a new one."""
    if not attempt.begun or shell.store.epoch != shell.state.epoch:
        return False
    return not attempt.lost or shell.store.epoch > attempt.riding.epoch


def may_say_its_last_word(shell: Shell) -> bool:
    """Whether an answer can be complete now."""
    attempt = shell.attempt
    is_call = attempt is not None and isinstance(attempt.step, CallModel)
    return attempt is not None and is_call and writes_to(attempt, shell) and not shell.store_is_away


def step_ends(attempt: Attempt, shell: Shell) -> st.SearchStrategy[StepEnd]:
    """How `attempt` may end."""
    if not writes_to(attempt, shell):
        refused = attempt.refused.fault if attempt.refused else StoreFault.EPOCH_LOST
        return st.sampled_from([refused, Vanished()])
    if said := shell.last_words.get(attempt.name):
        return st.just(said)
    # Whether what is announced can be heard is found out before anything else.
    faults: st.SearchStrategy[StepEnd] = st.sampled_from(
        [StoreFault.EPOCH_LOST, StoreFault.TRANSCRIPT_MISSING, Vanished()]
    )
    if isinstance(attempt.step, SettleAnswer):
        kept_text = st.sampled_from([kept("", attempt.step.status), kept("Hel", attempt.step.status)])
        return kept_text | kept_text | faults | st.just(complete())
    return st.one_of(
        st.sampled_from([complete(), complete("y" * 700), complete("", None)]),
        st.sampled_from([kept(""), kept("Hel")]),
        st.sampled_from([failure(), failure(shown=3), failure(retry_after=20)]),
        st.sampled_from([terminal(), terminal(shown=3)]),
        faults,
    )
