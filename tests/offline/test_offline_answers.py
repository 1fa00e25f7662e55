"""What the model says: sensible, the same every time, and from memory."""

import pytest

from workers.offline.answers.answer import IDENTITY, answer
from workers.offline.conversation import Conversation, Item, Message, ToolCall, ToolResult


def talk(*texts: str, instructions: str = "") -> str:
    """Return the last answer of a conversation."""
    items: list[Item] = []
    for text in texts:
        items.append(Message("user", text))
        items.append(Message("assistant", answer(Conversation(tuple(items), instructions))))
    last = items[-1]
    assert isinstance(last, Message)
    return last.text


@pytest.mark.parametrize(
    ("told", "asked", "answered"),
    [
        ("my name is Ada", "What's my name?", "Your name is Ada."),
        ("Hi, my name is Ada Lovelace and I like cats", "who am I?", "Your name is Ada Lovelace."),
        ("I'm Ada.", "do you remember my name", "Your name is Ada."),
        ("call me \u05d0\u05d3\u05d4!", "what is my name?", "Your name is \u05d0\u05d3\u05d4."),
        ("my name is Ada", "what\u2019s my name", "Your name is Ada."),
        ("My favorite colour is blue.", "what is my favourite color?", "Your favourite colour is blue."),
        ("my dog's name is Rex", "what is my dog's name?", "Your dog's name is Rex."),
        ("I live in Paris", "where do I live?", "You live in Paris."),
        ("I work as a nurse in my town.", "what do I work as?", "You work as a nurse in your town."),
        (
            "Remember the number 42.",
            "what did I ask you to remember?",
            "You asked me to remember: the number 42.",
        ),
        ("hello", "what is my name?", "You have not told me your name yet."),
        ("hello", "what was my first message?", 'Your first message was: "hello"'),
        ("hello", "what was the first thing I said?", 'The first thing you said was: "hello"'),
        (
            "hello",
            "how many messages have I sent?",
            "You have written 3 messages in this conversation, this one included.",
        ),
    ],
)
def test_what_was_told_is_remembered(told: str, asked: str, answered: str) -> None:
    assert talk(told, "count to 3", asked) == answered


def test_what_was_said_last_is_remembered() -> None:
    assert talk("count to 2", "what did you say?") == 'I said: "1, 2."'
    assert talk("hello", "count to 2", "what did I say?") == 'Before this you said: "count to 2"'


def test_the_newest_word_counts() -> None:
    assert talk("my name is Ada", "call me Bob", "what is my name?") == "Your name is Bob."


def test_all_facts_together() -> None:
    told = talk("My name is Ada and my cat is Tom", "I like tea", "Remember: 7", "what do you know about me?")
    assert (
        told
        == "I remember that your name is Ada; your cat is Tom; you like tea. You asked me to remember: 7."
    )


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("my name is Ada", "Nice to meet you, Ada. I will remember your name."),
        ("count to 5", "1, 2, 3, 4, 5."),
        ("please count from 3 to 1", "3, 2, 1."),
        ("count down from 2", "2, 1, 0."),
        ("what is 17 * 23?", "17 * 23 = 391"),
        ("1/0", "Nothing can be divided by zero."),
        ("echo: x  y", "x  y"),
        ("who are you?", IDENTITY),
        ("thanks a lot", "You are welcome."),
    ],
)
def test_simple_things(text: str, answered: str) -> None:
    assert talk(text) == answered


def test_a_greeting_says_how_to_get_a_real_model() -> None:
    greeting = talk("Hello!")
    assert "OPENAI_API_KEY" in greeting
    assert "OPENAI_BASE_URL" in greeting
    assert talk("my name is Ada", "hi") == "Hello again, Ada. This is message 2 of our conversation."


def test_what_it_does_not_know_it_says() -> None:
    answered = talk("hello", "my name is Ada", "How do volcanoes form?")
    assert answered.startswith('You wrote: "How do volcanoes form?"')
    assert "message number 3 in this conversation, Ada" in answered


