"""Which tokens carry loss, token by token, against dialogues that were written out and marked by hand."""

import pytest
import torch
from engines.test_rendering import family
from small_training import chosen, load, measured

from sca.dialogue.conversation import Conversation
from sca.dialogue.retokenizing import retokenize
from sca.engines import Completion
from sca.records.contract import Message, Trajectory
from sca.training.batching import tensors
from sca.training.settings import SftSettings
from tests import small_models

FIRST, SECOND = "ACTION: result = find_order(12) END ACTION", "ANSWER: 12.5 END ANSWER"
DIALOGUE = [
    Message(role="system", content="Act as the agent."),
    Message(role="user", content="What is 12.5?"),
    Message(role="assistant", content=FIRST),
    Message(role="tool", content="ACTION: 12.5"),
    Message(role="assistant", content=SECOND),
]
# The same dialogue as each template writes it: (text, whether the agent sampled it), one after the other. Where the
# tokens of a turn's end were sampled they are the agent's, and stand apart.
MARKED = {
    "llama": [
        ("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n", False),
        ("Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n", False),
        ("Act as the agent.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhat is 12.5?<|eot_id|>", False),
        ("<|start_header_id|>assistant<|end_header_id|>\n\n", False),
        (FIRST, True),
        ("<|eot_id|>", None),
        ("<|start_header_id|>user<|end_header_id|>\n\nOUTPUT:\nACTION: 12.5<|eot_id|>", False),
        ("<|start_header_id|>assistant<|end_header_id|>\n\n", False),
        (SECOND, True),
        ("<|eot_id|>", None),
    ],
    "qwen2.5": [
        ("<|im_start|>system\nAct as the agent.<|im_end|>\n<|im_start|>user\nWhat is 12.5?<|im_end|>\n", False),
        ("<|im_start|>assistant\n", False),
        (FIRST, True),
        ("<|im_end|>", None),
        ("\n<|im_start|>user\nOUTPUT:\nACTION: 12.5<|im_end|>\n<|im_start|>assistant\n", False),
        (SECOND, True),
        ("<|im_end|>", None),
    ],
    "gemma": [
        ("<bos><start_of_turn>user\nAct as the agent.\n\nWhat is 12.5?<end_of_turn>\n", False),
        ("<start_of_turn>model\n", False),
        (FIRST, True),
        ("<end_of_turn>", None),
        ("\n<start_of_turn>user\nOUTPUT:\nACTION: 12.5<end_of_turn>\n<start_of_turn>model\n", False),
        (SECOND, True),
        ("<end_of_turn>", None),
    ],
}


def attempt_of(messages):
    return Trajectory(id="a", task_id="a", environment="e", attempt=0, reward=1, outcome="success", messages=messages)


def by_hand(name, *, ends):
    """[(token id, trained)], where `ends` says whether the ends of turns were sampled."""
    pieces = [(text, ends if trained is None else trained) for text, trained in MARKED[name]]
    marked = [(token, trained) for text, trained in pieces for token in family(name).ids(text)]
    while not marked[-1][1]:  # nothing follows what the agent said last
        marked.pop()
    return marked


def recorded(name):
    """The segments that a dialogue records while its replies are sampled."""
    one = family(name)
    conversation = Conversation(DIALOGUE[:2], one.renderer)
    for message in DIALOGUE[2:]:
        if message.role == "assistant":
            conversation.prompt_ids()
            ids = one.ids(message.content + one.end)
            conversation.reply(sampled(message.content, ids))
        else:
            conversation.say(message)
    return conversation.tokens()


def sampled(text, ids):
    return Completion(text, "stop", ids, [-1.0] * len(ids))


def masked(name, segments):
    """[(token id, trained)] as the model gets them."""
    attempt = attempt_of(DIALOGUE).model_copy(update={"tokens": segments})
    _, selection = chosen(SftSettings(), [attempt], max_length=1000)
    (example,) = selection.examples
    ids, mask = tensors([example], 2, len(example.ids) + 7, pad_id=0)
    assert not mask[0, len(example.ids) :].any(), "padding carries loss"
    assert not mask[1].any(), "an empty row carries loss"
    return list(zip(ids[0, : len(example.ids)].tolist(), mask[0].tolist(), strict=False))


@pytest.mark.parametrize("name", MARKED)
def test_recorded_tokens_carry_loss_where_the_agent_sampled_them(name):
    assert masked(name, recorded(name)) == by_hand(name, ends=True)


@pytest.mark.parametrize("name", MARKED)
def test_retokenised_attempts_carry_loss_where_the_agent_spoke(name):
    assert masked(name, retokenize(attempt_of(DIALOGUE), family(name).renderer)) == by_hand(name, ends=False)


@pytest.mark.parametrize("empty", [2, 4])
def test_an_empty_turn_carries_no_loss_and_costs_no_other(empty):
    said = [
        message.model_copy(update={"content": ""}) if n == empty else message for n, message in enumerate(DIALOGUE)
    ]
    one = family("llama")
    (segment,) = retokenize(attempt_of(said), one.renderer)
    trained = [one.tokens.decode(segment.ids[start:end]) for start, end in segment.trained]
    assert trained == [message.content for message in said if message.role == "assistant" and message.content]


def test_thinking_that_the_template_drops_splits_the_attempt_and_nothing_else(tmp_path):
    one = family("qwen3")
    thinking = [
        Message(role="assistant", content=f"<think>\nhm\n</think>\n\n{m.content}") if m.role == "assistant" else m
        for m in DIALOGUE
    ]
    attempt = attempt_of(thinking)
    _, selection = chosen(
        SftSettings(), [attempt], max_length=1000, retokenize=lambda attempt: retokenize(attempt, one.renderer)
    )
    (whole,) = selection.attempts
    said = [one.tokens.decode([e.ids[i] for a, b in e.trained for i in range(a, b)]) for e in whole.examples]
    assert said == [thinking[2].content, thinking[4].content]


def test_padding_and_neighbours_change_no_figure(tmp_path):
    policy = load(small_models.llama(tmp_path))
    _, selection = chosen(SftSettings())
    together = measured(policy, selection.examples)
    for example, logprobs in zip(selection.examples, together, strict=True):
        torch.testing.assert_close(measured(policy, [example])[0], logprobs, rtol=1e-5, atol=1e-6)


def test_figures_are_those_of_each_sequence_by_itself(tmp_path):
    policy = load(small_models.llama(tmp_path))
    _, selection = chosen(SftSettings())
    for example, logprobs in zip(selection.examples, measured(policy, selection.examples), strict=True):
        with torch.no_grad():
            every = policy.model(torch.tensor([example.ids])).logits[0].log_softmax(-1)
        alone = [every[t - 1, example.ids[t]].item() for start, end in example.trained for t in range(start, end)]
        assert logprobs.tolist() == pytest.approx(alone, abs=1e-5)
