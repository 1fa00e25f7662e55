"""Profiles that cannot work are refused when the API starts, in one line: where, what, and what to do."""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from api.profile_files import ProfileError, load_profiles
from api.profile_yaml import MAX_BYTES

HEAD = "name: p\nagents:\n  - name: a\n    instructions: Be brief.\n"
"""Four lines."""
PHASES = "; phases.0 takes name, instructions, sentences, wind_down_at, duration, transition"
PROFILE = (
    "; the profile takes name, description, agents, model, limits, settings, phases, speech, safety, language"
)
FIELDS = "it may name: phase, next_phase, sentences, pace, title"
SECONDS = "is wrong: a duration lies between 0.001 and 315360000 seconds"


def phase(words: str = "instructions: Go.", name: str = "one", sentences: str = "6", more: str = "") -> str:
    """Of four lines, or five with `more`."""
    lines = (
        f"  - name: {name}",
        f"    sentences: {sentences}",
        f"    {words}",
        f"    {more}" if more else "",
    )
    return "".join(f"{line}\n" for line in lines if line)


def guided(*phases: str) -> str:
    """A profile whose first phase has its name in line 6, its sentences in 7, its words in 8."""
    return f"{HEAD}phases:\n{''.join(phases)}"


def nested(levels: int, first: str, then: str) -> str:
    return f"x0: &x0 {first}\n" + "".join(
        f"x{level + 1}: &x{level + 1} {then.format(','.join([f'*x{level}'] * 10))}\n"
        for level in range(levels)
    )


MOST_SECONDS = 15
"""Nobody may keep a start waiting; machines that run tests are busy."""


def refusal(folder: Path, profile: str | bytes) -> str:
    """What is said of it, without the folder."""
    path = folder / "p.yaml"
    path.write_bytes(profile if isinstance(profile, bytes) else profile.encode())
    began = perf_counter()
    with pytest.raises(ProfileError) as caught:
        load_profiles(folder)
    assert perf_counter() - began < MOST_SECONDS
    return str(caught.value).replace(f"{folder}/", "")


