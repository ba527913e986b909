"""Chats to tokens with the chat templates of five families, and dialogues that extend token by token."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import small_models
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from sca.dialogue.conversation import REWRITTEN, Conversation
from sca.engines import Completion
from sca.engines.rendering import ChatRenderer
from sca.errors import ScaError
from sca.records.contract import Message

TEMPLATES = Path(__file__).parent.parent / "data" / "chat_templates"


def template(name: str) -> str:
    """A chat template after the public one of its family."""
    return (TEMPLATES / f"{name}.jinja").read_text("utf-8")


# Refuses a system message, as Gemma 2.
GEMMA = """{{- bos_token }}{%- for m in messages %}{%- if m['role'] == 'system' %}
{{- raise_exception('System role not supported') }}{%- endif %}
{{- '<start_of_turn>' + ('model' if m['role'] == 'assistant' else 'user') + '\n' + m['content'] + '<end_of_turn>\n' }}
{%- endfor %}{%- if add_generation_prompt %}{{- '<start_of_turn>model\n' }}{%- endif %}"""


def sentencepiece() -> PreTrainedTokenizerFast:
    """A tokenizer whose words carry the space before them, and whose decoder drops the first."""
    core = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    core.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<unk>"], initial_alphabet=["\n"], show_progress=False
    )
    core.train_from_iterator(small_models.CORPUS, trainer)
    special = ("<s>", "</s>", "[INST]", "[/INST]")
    core.add_special_tokens([AddedToken(one, special=True, normalized=False) for one in special])
    made = PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>")
    made.chat_template = template("mistral-v0.3")
    return made


@dataclass
class Family:
    tokens: PreTrainedTokenizerFast
    end: str

    @property
    def renderer(self) -> ChatRenderer:
        return ChatRenderer(self.tokens, [self.tokens.convert_tokens_to_ids(self.end)])

    def templated(self, chat: list[dict[str, str]]) -> list[int]:
        """What `apply_chat_template` gives; a system prompt that has no place goes before the first question."""
        if self.end in ("</s>", "<end_of_turn>"):
            chat = [{"role": "user", "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}, *chat[2:]]
        return self.tokens.apply_chat_template(chat, add_generation_prompt=True, date_string="26 Jul 2024")[
            "input_ids"
        ]

    def ids(self, text: str) -> list[int]:
        return self.tokens(text, add_special_tokens=False)["input_ids"]


def family(name: str) -> Family:
    match name:
        case "llama":
            special = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
            tokens = small_models.tokenizer(template("llama-3.1"), special, eos="<|eot_id|>", bos="<|begin_of_text|>")
            return Family(tokens, "<|eot_id|>")
        case "qwen2.5":
            return Family(small_models.tokenizer(template("qwen-2.5")), "<|im_end|>")
        case "qwen3":
            return Family(small_models.tokenizer(template("qwen-3")), "<|im_end|>")
        case "gemma":
            special = ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>")
            return Family(small_models.tokenizer(GEMMA, special, eos="<eos>", bos="<bos>"), "<end_of_turn>")
    return Family(sentencepiece(), "</s>")


FAMILIES = ["llama", "qwen2.5", "qwen3", "gemma", "mistral"]
START = [{"role": "system", "content": "Act as the agent."}, {"role": "user", "content": "What is 12.5?"}]
REPLY = "ACTION: result = 12 END ACTION"
THEN = [{"role": "user", "content": "OUTPUT:\n12"}]
CHAT = [*START, {"role": "assistant", "content": REPLY}, *THEN]


@pytest.mark.parametrize("name", FAMILIES)
def test_prompt_reply_and_bridge_are_the_longer_prompt(name):
    one = family(name)
    prompt, reply = one.renderer.prompt(START), one.ids(REPLY)
    bridge = one.renderer.bridge(START, REPLY, reply, THEN)
    assert one.tokens.decode(prompt + reply + bridge) == one.tokens.decode(one.renderer.prompt(CHAT))


@pytest.mark.parametrize("name", ["llama", "qwen2.5", "qwen3", "gemma"])
def test_they_are_so_id_by_id(name):
    one = family(name)
    prompt, reply = one.renderer.prompt(START), one.ids(REPLY)
    assert prompt + reply + one.renderer.bridge(START, REPLY, reply, THEN) == one.renderer.prompt(CHAT)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_end_token_that_was_sampled_is_not_doubled(name):
    one = family(name)
    reply = one.ids(REPLY)
    ended = [*reply, one.tokens.convert_tokens_to_ids(one.end)]
    assert [ended[-1], *one.renderer.bridge(START, REPLY, ended, THEN)] == one.renderer.bridge(
        START, REPLY, reply, THEN
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_prompts_are_those_of_the_chat_template(name):
    one = family(name)
    chat = CHAT[1:]
    expected = one.tokens.apply_chat_template(chat, add_generation_prompt=True, date_string="26 Jul 2024")[
        "input_ids"
    ]
    assert one.renderer.prompt(chat) == expected


@pytest.mark.parametrize("name", FAMILIES)
def test_a_dialogue_of_many_turns_extends_each_time(name):
    one = family(name)
    chat, ids = list(START), one.renderer.prompt(START)
    for turn in range(4):
        text = f"ACTION: result = {turn} END ACTION"
        reply = one.ids(text)
        then = [{"role": "user", "content": f"OUTPUT:\n{turn}"}]
        ids += reply + one.renderer.bridge(chat, text, reply, then)
        chat += [{"role": "assistant", "content": text}, *then]
    assert one.tokens.decode(ids) == one.tokens.decode(one.renderer.prompt(chat))


def test_thinking_that_the_template_takes_out_breaks_the_chain():
    one = family("qwen3")
    reply = "<think>\nhm\n</think>\n\nACTION: 1 END ACTION"
    assert one.renderer.bridge(START, reply, one.ids(reply), THEN) is None


def test_without_a_later_user_message_thinking_stays():
    one = family("qwen3")
    reply = "<think>\nhm\n</think>\n\nACTION: 1 END ACTION"
    assert one.renderer.bridge(START, reply, one.ids(reply), []) is not None


@pytest.mark.parametrize("reply", [" ACTION", "ACTION\n"])
def test_space_that_the_template_trims_breaks_the_chain(reply):
    one = family("llama")
    assert one.renderer.bridge(START, reply, one.ids(reply), THEN) is None


def test_another_end_token_than_the_templates_breaks_the_chain():
    one = family("gemma")
    renderer = ChatRenderer(one.tokens, [one.tokens.eos_token_id])
    assert renderer.bridge(START, REPLY, [*one.ids(REPLY), one.tokens.eos_token_id], THEN) is None


@pytest.mark.parametrize("name", ["gemma", "mistral"])
def test_a_system_prompt_that_has_no_place_goes_before_the_first_user_message(name):
    one = family(name)
    assert "Act as the agent.\n\nWhat is 12.5?" in one.tokens.decode(one.renderer.prompt(CHAT))


def test_a_template_that_opens_a_thought_for_each_reply_keeps_its_system_prompt():
    """As those of QwQ and DeepSeek-R1, whose history has no thoughts."""
    opening = "<|im_start|>assistant\\n"
    thoughtful = template("qwen-2.5").replace(opening, opening + "<think>\\n")
    assert "<think>" in thoughtful
    renderer = ChatRenderer(small_models.tokenizer(thoughtful))
    text = renderer.decode(renderer.prompt(CHAT))
    assert "system\nAct as the agent.\nuser\nWhat is 12.5?" in text


def test_the_date_is_the_same_every_day():
    one = family("llama")
    assert "Today Date: 26 Jul 2024" in one.tokens.decode(one.renderer.prompt(START))


def test_a_chat_that_the_template_refuses_is_one_line():
    with pytest.raises(ScaError, match=r"the model's chat template refuses this chat: .*roles must alternate"):
        family("mistral").renderer.prompt([*CHAT, *THEN])


def test_a_tokenizer_without_a_template_says_what_to_do():
    with pytest.raises(ScaError, match="has no chat template; take an instruction-tuned model"):
        ChatRenderer(small_models.tokenizer(template=None)).prompt(START)


def talk(one: Family, replies: list[str]) -> tuple[Conversation, list[list[int]], list[list[int]]]:
    """A dialogue; the ids of each prompt, and those that the chat template gives for the same messages."""
    conversation = Conversation([Message(**message) for message in START], one.renderer)
    prompts, expected = [], []
    for number, reply in enumerate(replies):
        prompts.append(conversation.prompt_ids())
        expected.append(one.templated(conversation.chat()))
        ids = one.ids(reply)
        conversation.reply(Completion(reply, "stop", ids, [-0.5] * len(ids)))
        conversation.say(Message(role="tool", content=f"{number} 日本 🙂"))
    return conversation, prompts, expected


ACTIONS = [f"THOUGHT: {turn} 🙂 END THOUGHT\nACTION:\nresult = {turn}\nEND ACTION" for turn in range(4)]


@pytest.mark.parametrize("name", ["llama", "qwen2.5", "qwen3", "gemma"])
def test_every_prompt_of_a_dialogue_is_the_chat_templates_id_by_id(name):
    conversation, prompts, expected = talk(family(name), ACTIONS)
    assert prompts == expected
    assert len(conversation.tokens()) == 1


def test_every_prompt_of_a_dialogue_is_the_chat_templates_text_where_words_carry_spaces():
    one = family("mistral")
    _, prompts, expected = talk(one, ACTIONS)
    assert [one.tokens.decode(ids) for ids in prompts] == [one.tokens.decode(ids) for ids in expected]


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_trained_is_what_was_sampled(name):
    one = family(name)
    conversation, _, _ = talk(one, ACTIONS)
    trained = [segment.ids[start:end] for segment in conversation.tokens() for start, end in segment.trained]
    assert trained == [one.ids(reply) for reply in ACTIONS]


def test_thinking_that_is_taken_out_of_history_splits_at_every_turn():
    thinking = [f"<think>\nhm {turn}\n</think>\n\n{action}" for turn, action in enumerate(ACTIONS)]
    one = family("qwen3")
    conversation, prompts, expected = talk(one, thinking)
    assert prompts == expected
    segments = conversation.tokens()
    assert [segment.split for segment in segments] == [None, *[REWRITTEN] * 3]
    assert [segment.ids for segment in segments] == [
        prompt + one.ids(reply) for prompt, reply in zip(prompts, thinking, strict=True)
    ]
