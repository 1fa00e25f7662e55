"""Who transcribes, as the environment says."""

import pytest

from api.options import ApiOptions
from workers.api_process import api_options
from workers.settings import UNUSED_KEY, ApiSettings, TranscriptionSettings, read

URLS = ("OPENAI_TRANSCRIPTION_BASE_URL", "OPENAI_SPEECH_BASE_URL", "OPENAI_BASE_URL")
KEYS = ("OPENAI_TRANSCRIPTION_API_KEY", "OPENAI_SPEECH_API_KEY", "OPENAI_API_KEY")
MODEL = "PERDURE_TRANSCRIPTION_MODEL"


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*URLS, *KEYS, MODEL):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PERDURE_SECRET", "a secret")


def options() -> ApiOptions:
    return api_options(read(ApiSettings), "127.0.0.1")


def test_without_a_word_nobody_transcribes() -> None:
    settings = read(TranscriptionSettings)
    assert (settings.base_url, settings.api_key, settings.model) == (None, UNUSED_KEY, None)
    assert not options().transcribes


def test_an_empty_word_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODEL, "")
    assert read(TranscriptionSettings).model is None
    assert not options().transcribes


def test_a_model_makes_worker_and_api_transcribe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODEL, "ears")
    assert read(TranscriptionSettings).model == "ears"
    assert options().transcribes


@pytest.mark.parametrize("first", range(3))
def test_transcripts_come_from_their_own_provider_the_voices_or_the_models(
    monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    for place, (url, key) in enumerate(zip(URLS, KEYS, strict=True)):
        monkeypatch.setenv(url, f"http://{place}/v1" if place >= first else "")
        monkeypatch.setenv(key, f"key {place}" if place >= first else "")
    settings = read(TranscriptionSettings)
    assert (settings.base_url, settings.api_key) == (f"http://{first}/v1", f"key {first}")
