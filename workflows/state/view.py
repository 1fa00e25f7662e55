"""The session as clients see it, and as an operator reads it.

Owns the way from state to session object and Markdown card; must not decide anything.
"""

from datetime import datetime

from workflows.contract.base import rfc3339
from workflows.contract.session import SessionView, Usage, workflow_id
from workflows.state.session_state import SessionState

EXCERPT = 500


def session_view(state: SessionState, now: datetime) -> SessionView:
    """The session object as of `now`."""
    busy, over = state.busy, state.ending is not None
    clocks = state.clocks
    return SessionView(
        session_id=state.session_id,
        session_key=state.session_key,
        profile=state.profile.name,
        title=state.title,
        user_id=state.user_id,
        status=state.current_status,
        end_reason=state.ending if state.ended else None,
        phase=state.plan.view(state.profile.phases),
        voice_state=state.talk.state if state.profile.speech else None,
        limits=state.limits,
        message_count=state.message_count,
        queued=len(state.queue),
        queue=tuple(message.view() for message in state.queue.waiting),
        turn=state.turn.view() if state.turn else None,
        usage=state.usage,
        created_at=state.created_at,
        updated_at=state.updated_at,
        last_activity_at=clocks.last_activity_at,
        idle_at=None if over else clocks.idle_at(state.limits, busy=busy),
        ends_at=None if over else clocks.ends_at(state.limits),
        active_seconds=clocks.active(now),
        metadata=state.metadata,
        settings=state.profile.shown(state.settings),
        workflow_id=workflow_id(state.session_id),
    )


def card(state: SessionState, now: datetime) -> str:
    """A Markdown card: title, status, turn, clocks, the last exchange."""
    view = session_view(state, now)
    lines = [
        f"### {_one_line(view.title or view.session_key)}",
        f"**{view.session_key}** · profile `{view.profile}` · **{view.status}**{_turn_words(state)}",
        "",
        f"- messages {view.message_count}, waiting {view.queued}",
        f"- active for {round(view.active_seconds.total_seconds())} s",
        f"- tokens {_tokens(view.usage)}",
    ]
    lines += _phase_words(state) + _voice_words(state)
    lines += [f"- idle timeout at {rfc3339(view.idle_at)}"] if view.idle_at else []
    lines += [f"- ends at {rfc3339(view.ends_at)}"] if view.ends_at else []
    lines += [f"- ended: {view.end_reason}"] if view.end_reason else []
    return "\n".join(lines + _last_exchange(state))


def _turn_words(state: SessionState) -> str:
    if state.turn is None:
        return f" · {state.turns} turns"
    turn = state.turn
    return f" · turn {turn.number} · {turn.agent} · step {turn.step} · attempt {max(turn.attempt, 1)}"


def _phase_words(state: SessionState) -> list[str]:
    phase = state.phase
    if phase is None:
        return []
    plan, of = state.plan, len(state.profile.phases)
    words = f"- phase {plan.index + 1} of {of}: **{phase.name}**"
    return [f"{words}, {plan.said} of {plan.budget(phase)} sentences, {plan.part.replace('_', ' ')}"]


def _voice_words(state: SessionState) -> list[str]:
    if state.profile.speech is None:
        return []
    speaking, talk = state.speaking, state.talk
    spoken = f"{speaking.announced} of {speaking.told} sentences spoken"
    words = f"- voice: **{talk.state.replace('_', ' ')}**, {spoken}"
    refused = f"- refused {talk.refused}, last {_one_line(talk.last_refusal)}"
    return [words, refused] if talk.refused else [words]


def _tokens(usage: Usage) -> str:
    return f"in {usage.input_tokens} (cached {usage.cached_tokens}), out {usage.output_tokens}"


def _last_exchange(state: SessionState) -> list[str]:
    last = state.transcript.messages[-2:]
    return [
        f"\n**{_one_line(m.agent if m.role == 'assistant' else 'user')}**\n\n{_quoted(m.content)}"
        for m in last
    ]


def _quoted(text: str) -> str:
    excerpt = text if len(text) <= EXCERPT else text[:EXCERPT] + " …"
    return "\n".join(f"> {line}" for line in excerpt.splitlines() or [""])


def _one_line(text: str) -> str:
    return " ".join(text.split())
