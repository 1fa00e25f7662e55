"""The whole state of a session.

Owns what is remembered; how events change it is in `evolve`, which events follow from what in `decide`,
`settle` and `next_step`.
"""

from typing import Final

from pydantic import JsonValue

from workflows.contract.base import Elapsed, Timestamp, Value, unix_milliseconds
from workflows.contract.phases import Phase
from workflows.contract.profile import Effort, Limits, Profile, Settings
from workflows.contract.session import EndReason, Status, Usage
from workflows.contract.start import RetrySchedule, SessionStart
from workflows.state.clocks import Clocks
from workflows.state.plan import Plan
from workflows.state.queue import Queue
from workflows.state.recordings import Recordings
from workflows.state.speaking import Speaking
from workflows.state.talk import Talk
from workflows.state.transcript import Transcript
from workflows.state.turn import Turn

SCHEMA_VERSION: Final = 1
REMEMBERED_IDS: Final = 1000


class SessionState(Value):
    """Everything that decides what a session does next."""

    schema_version: int = SCHEMA_VERSION
    session_id: str
    session_key: str
    tenant: str
    user_id: str | None
    epoch: int
    """Names the life of the session's event log: milliseconds since 1970, growing."""
    profile: Profile
    model: str
    retries: RetrySchedule
    title: str | None
    metadata: dict[str, JsonValue]
    limits: Limits
    settings: Settings
    created_at: Timestamp
    updated_at: Timestamp
    clocks: Clocks
    status: Status = Status.IDLE
    """As last announced to clients."""
    queue: Queue = Queue()
    recordings: Recordings = Recordings()
    turn: Turn | None = None
    turns: int = 0
    last_turn: Elapsed | None = None
    """How long the last turn took."""
    message_count: int = 0
    seen: tuple[str, ...] = ()
    """Ids of the last accepted messages: sent again, they are the same message."""
    transcript: Transcript = Transcript()
    usage: Usage = Usage()
    plan: Plan = Plan()
    sentences: int = 0
    """Told and settled."""
    speaking: Speaking = Speaking()
    talk: Talk = Talk()
    strikes: int = 0
    """Sentences that the safety filter did not let through as they were."""
    ending: EndReason | None = None
    """Decided; becomes the end as soon as nothing is left to say."""
    door_closed: bool = False
    ended: bool = False
    revision: int = 0
    """Grows with every event and with time: a repeated workflow task is newer than the one that was lost."""

    @classmethod
    def born(cls, start: SessionStart, at: Timestamp) -> "SessionState":
        """A session whose workflow starts at `at`."""
        return cls(
            session_id=start.session_id,
            session_key=start.session_key,
            tenant=start.tenant,
            user_id=start.user_id,
            epoch=unix_milliseconds(at),
            profile=start.profile,
            model=start.profile.model.name or start.model,
            retries=start.retries,
            title=start.title,
            metadata=start.metadata,
            limits=start.limits,
            settings=start.settings,
            created_at=start.created_at,
            updated_at=start.created_at,
            clocks=Clocks(started_at=at, last_activity_at=at),
            plan=Plan().wishing(start.settings),
        )

    @property
    def current_status(self) -> Status:
        """What clients should be told the session is doing."""
        if self.ended:
            return Status.CLOSED
        if self.turn is not None:
            return Status.ACTIVE
        return Status.PAUSED if self.clocks.paused else Status.IDLE

    @property
    def busy(self) -> bool:
        """Whether the session does not wait for the person, so that the idle clock stands still."""
        at_work = self.turn is not None or bool(self.recordings.waiting)
        is_talked_with = self.speaking.pending or not self.talk.waits
        return at_work or (self.profile.speech is not None and is_talked_with)

    @property
    def speaks_after_history(self) -> bool:
        """Whether what is published now must be in history first, because it could still turn out otherwise.

        A workflow task that is lost after it published is repeated with the signals that came meanwhile, and
        those go first: a resumption may then precede the turn's end that was followed by a pause.
        """
        return self.ended or self.clocks.paused

    @property
    def messages_left(self) -> int | None:
        """User messages that the limit still allows; None without a limit."""
        if self.limits.max_messages is None:
            return None
        return max(self.limits.max_messages - self.message_count, 0)

    @property
    def phase(self) -> Phase | None:
        """The phase that runs, of a guided session."""
        return self.plan.phase(self.profile.phases)

    def effort_for(self, message: Settings) -> Effort | None:
        """The effort of a turn that a message with these settings starts; None: the default."""
        return message.effort or self.settings.effort or self.profile.model.effort
