"""Where voices are, as the environment says."""

import pytest

from workers.settings import UNUSED_KEY, SpeechSettings, read

NAMES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_SPEECH_API_KEY", "OPENAI_SPEECH_BASE_URL")


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "PERDURE_SPEECH_MODEL", "PERDURE_SPEECH_VOICE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_there_are_defaults() -> None:
    settings = read(SpeechSettings)
    assert (settings.base_url, settings.api_key) == (None, UNUSED_KEY)
    assert (settings.model, settings.voice) == ("gpt-4o-mini-tts", "alloy")


@pytest.mark.parametrize("silence", [None, ""])
def test_voices_are_where_the_model_is(monkeypatch: pytest.MonkeyPatch, silence: str | None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the model's")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://model/v1")
    if silence is not None:
        monkeypatch.setenv("OPENAI_SPEECH_API_KEY", silence)
        monkeypatch.setenv("OPENAI_SPEECH_BASE_URL", silence)
    settings = read(SpeechSettings)
    assert (settings.base_url, settings.api_key) == ("http://model/v1", "the model's")


def test_voices_may_be_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, f"http://{name}/v1")
    monkeypatch.setenv("PERDURE_SPEECH_MODEL", "tones")
    monkeypatch.setenv("PERDURE_SPEECH_VOICE", "sine")
    settings = read(SpeechSettings)
    assert settings.base_url == "http://OPENAI_SPEECH_BASE_URL/v1"
    assert settings.api_key == "http://OPENAI_SPEECH_API_KEY/v1"
    assert (settings.model, settings.voice) == ("tones", "sine")
