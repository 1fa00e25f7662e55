"""The profiles of spoken figures: what differs between them is what is measured."""

from pathlib import Path

from tests.spoken_session import NAME, PROFILE

_AGENTS = "agents: [{name: assistant, instructions: Be brief.}]"

SPOKEN = "bench-spoken"
"""Told and spoken, without phases."""
TOLD = "bench-told"
"""Told in sentences, past a filter that asks nobody."""
FILTERED = "bench-filtered"
"""The same, past rules and moderation."""

_PROFILES = {
    NAME: PROFILE,
    SPOKEN: f"name: {SPOKEN}\n{_AGENTS}\nspeech: {{at_once: 2}}\n",
    TOLD: f"name: {TOLD}\n{_AGENTS}\nsafety: {{moderation: false}}\n",
    FILTERED: f"""
name: {FILTERED}
{_AGENTS}
safety:
  moderation: true
  rules:
    - {{name: numbers, pattern: "[0-9]{{12,19}}"}}
    - {{name: addresses, pattern: "[a-z0-9]@[a-z0-9]{{1,20}}"}}
    - {{name: words, pattern: "(forbidden|banned|unspeakable) (word|thing)s?"}}
""",
}


def written(folder: Path) -> Path:
    """The profiles as files in `folder`; their folder."""
    profiles = folder / "profiles"
    profiles.mkdir()
    for name, text in _PROFILES.items():
        (profiles / f"{name}.yaml").write_text(text, "utf-8")
    return profiles
