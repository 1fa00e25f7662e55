"""Whoever dies in the middle of an answer: one copy of every word stands on the screen."""

from tests.cli.conftest import Shell
from tests.cli.person import ENTER, Person

COUNTED = ", ".join(map(str, range(1, 121))) + "."


def _asks(shell: Shell, person: Person) -> None:
    shell.script({"tokens_per_second": 150})
    person.sees("/help")
    person.says("My name is Ada. Count to 120.")
    person.sees("18, 19, 20")


def _holds_one_copy(person: Person) -> None:
    person.sees("119, 120.")
    assert person.screen.words.count(COUNTED) == 1
    assert person.screen.words.count("Count to 120.") == 1


def test_api_killed_and_what_was_said_meanwhile_is_taken_once(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        _asks(shell, person)
        shell.system.parts["api"].kill()
        person.sees("reconnecting…")
        person.says("What is my name?")
        person.sees("› What is my name? reconnecting…")
        shell.system.restart("api")
        _holds_one_copy(person)
        person.sees("Your name is Ada.")
        assert "reconnecting" not in person.screen.words
        person.says("How many messages have I sent?")
        person.sees("You have written 3 messages")
        assert person.screen.words.count("What is my name?") == 1


def test_worker_killed_while_the_person_types(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        _asks(shell, person)
        shell.system.parts["worker"].kill()
        person.types("What is my name?")
        person.sees("waiting for the model…")
        shell.system.restart("worker")
        _holds_one_copy(person)
        person.types(ENTER)
        person.sees("Your name is Ada.")
