"""Whoever dies in the middle of an answer: one copy of every word stands on the screen."""

import pytest

from tests.cli.conftest import SLOWLY, Shell
from tests.cli.person import Person

COUNTED = ", ".join(map(str, range(1, 121))) + "."


def _asks(shell: Shell, person: Person) -> None:
    shell.script(SLOWLY)
    person.sees("/help")
    person.says("count to 120")
    person.sees("18, 19, 20")


def _holds_one_copy(person: Person) -> None:
    person.sees("119, 120.")
    assert person.screen.words.count(COUNTED) == 1
    assert person.screen.words.count("count to 120") == 1
    assert "reconnecting" not in person.screen.words


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_api_killed(shell: Shell, term: str) -> None:
    with shell.at_terminal("chat", columns=200, TERM=term) as person:
        _asks(shell, person)
        shell.system.parts["api"].kill()
        person.sees("reconnecting…")
        shell.system.restart("api")
        person.sees("119, 120.")
        everything = "".join(line for line in person.screen.lines if "connect" not in line)
        assert everything.replace(" ", "").count(COUNTED.replace(" ", "")) == 1
        assert person.screen.words.count("reconnecting") == (term == "dumb")


def test_worker_killed_while_the_person_types(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        _asks(shell, person)
        shell.system.parts["worker"].kill()
        person.types("What is my name?")
        person.sees("waiting for the model…")
        shell.system.restart("worker")
        _holds_one_copy(person)
        person.types("\r")
        person.sees("You have not told me your name yet.")


def test_a_message_that_nobody_could_take_is_taken_later_and_once(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.watches(0.3)
        shell.system.parts["api"].kill()
        person.sees("reconnecting…")
        person.says("My name is Ada")
        person.watches(0.5)
        shell.system.restart("api")
        person.sees("Nice to meet you, Ada.")
        person.says("How many messages have I sent?")
        person.sees("You have written 2 messages")
        assert person.screen.words.count("My name is Ada") == 1
