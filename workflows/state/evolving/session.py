"""What each event about a whole session makes of its state.

Owns that part of the fold; must not know turns.
"""

from datetime import datetime
from typing import Any, assert_never

from workflows.contract.base import unix_milliseconds
from workflows.contract.events import (
    CommandTaken,
    DoorClosed,
    EndDecided,
    EpochStarted,
    SessionEnded,
    SessionEndingSoon,
    SessionEvent,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    SessionStatusChanged,
    SessionUpdated,
    StoreDoubted,
)
from workflows.state.session_state import SessionState


def after_session_event(state: SessionState, event: SessionEvent) -> dict[str, Any]:
    """What changes of `state`."""
    match event:
        case SessionStarted() | StoreDoubted():
            return {}
        case SessionUpdated():
            changed = event.model_dump(include={"title"}) | {
                "metadata": event.metadata,
                "settings": event.settings,
                "limits": event.limits,
            }
            return changed | {
                "clocks": state.clocks.rearmed(state.limits, event.limits),
                "plan": state.plan.wishing(event.settings),
            }
        case SessionPaused():
            return {"clocks": state.clocks.pause(event.at)}
        case SessionResumed():
            return {"clocks": state.clocks.resume(event.at), "plan": state.plan.resumed()}
        case SessionStatusChanged():
            return {"status": event.new}
        case SessionEndingSoon():
            return {"clocks": state.clocks.warned(event.reason)}
        case EpochStarted():
            return {
                "epoch": max(state.epoch + 1, unix_milliseconds(event.at)),
                "speaking": state.speaking.forgotten(state.sentences, _heard(state, event.at)),
            }
        case EndDecided():
            return {} if state.ending else {"ending": event.reason}
        case DoorClosed():
            return {"door_closed": state.ending is not None}
        case SessionEnded():
            # The clocks stand still, so that the summary is the same whenever it is asked for.
            clocks = state.clocks.pause(event.at)
            over = {"ended": True, "ending": state.ending or event.reason}
            return over | {"clocks": clocks, "speaking": state.speaking.silenced()}
        case CommandTaken():
            return {"clocks": state.clocks.touched(event.at)} if event.by_person else {}
        case _:
            assert_never(event)


def _heard(state: SessionState, at: datetime) -> int:
    """Sentences that are behind who listens; of a running answer none, because it may be given anew."""
    place = state.talk.playback.place_at(at)
    return min(place.index if place else state.speaking.announced, state.sentences)
