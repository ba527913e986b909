from dataclasses import replace

import pytest
from dialogue.voices import Letters, said, text

from sca.dialogue.conversation import READ_ANEW, REWRITTEN, Conversation
from sca.engines import Completion
from sca.records.contract import Message


def talk(renderer):
    conversation = Conversation([Message(role="system", content="S"), Message(role="user", content="U")], renderer)
    prompts = [conversation.prompt_ids()]
    conversation.reply(said("one"))
    conversation.say(Message(role="tool", content="T"))
    prompts.append(conversation.prompt_ids())
    conversation.reply(said("two"))
    return conversation, prompts


def test_each_prompt_extends_the_last_exactly():
    _, (first, second) = talk(Letters())
    assert text(first) == "s|S;u|U;a|"
    assert text(second) == "s|S;u|U;a|one;u|OUTPUT:\nT;a|"


def test_only_sampled_tokens_are_trained():
    conversation, _ = talk(Letters())
    (segment,) = conversation.tokens()
    assert [text(segment.ids[a:b]) for a, b in segment.trained] == ["one", "two"]
    assert len(segment.logprobs) == 6
    assert text(segment.ids).endswith("two")


def test_a_template_that_rewrites_history_splits_the_attempt():
    renderer = Letters()
    renderer.rewrites = True
    conversation, (_, second) = talk(renderer)
    first, last = conversation.tokens()
    assert text(first.ids) == "s|S;u|U;a|one"
    assert text(last.ids) == text(second) + "two"
    assert [text(last.ids[a:b]) for a, b in last.trained] == ["two"]
    assert (first.split, last.split) == (None, REWRITTEN)


def served(*prompts):
    """A dialogue with a server that renders by itself and says what it read."""
    conversation = Conversation([Message(role="user", content="U")], None)
    for number, prompt in enumerate(prompts):
        assert conversation.prompt_ids() is None
        conversation.reply(replace(said(f"r{number}"), prompt_ids=[ord(letter) for letter in prompt]))
        conversation.say(Message(role="tool", content="T"))
    return conversation.tokens()


def test_what_a_server_read_goes_on_from_what_it_sampled():
    (segment,) = served("u|U;a|", "u|U;a|r0;T;a|")
    assert text(segment.ids) == "u|U;a|r0;T;a|r1"
    assert [text(segment.ids[a:b]) for a, b in segment.trained] == ["r0", "r1"]
    assert segment.split is None


@pytest.mark.parametrize("second", ["u|U;a|R0;T;a|", "u|U;", "x|U;a|r0;T;a|"])
def test_a_server_that_read_it_otherwise_splits_the_attempt(second):
    first, last = served("u|U;a|", second)
    assert text(first.ids) == "u|U;a|r0"
    assert (text(last.ids), last.split) == (f"{second}r1", READ_ANEW)


def test_an_engine_without_tokens_leaves_none():
    conversation = Conversation([Message(role="user", content="U")], None)
    assert conversation.prompt_ids() is None
    conversation.reply(Completion("one", "stop"))
    assert conversation.tokens() is None


def test_a_reply_without_a_token_leaves_no_span():
    conversation = Conversation([Message(role="user", content="U")], Letters())
    for reply in (said(""), said("two")):
        conversation.prompt_ids()
        conversation.reply(reply)
    (segment,) = conversation.tokens()
    assert [text(segment.ids[a:b]) for a, b in segment.trained] == ["two"]


def test_usage_adds_up():
    conversation, _ = talk(Letters())
    assert conversation.usage == {"completion_tokens": 6}


def test_a_chat_that_was_handed_out_does_not_change_any_more():
    conversation = Conversation([Message(role="user", content="hello")], None)
    first = conversation.chat()
    conversation.say(Message(role="tool", content="3"))
    assert [message["content"] for message in first] == ["hello"]
    assert [message["content"] for message in conversation.chat()] == ["hello", "OUTPUT:\n3"]