def whole_number(field: str, line: int) -> str:
    return f"{line}: phases.0.{field} is wrong: Input should be a valid integer; correct it"


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        (phase(sentences="0"), "7: phases.0.sentences is wrong: Input should be greater than or equal to 1"),
        (phase(sentences="-1"), "7: phases.0.sentences is wrong: Input should be greater than or equal to 1"),
        (
            phase(sentences="1001"),
            "7: phases.0.sentences is wrong: Input should be less than or equal to 1000",
        ),
        (
            phase(sentences="1" + "0" * 400),
            "7: phases.0.sentences is wrong: Input should be less than or equal",
        ),
        (phase(sentences="1" + "0" * 5000), "7: is not YAML (Exceeds the limit (4300 digits) for integer"),
        (phase(sentences="2.5"), whole_number("sentences", 7)),
        (phase(sentences="'6'"), whole_number("sentences", 7)),
        (phase(sentences="yes"), whole_number("sentences", 7)),
        (phase(sentences="many"), whole_number("sentences", 7)),
        (phase(sentences=".nan"), whole_number("sentences", 7)),
        (phase(sentences=""), whole_number("sentences", 7)),
        (phase(more="wind_down_at: true"), whole_number("wind_down_at", 9)),
        (phase(more="wind_down_at: 0"), "9: phases.0.wind_down_at is wrong: Input should be greater"),
        (
            phase(more="wind_down_at: 7"),
            "6: phases.0 is wrong: wind_down_at 7 is behind the last of 6 sentences; lower it",
        ),
        (phase(more="duration: 0"), f"9: phases.0.duration {SECONDS}"),
        (phase(more="duration: -5"), f"9: phases.0.duration {SECONDS}"),
        (phase(more="duration: .nan"), f"9: phases.0.duration {SECONDS}"),
        (phase(more="duration: .inf"), f"9: phases.0.duration {SECONDS}"),
        (phase(more="duration: 5 min"), "9: phases.0.duration is wrong: a duration is a number of seconds"),
        (phase(more="duration: on"), "9: phases.0.duration is wrong: a duration is a number of seconds"),
        (phase(more="minutes: 4"), f"9: phases.0.minutes is no field{PHASES}"),
        (phase() + phase(), "5: phases is wrong: two of them have the same name 'one'; rename one"),
        (phase(name="two words"), "6: phases.0.name is wrong: String should match pattern"),
        (phase(name="off"), "6: phases.0.name is no text; put it in quotes"),
        ("  - settling\n", f"6: phases.0 is no mapping{PHASES}"),
        (
            "".join(phase(name=f"n{n}") for n in range(101)),
            "5: phases is wrong: Tuple should have at most 100",
        ),
    ],
)
def test_an_impossible_plan_is_refused(tmp_path: Path, profile: str, told: str) -> None:
    assert refusal(tmp_path, guided(profile)).startswith(f"p.yaml:{told}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{foo}", f"knows no ['foo']; {FIELDS}"),
        ("{}", f"knows no ['']; {FIELDS}"),
        ("{0}", f"knows no ['0']; {FIELDS}"),
        ("{phase.name}", f"knows no ['phase.name']; {FIELDS}"),
        ("{phase[0]}", f"knows no ['phase[0]']; {FIELDS}"),
        ("{ phase }", f"knows no [' phase ']; {FIELDS}"),
        ("{phase!r}", "takes no format for 'phase'; write {phase}"),
        ("{phase!x}", "takes no format for 'phase'; write {phase}"),
        ("{sentences:d}", "takes no format for 'sentences'; write {sentences}"),
        ("{phase:>1000000000}", "takes no format for 'phase'; write {phase}"),
        ("{phase:{foo}}", "takes no format for 'phase'; write {phase}"),
    ],
)
@pytest.mark.parametrize("field", ["instructions", "transition"])
def test_a_template_that_cannot_be_filled_is_refused(
    tmp_path: Path, words: str, told: str, field: str
) -> None:
    if field == "instructions":
        line, told_phase = 8, phase(f'instructions: "Go {words}."')
    else:
        line, told_phase = 9, phase(more=f'transition: "Go {words}."')
    assert (
        refusal(tmp_path, guided(told_phase))
        == f"p.yaml:{line}: phases.0.{field} is wrong: a template {told}"
    )


