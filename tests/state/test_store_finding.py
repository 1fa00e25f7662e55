"""What follows from what was found wrong with the store."""

from datetime import timedelta
from typing import Any, Final

from tests.state.builders import NOON
from workflows.contract.errors import StoreFault
from workflows.contract.events import EpochStarted, SpeechUnannounced
from workflows.contract.publication import LogEntry, Publication
from workflows.state.outbox import Outbox
from workflows.state.store_finding import StoreFinding

SILENT: Final = StoreFinding(StoreFault.AUDIO_LOST, 1)


def entry(kind: str, at: str = "noon", **fields: Any) -> LogEntry:
    return LogEntry(name=f"{kind}#{fields}", event={"type": kind, "at": at, **fields})


def announcement(index: int, at: str = "noon") -> LogEntry:
    return entry("speech.ready", at, sentence_index=index)


def publication(*entries: LogEntry) -> Publication:
    return Publication(session_id="s", tenant="t", epoch=1, base=0, entries=entries, revision=1)


def test_a_sentence_whose_audio_is_lost_is_taken_back() -> None:
    entries = (announcement(0), announcement(1), entry("turn.started"))
    found = SILENT.mended(publication(*entries), Outbox(entries=entries), [publication(entries[0])], NOON)
    assert found == (SpeechUnannounced(at=NOON, sentence_index=1),)


def test_what_another_publication_may_tell_after_all_takes_a_new_epoch() -> None:
    entries = (announcement(0), announcement(1))
    found = SILENT.mended(publication(*entries), Outbox(entries=entries), [publication(*entries)], NOON)
    assert found == (EpochStarted(at=NOON),)


def test_a_late_refusal_takes_nothing_back_that_was_announced_since() -> None:
    anew = (announcement(1, at="later"),)
    assert SILENT.mended(publication(announcement(1)), Outbox(entries=anew), [], NOON) == ()
    assert SILENT.mended(publication(announcement(1)), Outbox(), [], NOON) == ()


def test_a_lost_log_is_begun_anew_and_a_missing_transcript_is_told_again() -> None:
    late = NOON + timedelta(seconds=1)
    lost, missing = StoreFinding(StoreFault.EPOCH_LOST), StoreFinding(StoreFault.TRANSCRIPT_MISSING)
    assert lost.mended(publication(), Outbox(), [], late) == (EpochStarted(at=late),)
    assert missing.mended(publication(), Outbox(), [], late) == ()
