"""What a turn's step asks of the model.

Owns the call: which messages, behind which stored response, with what instructions. The words of phases are
`cues`'; when a step is asked for is `next_step`'s.
"""

from typing import Final

from workflows.contract.model_call import ModelCall
from workflows.contract.profile import DEFAULT_EFFORT, Agent, CallMode, Effort
from workflows.state import cues
from workflows.state.session_state import SessionState
from workflows.state.turn import Turn

REASONING_MODELS: Final = ("gpt-5", "gpt-6", "o1", "o3", "o4", "perdure-")
"""Beginnings of the names of models that take a reasoning effort."""


def model_call(state: SessionState, turn: Turn) -> ModelCall:
    """What the turn's current step asks of the model."""
    choice, transcript = state.profile.model, state.transcript
    agent = state.profile.agent(turn.agent) or state.profile.agents[0]
    chain = None if choice.mode is CallMode.STATELESS else transcript.chains.get(turn.agent)
    return ModelCall(
        agent=turn.agent,
        instructions=_instructions(state, agent),
        model=state.model,
        mode=choice.mode,
        effort=_effort(state, turn),
        max_output_tokens=choice.max_output_tokens,
        previous_response_id=chain.response_id if chain else None,
        floor=transcript.first,
        seen_from=chain.upto if chain else transcript.first,
        seen_to=transcript.end,
        cue=_cue(state),
    )


def _instructions(state: SessionState, agent: Agent) -> str:
    if state.phase is None:
        return agent.instructions
    return cues.instructions(agent.instructions, state.profile.phases, state.plan, state.title)


def _cue(state: SessionState) -> str | None:
    if state.phase is None:
        return cues.GO_ON if _was_interrupted(state) else None
    return cues.cue(state.profile.phases, state.plan, state.title)


def _was_interrupted(state: SessionState) -> bool:
    """Whether the running turn goes on with an answer that was stopped for nothing."""
    if state.turn is None or state.turn.message_ids:
        return False
    said = [m for m in state.transcript.messages if m.agent == state.turn.agent]
    return bool(said) and said[-1].role == "assistant"


def _effort(state: SessionState, turn: Turn) -> Effort | None:
    takes_effort = state.profile.model.reasoning
    if takes_effort is None:
        takes_effort = state.model.startswith(REASONING_MODELS)
    return (turn.effort or DEFAULT_EFFORT) if takes_effort else None