@pytest.mark.parametrize("words", ["{ there", "} there", "{phase", "{phase!}"])
def test_braces_that_do_not_match_are_refused(tmp_path: Path, words: str) -> None:
    told = refusal(tmp_path, guided(phase(f'instructions: "Go {words}"')))
    assert told.startswith(
        "p.yaml:8: phases.0.instructions is wrong: the braces of the template do not match"
    )
    assert told.endswith("write {{ for one")


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("phases: []", "phases is empty; name a phase, or leave phases out"),
        ("phases:", "phases is no list; begin each of its items with - on a line of its own"),
        ("settings: effort", "settings is no list; begin each of its items with - on a line of its own"),
        (
            "settings: [effort, volume]",
            (
                "settings is wrong: unknown settings ['volume']; "
                "known: ['effort', 'extend_phase', 'pace', 'skip_phase']"
            ),
        ),
        ("colour: red", f"colour is no field{PROFILE}"),
        (
            "limits: {idle: 4}",
            "limits.idle is no field; limits takes idle_timeout, max_duration, max_messages",
        ),
        (
            "limits: {max_messages: true}",
            "limits.max_messages is wrong: Input should be a valid integer; correct it",
        ),
        (
            "model: {mode: fast}",
            "model.mode is wrong: Input should be 'background', 'plain' or 'stateless'; correct it",
        ),
        ("description: 5", "description is no text; put it in quotes"),
        (
            "speech: {speed: 0}",
            "speech.speed is wrong: Input should be greater than or equal to 0.25; correct it",
        ),
        (
            "speech: {speed: .nan}",
            "speech.speed is wrong: Input should be less than or equal to 4; correct it",
        ),
        ("speech: {speed: true}", "speech.speed is wrong: Input should be a valid number; correct it"),
        (
            "speech: {at_once: 0}",
            "speech.at_once is wrong: Input should be greater than or equal to 1; correct it",
        ),
        (
            "speech: {at_once: 99}",
            "speech.at_once is wrong: Input should be less than or equal to 8; correct it",
        ),
        ("speech: {voice: ' '}", "speech.voice is blank; write something, or leave it out"),
        ("speech: true", "speech is no mapping; speech takes model, voice, speed, at_once"),
        ("language: xx", "language is wrong: 'xx' is no ISO 639 code; write one, such as en"),
        ("language: no", "language is no text; put it in quotes"),
        ("language: english", "language is wrong: String should match pattern '^[a-z]{2,3}$'; correct it"),
        (
            "safety: {rules: [{name: r, pattern: '('}]}",
            (
                "safety.rules.0.pattern is wrong: '(' is no regular expression "
                "(missing ), unterminated subpattern at position 0); correct it"
            ),
        ),
        (
            "safety: {rules: [{name: r, pattern: (a+)+b}]}",
            (
                "safety.rules.0.pattern is wrong: '(a+)+b' can take too long; give its repeats an end, "
                "such as {0,20} instead of *, and put none inside another"
            ),
        ),
        (
            "safety: {rules: [{name: r, pattern: aside}]}",
            "safety is wrong: the replacement is what rule 'r' flags; word it otherwise",
        ),
        ("safety: {strikes: yes}", "safety.strikes is wrong: Input should be a valid integer; correct it"),
        ("safety: {timeout: 0}", f"safety.timeout {SECONDS}"),
        ("7: x", "7 is wrong: Keys should be strings; correct it"),
    ],
)
def test_an_impossible_field_is_refused(tmp_path: Path, profile: str, told: str) -> None:
    line = 1 if profile.startswith("7") else 5
    assert refusal(tmp_path, f"{HEAD}{profile}\n") == f"p.yaml:{line}: {told}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('""', "is wrong: String should have at least 1 character; correct it"),
        ('" \\n\\t"', "is blank; write something, or leave it out"),
        ('"a\\0b"', "holds a control character; take it away"),
        ('"a\\e[31mb"', "holds a control character; take it away"),
        ("{phase}", "is no text; put it in quotes"),
        (f'"{"a" * 20_001}"', "is wrong: String should have at most 20000 characters; correct it"),
    ],
)
def test_words_that_say_nothing_are_refused(tmp_path: Path, words: str, told: str) -> None:
    of_phase = guided(phase(f"instructions: {words}"))
    assert refusal(tmp_path, of_phase) == f"p.yaml:8: phases.0.instructions {told}"
    of_agent = HEAD.replace("Be brief.", words)
    assert refusal(tmp_path, of_agent) == f"p.yaml:4: agents.0.instructions {told}"


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("", f"1: the profile is no mapping{PROFILE}"),
        ("# nothing\n", f"1: the profile is no mapping{PROFILE}"),
        ("- a\n- b\n", f"1: the profile is no mapping{PROFILE}"),
        ("hello\n", f"1: the profile is no mapping{PROFILE}"),
        (f"{HEAD}---\n{HEAD}", "5: is not YAML (but found another document); correct it"),
        (
            "name: p\nagents:\n\t- name: a\n",
            "3: is not YAML (found character '\\t' that cannot start any token); correct it",
        ),
        (
            f"{HEAD}limits: {{}}\nlimits: {{idle_timeout: 5}}\n",
            "6: limits stands here again, after line 5; take one of them away",
        ),
        (
            HEAD + "limits: {idle_timeout: 5, idle_timeout: 6}\n",
            "5: idle_timeout stands here again, after line 5; take one of them away",
        ),
        (
            "name: p\nagents:\n  - name: a\n    name: b\n",
            "4: name stands here again, after line 3; take one of them away",
        ),
        (HEAD + "description: 2026-13-45\n", "5: is not YAML (month must be in 1..12); correct it"),
        (HEAD + "description: *nowhere\n", "5: is not YAML (found undefined alias 'nowhere'); correct it"),
        (
            HEAD + "description: !mine x\n",
            "5: is not YAML (could not determine a constructor for the tag '!mine')",
        ),
        (
            HEAD + "description: !!python/object/apply:os.system [true]\n",
            "5: is not YAML (could not determine a constructor",
        ),
        ("? [a]\n: b\n", "1: is not YAML (found unhashable key); correct it"),
        ("name: p\x01\n", "1: is not YAML (unacceptable character #x0001"),
        (nested(8, "[x,x,x]", "[{}]") + HEAD, "1: is too large: "),
        (nested(8, "{a: 1}", "{{<<: [{}]}}") + HEAD, "1: is too large: "),
        (HEAD + f"description: {'a' * MAX_BYTES}\n", "1: is too large: "),
        ("name: p\nagents: &a [*a]\n", "2: holds a reference to itself; write it out"),
        ("&a {<<: *a, name: p}\n", "1: holds a reference to itself; write it out"),
        (f"name: p\nagents: {'[' * 3000}{']' * 3000}\n", "1: is nested too deeply; write it flatter"),
        (
            HEAD.replace("brief", "caf\xe9").encode("latin-1"),
            "1: cannot be read (it is not UTF-8); correct it",
        ),
        (HEAD.encode("utf-16"), "1: cannot be read (it is not UTF-8); correct it, or take it away"),
    ],
)
def test_a_file_that_holds_no_profile_is_refused(tmp_path: Path, profile: str | bytes, told: str) -> None:
    assert refusal(tmp_path, profile).startswith(f"p.yaml:{told}")


