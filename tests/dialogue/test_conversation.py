from dialogue.voices import Letters, said, text

from sca.dialogue.conversation import Conversation
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


def test_an_engine_without_tokens_leaves_none():
    conversation = Conversation([Message(role="user", content="U")], None)
    assert conversation.prompt_ids() is None
    conversation.reply(Completion("one", "stop"))
    assert conversation.tokens() is None


def test_usage_adds_up():
    conversation, _ = talk(Letters())
    assert conversation.usage == {"completion_tokens": 6}
