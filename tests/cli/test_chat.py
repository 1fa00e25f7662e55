"""A conversation in a real terminal."""

import os
import signal

from api.cli.chat import LEAVING_SECONDS
from api.cli.paper import PERSON_MARK
from api.cli.program import typed
from api.cli.wording import HOW_TO_LEAVE
from tests.cli.conftest import SLOWLY, Shell
from tests.cli.person import CTRL_C, CTRL_D, CTRL_Z, ENTER, UP

COUNTED = ", ".join(map(str, range(1, 41))) + "."


def test_ctrl_c_stops_the_answer_and_the_chat_goes_on(shell: Shell) -> None:
    shell.script(SLOWLY)
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.says("count to 1000")
        person.sees("1, 2, 3, 4, 5")
        person.types(CTRL_C)
        person.sees("stopped")
        assert "1000." not in person.screen.words
        person.watches(0.6)
        person.says("hello")
        person.sees("This is message 2 of our conversation.")


def test_a_stop_before_the_answer_begins_holds_for_that_answer(shell: Shell) -> None:
    shell.script(SLOWLY)
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.types("count to 1000" + ENTER + CTRL_C)
        person.sees("stopped")
        person.sees("› count to 1000")


def test_a_suspended_chat_goes_on_where_it_was(shell: Shell) -> None:
    shell.script(SLOWLY)
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.says("count to 40")
        person.sees("1, 2, 3")
        person.types(CTRL_Z)
        person.waits_until(person.is_suspended)
        assert person.echoes()
        os.kill(person.process.pid, signal.SIGCONT)
        person.waits_until(lambda: "39,40." in person.screen.letters)
        assert person.screen.letters.count(COUNTED.replace(" ", "")) == 1
        assert not person.echoes()