def test_of_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    told = refusal(tmp_path, guided(*(phase(sentences="0", name=f"n{n}") for n in range(50))))
    assert [line.split(" is ")[0] for line in told.splitlines()] == [
        f"p.yaml:{7 + 3 * n}: phases.{n}.sentences" for n in range(10)
    ]


SHARED = """
name: p
agents: [{name: a, instructions: &words "Speak with {{two}} braces {phase}, {next_phase}, {title}."}]
language: "no"
speech: &voice {speed: 2}
phases:
  - &first {name: one, sentences: 6, wind_down_at: 6, duration: 0.5, instructions: *words}
  - {<<: *first, name: two, duration: 1:30}
"""


def test_what_is_unusual_and_possible_is_taken(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"\ufeff{SHARED}", "utf-8")
    profile = load_profiles(tmp_path)["p"]
    assert [(p.name, p.sentences, p.duration and p.duration.total_seconds()) for p in profile.phases] == [
        ("one", 6, 0.5),
        ("two", 6, 90),
    ]
    assert profile.speech is not None
    assert profile.speech.speed == 2


def test_a_mistake_in_what_was_merged_has_its_own_line(tmp_path: Path) -> None:
    told = refusal(tmp_path, SHARED.replace("name: two", "name: two, sentences: 0"))
    assert told.startswith("p.yaml:8: phases.1.sentences is wrong")
    (tmp_path / "p.yaml").unlink()
    told = refusal(tmp_path, SHARED.replace("sentences: 6", "sentences: 0"))
    assert told.startswith("p.yaml:7: phases.0.sentences is wrong")


def test_the_api_does_not_start_with_it(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(guided(phase(sentences="0")))
    env = {"PERDURE_PROFILES": str(tmp_path), "PERDURE_SECRET": "x" * 32, "PYTHONPATH": str(Path.cwd())}
    argv = [sys.executable, "-m", "workers", "api", "--port", "0"]
    ended = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=30)
    why = "phases.0.sentences is wrong: Input should be greater than or equal to 1; correct it"
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"{path}:7: {why}"
    assert "Traceback" not in ended.stdout + ended.stderr
