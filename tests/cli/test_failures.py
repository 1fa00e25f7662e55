"""Every way to fail: its exit code, and one line that says what to do."""

import pytest

from api.cli.program import typed
from tests.cli.conftest import Shell
from tests.ports import free_port

ONE_SESSION = (
    ("show", "SESSION-999"),
    ("send", "SESSION-999", "hello"),
    ("send", "SESSION-999", "hello", "--no-wait"),
    ("watch", "SESSION-999"),
    ("watch", "SESSION-999", "--json"),
    ("stop", "SESSION-999"),
    ("close", "SESSION-999"),
    ("title", "SESSION-999", "A walk"),
    ("chat", "--session", "SESSION-999"),
)


def _one_line(text: str) -> str:
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text.removesuffix("\n")


@pytest.mark.parametrize("command", ONE_SESSION, ids=" ".join)
def test_no_such_session(shell: Shell, command: tuple[str, ...]) -> None:
    done = shell.run(*command)
    assert (done.exit_code, done.stdout) == (1, "")
    assert _one_line(done.stderr).startswith("There is no such session")


@pytest.mark.parametrize("command", [("sessions",), ("chat",), *ONE_SESSION], ids=" ".join)
def test_nobody_answers(shell: Shell, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.client.PATIENCE_SECONDS", 0.1)
    url = f"http://127.0.0.1:{free_port()}"
    done = shell.run(*command, PERDURE_URL=url)
    assert (done.exit_code, done.stdout) == (3, "")
    assert _one_line(done.stderr) == (
        f"Nobody answers at {url}: start Perdure with `{typed('up')}`, or set PERDURE_URL."
    )


@pytest.mark.parametrize("command", [("sessions",), ("chat",), ONE_SESSION[0]], ids=" ".join)
def test_a_wrong_token(shell: Shell, command: tuple[str, ...]) -> None:
    done = shell.run(*command, PERDURE_TOKEN="not.a.token")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "PERDURE_TOKEN" in _one_line(done.stderr)


@pytest.mark.parametrize("command", ["send", "title", "chat"])
def test_a_closed_session(shell: Shell, command: str) -> None:
    key = shell.session()["session_key"]
    shell.run("close", key)
    done = shell.run(*(("chat", "--session", key) if command == "chat" else (command, key, "hello")))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "over" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("show", "../sessions"),
        ("show", ""),
        ("send", "1"),
        ("send", "1", " "),
        ("send", "1", ""),
        ("title", "1", ""),
        ("title", "1", "x" * 201),
        ("send", "1", "hello", "--delivery", "pigeon"),
        ("sessions", "--status", "asleep"),
        ("sessions", "--status", "idle", "--all"),
        ("sessions", "--limit", "0"),
        ("chat", "--profile", "chat", "--session", "1"),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_wrong_usage(shell: Shell, command: tuple[str, ...]) -> None:
    done = shell.run(*command)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.strip()


@pytest.mark.parametrize(
    "env", [{"PERDURE_URL": "nonsense"}, {"PERDURE_URL": "http://h:port"}, {"PERDURE_TOKEN": "a b"}]
)
def test_wrong_settings(shell: Shell, env: dict[str, str]) -> None:
    done = shell.run("sessions", **env)
    assert (done.exit_code, done.stdout) == (2, "")
    assert _one_line(done.stderr).startswith(next(iter(env)))


def test_a_refusal_names_the_field(shell: Shell) -> None:
    key = shell.session()["session_key"]
    done = shell.run("send", key, "-", stdin="x" * 32_769)
    assert done.exit_code == 1
    assert "content" in _one_line(done.stderr)
    assert "32768" in done.stderr


def test_a_title_that_is_none_is_told_in_our_words(shell: Shell) -> None:
    done = shell.run("title", "1", "")
    assert _one_line(done.stderr) == "Give a title of 1 to 200 characters."


def test_our_own_words_stand_alone(shell: Shell) -> None:
    done = shell.spawn("api", "--port", "0", PERDURE_API_KEYS="nonsense")
    assert done.returncode == 1
    assert _one_line(done.stderr).startswith("PERDURE_API_KEYS: write tenant:key")
    answer = shell.http.post(f"{shell.system.api_url}/v1/sessions", json={"limits": {"idle_timeout": 0}})
    assert answer.json()["errors"][0]["message"].startswith("a duration lies between")


def test_no_such_profile(shell: Shell) -> None:
    done = shell.run("chat", "--profile", "nonsense")
    assert done.exit_code == 1
    assert _one_line(done.stderr) == "No such profile; there are: chat, guided, voice."


def test_something_else_answers(shell: Shell) -> None:
    done = shell.run("sessions", PERDURE_URL=shell.system.ui_url)
    assert done.exit_code == 3
    assert _one_line(done.stderr).endswith("is not Perdure's API: check PERDURE_URL.")


def test_a_failure_of_a_process_has_no_traceback(shell: Shell) -> None:
    done = shell.spawn("show", "SESSION-999")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