@pytest.mark.parametrize("amount", [1, 17, 50, 500, 3000])
def test_any_number_of_words(amount: int) -> None:
    assert len(talk(f"write {amount} words about tea").split()) == amount


def test_stories_come_in_lengths() -> None:
    short, usual, long = (talk(f"tell me a {kind} story about a robot") for kind in ("short", "good", "long"))
    assert len(short) < len(usual) < len(long)
    assert len(long.split()) > 1000
    assert all("a robot" in told for told in (short, usual, long))


def test_counting_has_an_end() -> None:
    assert talk("count to 999999999").endswith(", 10000.")


@pytest.mark.parametrize(
    ("instructions", "answered"),
    [
        ("Reply in UPPERCASE.", "1, 2."),
        ('End every answer with "Over."', "1, 2. Over."),
        ('Start all answers with "Well,"', "Well, 1, 2."),
    ],
)
def test_form_is_followed(instructions: str, answered: str) -> None:
    assert talk("count to 2", instructions=instructions) == answered


def test_one_sentence_is_one_sentence() -> None:
    assert (
        talk("Who are you?", instructions="You are Nova. Answer in one sentence.") == "You can call me Nova."
    )


def test_a_guided_session_speaks_by_itself_and_does_not_repeat_itself() -> None:
    instructions = "You lead a guided session. Phase: deepening. Speak 3 sentences."
    first = answer(Conversation((Message("developer", "Begin."),), instructions))
    said = (Message("assistant", first), Message("developer", "Go on."))
    second = answer(Conversation(said, instructions))
    assert first.count(".") == second.count(".") == 3
    assert not set(first.split(". ")) & set(second.split(". "))
    assert "phase" not in first


def test_a_tool_result_is_read_out() -> None:
    items = (Message("user", "x"), ToolCall("c", "look", "{}"), ToolResult("c", "42"))
    assert answer(Conversation(items)) == "The tool answered: 42"


def test_a_summary_keeps_the_facts_through_two_summaries() -> None:
    wish = "Summarize the conversation so far."
    first = answer(Conversation((Message("user", "my name is Ada"), Message("user", "remember 7")), wish))
    second = answer(Conversation((Message("developer", first), Message("user", "I like tea")), wish))
    items = (Message("developer", second), Message("user", "what do you know about me?"))
    assert answer(Conversation(items)) == (
        "I remember that your name is Ada; you like tea. You asked me to remember: 7."
    )


def test_what_the_application_asked_for_in_the_past_is_done() -> None:
    wish = Message("developer", "Write a title of at most six words.")
    asked = (Message("user", "hello there"), wish)
    titled = answer(Conversation(asked))
    assert titled == "Hello there"
    later = (*asked, Message("assistant", titled), Message("user", "count to 2"))
    assert answer(Conversation(later)) == "1, 2."


def test_a_leading_system_message_stays_in_force() -> None:
    items = (Message("system", "Reply in upper case."), Message("user", "hello"), Message("assistant", "HI"))
    assert answer(Conversation((*items, Message("user", "thanks")))) == "YOU ARE WELCOME."


def test_a_title_is_short() -> None:
    items = (Message("user", "How do I bake bread with a very old oven?"), Message("assistant", "x"))
    assert answer(Conversation(items, "Write a title of at most six words.")) == "How do i bake bread with"


def test_the_same_conversation_has_the_same_answer() -> None:
    texts = ("Hello", "my name is Ada", "tell me a long story", "what is life?", "recap please")
    assert talk(*texts) == talk(*texts)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "unit", ["my ", "what did i ", "i like ", " ", "\n", "count ", "remember ", "1", ".", "give "]
)
def test_long_strange_texts_take_no_time(unit: str) -> None:
    text = unit * (32_000 // len(unit))
    assert talk(text, instructions=text)
