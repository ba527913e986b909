"""What the model is trained on is, token for token, what the toolkit feeds it and what it samples."""

import json

import pytest

from sca.dialogue.conversation import Conversation
from sca.dialogue.markers import Turn, parse
from sca.engines import Completion
from sca.engines.rendering import ChatRenderer
from tiny_model import corpus
from tiny_model.documents import encode
from tiny_model.programs import setting
from tiny_model.recipe import tokenizer_of
from tiny_model.retail import shops
from tiny_model.settings import SCATTERED, SYSTEMATIC, TEMPLATE, Shape

MOVES = ("action", "answer", "response")
ENDS = ("END ACTION", "END ANSWER", "END RESPONSE")


@pytest.fixture(scope="module")
def dialogues():
    """Of both phases and both environments."""
    return [messages for phase in (SCATTERED, SYSTEMATIC) for messages in corpus.dialogues(phase, 150)]


@pytest.fixture(scope="module")
def tokenizer(dialogues):
    """As the recipe makes it, of fewer dialogues."""
    return tokenizer_of(dialogues, Shape())


def played(messages, tokenizer):
    """The dialogue as the turn loop holds it, each reply tokenised by itself, as if sampled."""
    renderer = ChatRenderer(tokenizer, [tokenizer.eos_token_id])
    conversation = Conversation(messages[:2], renderer)
    for message in messages[2:]:
        if message.role != "assistant":
            conversation.say(message)
            continue
        conversation.prompt_ids()
        ids = renderer.encode(message.content)
        conversation.reply(Completion(message.content, "stop", ids, [0.0] * len(ids)))
    return conversation.tokens()


def test_a_document_is_what_the_turn_loop_holds(dialogues, tokenizer):
    for messages in dialogues:
        (segment,) = played(messages, tokenizer)
        assert encode(messages, tokenizer).ids == segment.ids


def test_the_loss_is_on_what_the_agent_samples(dialogues, tokenizer):
    for messages in dialogues:
        (segment,) = played(messages, tokenizer)
        sampled = {place for start, end in segment.trained for place in range(start, end)}
        own = encode(messages, tokenizer).own
        assert {place for place, mine in enumerate(own) if mine} == sampled


def test_a_reply_survives_its_tokens(dialogues, tokenizer):
    for message in (message for messages in dialogues for message in messages if message.role == "assistant"):
        ids = tokenizer.encode(message.content, add_special_tokens=False)
        assert tokenizer.decode(ids, skip_special_tokens=True) == message.content


def test_each_reply_is_a_turn_that_ends_where_sampling_stops(dialogues):
    for message in (message for messages in dialogues for message in messages if message.role == "assistant"):
        assert isinstance(parse(message.content, MOVES), Turn)
        assert message.content.endswith(ENDS)


def test_every_document_fits_the_context(dialogues, tokenizer):
    assert max(len(encode(messages, tokenizer).ids) for messages in dialogues) <= Shape().context


@pytest.mark.parametrize("text", ["360.25", '"TACAAG"', "AUGUUUGGG", "2026-06-03"])
def test_what_is_copied_has_the_same_tokens_wherever_it_stands(text, tokenizer):
    alone = tokenizer.tokenize(text)
    for before, after in (("(", ")"), ("\n", "\n"), (", ", ","), (" ", "."), ("", " and")):
        pieces = "\x00".join(tokenizer.tokenize(before + text + after))
        assert "\x00".join(alone) in pieces


def test_a_reply_is_no_longer_than_the_model_folder_lets_it_be(dialogues, tokenizer):
    sampling = json.loads((TEMPLATE / "sca.json").read_text())["sampling"]
    for messages in dialogues:
        most = sampling[messages[0].content.split()[0]]["max_tokens"]
        replies = (message.content for message in messages if message.role == "assistant")
        assert max(len(tokenizer.encode(reply, add_special_tokens=False)) for reply in replies) <= most


def test_any_text_can_be_written(tokenizer):
    text = "ß 漢字 🙂\t\r\n<b> END ACTION now"
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_the_prompt_is_the_one_that_the_model_was_trained_on(dialogues):
    prompts = {messages[0].content for messages in dialogues}
    assert (
        "executor calculation message_decoder\n"
        "convert_hex_to_ascii(hex_string)\n"
        "reverse_string(string)\n"
        "caesar_decode(message, shift)\n"
        "string_length(string)\n"
        "minimum_value(*args)\n"
        "maximum_value(*args)"
    ) in prompts


def test_each_signature_of_the_environment_is_one_token(tokenizer):
    families = setting().environment.families
    calls = [tool.call for family in families for tool in setting().tools(family)]
    calls += [tool.call for tool in shops.setting().tools(None)]
    assert all(len(tokenizer.tokenize(call)) == 1 for call in calls)