def test_ctrl_c_stays_when_nothing_runs_and_says_once_how_to_leave(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.says("My name is Ada")
        person.sees("I will remember your name. ›")
        person.types(CTRL_C)
        person.sees(HOW_TO_LEAVE)
        person.watches(LEAVING_SECONDS + 0.2)
        person.types(CTRL_C)
        person.watches(LEAVING_SECONDS + 0.2)
        person.types("half a thought")
        person.sees("half a thought")
        person.types(CTRL_C)
        person.waits_until(lambda: "half a thought" not in person.screen.words)
        assert person.screen.words.count(HOW_TO_LEAVE) == 1
        person.says("What is my name?")
        person.sees("Your name is Ada. ›")


def test_a_second_ctrl_c_at_an_empty_prompt_leaves(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.types("half a thought")
        person.sees("half a thought")
        person.types(CTRL_C + CTRL_C)
        person.sees(HOW_TO_LEAVE)
        person.types(CTRL_C)
        assert person.exit_code() == 0
        assert "stays open. Come back" in person.screen.words


def test_ctrl_c_at_a_dumb_terminal_gives_the_prompt_again(shell: Shell) -> None:
    with shell.at_terminal("chat", TERM="dumb") as person:
        person.sees("/help ›")
        person.types(CTRL_C)
        person.sees(f"{HOW_TO_LEAVE} ›")
        assert HOW_TO_LEAVE in person.screen.lines
        person.types(CTRL_C)
        assert person.exit_code() == 0


def test_a_second_ctrl_c_leaves_a_stop_that_nobody_carries_out(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        shell.system.parts["worker"].kill()
        try:
            person.says("is anybody there?")
            person.sees("is anybody there?")
            person.types(CTRL_C)
            person.watches(0.6)
            person.types(CTRL_C)
            assert person.exit_code() == 0
        finally:
            shell.system.restart("worker")


def test_a_conversation_that_is_left_and_come_back_to(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        person.sees(f"{shell.system.ui_url}/namespaces/default/workflows/session-")
        person.says("My name is Ada")
        person.sees("Nice to meet you, Ada. I will remember your name.")
        person.types(CTRL_D)
        assert person.exit_code() == 0
        assert person.screen.words.count("My name is Ada") == 1
        *_, command = person.screen.text.splitlines()
    assert command.startswith(typed("chat", "--session", "SESSION-"))
    name = command.removeprefix(typed("chat", "--session "))
    assert name in person.screen.lines[0]
    assert shell.call("GET", f"/sessions/{name}")["status"] == "idle"
    with shell.at_terminal("chat", "--session", name) as person:
        person.sees("› My name is Ada Nice to meet you, Ada. I will remember your name. ›")
        person.types(UP)
        person.waits_until(lambda: person.screen.words.count("My name is Ada") == 2)
        person.types(CTRL_C)
        person.says("What is my name?")
        person.sees("Your name is Ada.")
        assert person.screen.words.count("What is my name?") == 1


def test_an_answer_that_began_elsewhere_goes_on_here(shell: Shell) -> None:
    shell.script(SLOWLY)
    session = shell.session(message={"content": "count to 40", "message_id": "m-1"})
    with shell.at_terminal("chat", "--session", session["session_key"]) as person:
        person.sees("39, 40.")
        assert person.screen.words.count(COUNTED) == 1


def test_typing_while_an_answer_streams_garbles_nothing_and_steers(shell: Shell) -> None:
    shell.forget_script()
    # A message that another test sent to a dead worker may be answered only now.
    shell.script(SLOWLY | {"tokens_per_second": 8, "contains": "count to 40"})
    with shell.at_terminal("chat", columns=60, rows=40) as person:
        person.sees("/help")
        person.says("count to 40")
        person.sees("1, 2, 3")
        for character in "bye hello":
            person.types(character)
            person.watches(0.02)
        person.types("\x7f\x7f\x7f\x7f\x7ffor now" + ENTER)
        person.sees("bye for now (waits for its turn)")
        person.sees("Goodbye!")
        assert person.screen.words.count(COUNTED) == 1
        assert person.screen.words.count("bye for now") == 1
        assert "waits for its turn" not in person.screen.words


def test_a_pasted_text_is_one_message(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.types("\x1b[200~first line\rsecond line\x1b[201~" + ENTER)
        person.sees("This is your message number 1")
        assert "first line\n  second line" in person.screen.text


def test_slash_commands(shell: Shell) -> None:
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.says("/title A walk")
        person.sees("title: A walk")
        person.says("/title")
        person.sees("Give a title of 1 to 200 characters.")
        person.says("/nonsense")
        person.sees("No such command.")
        person.says("//slash")
        person.sees('You wrote: "/slash"')
        person.watches(0.3)
        person.says("/close")
        person.sees("has ended: it was closed (1 answer")
        assert person.exit_code() == 0


def test_retries_are_counted_down_and_a_failure_is_told(shell: Shell) -> None:
    shell.script({"status": 429, "retry_after": 1.6}, {}, {"status": 401})
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.says("My name is Ada")
        person.sees("retry 2 in 2 s: rate limited")
        person.sees("retry 2 in 1 s: rate limited")
        person.sees("Nice to meet you, Ada.")
        assert "retry" not in person.screen.words
        person.says("hello")
        person.sees("The answer failed:")
        person.says("What is my name?")
        person.sees("Your name is Ada.")


def test_limits_are_told(shell: Shell) -> None:
    session = shell.session(limits={"max_messages": 1})
    with shell.at_terminal("chat", "--session", session["session_key"]) as person:
        person.sees("/help")
        person.says("My name is Ada")
        person.sees("This was the last message that the session takes.")
        person.sees("has ended: it has taken its last message")
        assert person.exit_code() == 0


def test_an_answer_that_starts_anew_replaces_the_old_one(shell: Shell) -> None:
    shell.script(
        {"cut_after": 20, "text": "Wrong words, many of them, over and over. " * 9},
        {"on": "retrieve", "status": 404},
        {"text": "Wrong words? Right words."},
    )
    with shell.at_terminal("chat", columns=40) as person:
        person.sees("/help")
        person.says("go")
        person.sees("over and over.")
        person.sees("Wrong words? Right words.")
        person.types(CTRL_D)
        assert person.exit_code() == 0
        assert "over and over" not in person.screen.words


def test_while_an_answer_is_said_again_a_status_tells_for_how_long(shell: Shell) -> None:
    shell.script(
        {"cut_after": 30, "text": COUNTED, "tokens_per_second": 60},
        {"on": "retrieve", "status": 404},
        {"text": COUNTED, "tokens_per_second": 12},
    )
    with shell.at_terminal("chat") as person:
        person.sees("/help")
        person.says("go")
        person.sees("answering again from the beginning… 1 s")
        assert "1, 2, 3, 4, 5," in person.screen.words
        person.says("bye for now")
        person.sees("(waits for its turn) answering again from the beginning… 2 s")
        person.waits_until(lambda: "answering again" not in person.screen.words)
        person.sees("Goodbye!")
        assert person.screen.words.count(COUNTED) == 1


def test_control_characters_of_others_do_not_reach_the_terminal(shell: Shell) -> None:
    shell.script({"text": "\x1b[2J\x1b]0;owned\a\x9b31mred\r\x08\x00 end of it"})
    session = shell.session("go", title="bad\x1b[31m\atitle")
    with shell.at_terminal("chat", "--session", session["session_key"]) as person:
        person.sees("␛[2J␛]0;owned␇")
        person.sees("end of it ›")
        assert person.screen.bells == 0
        assert "\x1b]" not in person.written
        assert "\x9b" not in person.written


def test_a_dumb_terminal_gets_plain_text(shell: Shell) -> None:
    with shell.at_terminal("chat", TERM="dumb") as person:
        person.sees("/help")
        person.says("My name is Ada")
        person.sees("I will remember your name.")
        person.says("count to 40")
        person.sees("39, 40.")
        person.types(CTRL_D)
        assert person.exit_code() == 0
        assert "\x1b" not in person.written
        assert person.screen.words.count("My name is Ada") == 1
        assert person.screen.letters.count(COUNTED.replace(" ", "")) == 1


def test_a_pipe_converses_line_by_line(shell: Shell) -> None:
    done = shell.spawn("chat", stdin="My name is Ada\nWhat is my name?\n")
    assert done.returncode == 0
    assert done.stdout == (
        f"{PERSON_MARK}My name is Ada\n\nNice to meet you, Ada. I will remember your name.\n\n"
        f"{PERSON_MARK}What is my name?\n\nYour name is Ada.\n"
    )
    assert "SESSION-" in done.stderr
