"""Shared prefixes: the figures and gradients of each sequence by itself, for less work."""

import random
from copy import deepcopy
from functools import partial

import pytest
import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    LlamaConfig,
    MistralConfig,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
)

from sca.engines.choice import unlike_plain
from sca.training.attempts import Example
from sca.training.choice import choose_passes
from sca.training.passes import PaddedPasses, Passes, Work
from sca.training.policy import Policy
from sca.training.shared import SharedPasses
from sca.training.tree_attention import NAME

VOCABULARY = 128
SMALL = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "pad_token_id": 0,
}  # fmt: skip
FAMILIES = {
    "llama": LlamaConfig(**SMALL),
    "mistral": MistralConfig(**SMALL, sliding_window=None),
    "qwen2": Qwen2Config(**SMALL),
    "qwen3": Qwen3Config(**SMALL, head_dim=8),
    "phi3": Phi3Config(**SMALL),
}


def tree(turns: int = 3) -> list[Example]:
    """Two tasks under one system prompt, whose attempts part at different turns, and one that stands alone."""
    dice = random.Random(0)
    some = lambda n: [dice.randrange(1, VOCABULARY) for _ in range(n)]  # noqa: E731
    system = some(40)
    found = []
    for task in range(2):
        start = system + some(20)
        first = (some(12), some(9))
        for attempt in range(4):
            ids, spans = list(start), []
            for turn in range(turns):
                said, seen = first if turn == 0 and attempt < 3 else (some(7 + attempt), some(5))
                spans.append((len(ids), len(ids) + len(said)))
                ids += said + seen
            found.append(Example(f"{task}-{attempt}", tuple(ids), tuple(spans)))
    return [*found, Example("alone", tuple(some(50)), ((1, 3), (40, 50)))]


def policy(family: str = "llama", *, critic: bool = False) -> Policy:
    torch.manual_seed(0)
    made = Policy(AutoModelForCausalLM.from_config(deepcopy(FAMILIES[family])), critic=critic)
    if made.value_head is not None:
        torch.nn.init.normal_(made.value_head.weight)
    return made


def padded(policy: Policy) -> Passes:
    return PaddedPasses(Accelerator(cpu=True), policy, tokens=300, pad_id=0, bf16=False)


def shared(policy: Policy, tokens: int = 300) -> Passes:
    policy.model.base_model.set_attn_implementation(NAME)
    return SharedPasses(Accelerator(cpu=True), policy, tokens=tokens, bf16=False)


def works(examples: list[Example]) -> list[list[Work]]:
    return [[Work(one, {"weight": torch.linspace(-1, 1, one.trained_tokens) / 300})] for one in examples]


def weighted(outputs, columns):
    value = outputs.logprobs if outputs.values is None else outputs.logprobs + outputs.values**2
    return (columns["weight"] * value).sum()


def gradients(passes: Passes, policy: Policy, units, loss=weighted):
    """The whole loss, and the gradient as one vector."""
    total = []
    policy.zero_grad()
    policy.train()

    def heard(outputs, columns):
        value = loss(outputs, columns)
        total.append(value.detach())
        return value

    passes.backward(units, heard)
    return sum(total), torch.cat([p.grad.flatten() for p in policy.parameters() if p.grad is not None])


def compare(one, other, tolerance=1e-6):
    assert float((one[0] - other[0]).abs()) <= tolerance
    assert float((one[1] - other[1]).norm() / one[1].norm()) <= tolerance


@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_are_those_of_rows_side_by_side(family):
    model = policy(family)
    expected = gradients(padded(model), model, works(tree()))
    compare(expected, gradients(shared(model), model, works(tree())))


@pytest.mark.parametrize("tokens", [1, 30, 70, 10_000])
def test_the_size_of_a_visit_changes_nothing(tokens):
    model = policy()
    expected = gradients(padded(model), model, works(tree()))
    compare(expected, gradients(shared(model, tokens), model, works(tree())))


def test_the_order_of_the_sequences_changes_nothing():
    model = policy()
    expected = gradients(shared(model), model, works(tree()))
    compare(expected, gradients(shared(model), model, works(tree())[::-1]))


def test_attempts_that_said_the_same_count_as_often_as_they_are():
    model = policy()
    twice = [*tree(), *tree()[:3]]
    compare(gradients(padded(model), model, works(twice)), gradients(shared(model), model, works(twice)))


def test_the_critic_learns_the_same():
    model = policy(critic=True)
    expected = gradients(padded(model), model, works(tree()))
    compare(expected, gradients(shared(model, 60), model, works(tree())))


@pytest.mark.parametrize("tokens", [80, 10_000])
def test_a_loss_of_pairs_has_the_same_gradients(tokens):
    """Whether or not a pair fits into one visit."""

    def of_pairs(outputs, columns):
        pair = columns["pair"].long()
        sums = torch.zeros(int(pair.max()) + 1).index_add(0, pair, columns["sign"] * outputs.logprobs)
        return -torch.nn.functional.logsigmoid(sums[pair.bincount() > 0]).sum() / 4

    examples = tree()[:8]
    pairs = [
        [
            Work(one, {name: torch.full((one.trained_tokens,), value) for name, value in known.items()})
            for one, known in zip(pair, ({"sign": 0.1, "pair": n}, {"sign": -0.1, "pair": n}), strict=True)
        ]
        for n, pair in enumerate(zip(examples[::2], examples[1::2], strict=True))
    ]
    model = policy()
    expected = gradients(padded(model), model, pairs, of_pairs)
    compare(expected, gradients(shared(model, tokens), model, pairs, of_pairs))


def test_checkpointed_layers_give_the_same_gradients():
    model = policy()
    expected = gradients(shared(model, 60), model, works(tree()))
    model.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    compare(expected, gradients(shared(model, 60), model, works(tree())))


def test_adapters_get_the_same_gradients():
    torch.manual_seed(0)
    inner = AutoModelForCausalLM.from_config(deepcopy(FAMILIES["llama"]))
    model = Policy(
        get_peft_model(inner, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False))
    )
    expected = gradients(padded(model), model, works(tree()))
    inner.set_attn_implementation(NAME)
    passes = SharedPasses(Accelerator(cpu=True), model, tokens=60, bf16=False)
    compare(expected, gradients(passes, model, works(tree())))


def test_measured_figures_are_those_of_rows_side_by_side():
    model = policy(critic=True).eval()
    expected = padded(model).measure(tree())
    for one, other in zip(expected, shared(model, 60).measure(tree()), strict=True):
        for figures in zip(one, other, strict=True):
            torch.testing.assert_close(*figures, rtol=1e-5, atol=1e-5)


def test_bf16_is_as_near_to_the_truth_as_rows_side_by_side():
    model = policy()
    truth = gradients(padded(model), model, works(tree()))[1]
    accelerator = Accelerator(cpu=True)
    rows = PaddedPasses(accelerator, model, tokens=300, pad_id=0, bf16=True)
    with torch.autocast("cpu", torch.bfloat16):
        off = float((gradients(rows, model, works(tree()))[1] - truth).norm())
        model.model.set_attn_implementation(NAME)
        shares = SharedPasses(accelerator, model, tokens=60, bf16=True)
        found = gradients(shares, model, works(tree()))[1]
    assert float((found - truth).norm()) <= 1.5 * off


chosen = partial(choose_passes, tokens=300, pad_id=0, bf16=False)


def test_sharing_is_chosen_where_it_saves_work():
    model = policy().eval()
    accelerator = Accelerator(cpu=True)
    assert isinstance(chosen(accelerator, model, [tree()], plain=unlike_plain(model.model)), SharedPasses)


def test_sharing_is_not_chosen_where_there_is_nothing_to_share():
    accelerator = Accelerator(cpu=True)
    assert isinstance(chosen(accelerator, policy().eval(), [[one] for one in tree()], plain=None), PaddedPasses)


def test_a_model_with_another_attention_falls_back_and_says_why(caplog):
    config = Gemma2Config(**SMALL, head_dim=8, sliding_window=8)
    model = Policy(AutoModelForCausalLM.from_config(config)).eval()
    found = chosen(Accelerator(cpu=True), model, [tree()], plain=unlike_plain(model.model))
    assert isinstance(found, PaddedPasses)
    assert "sliding" in caplog.text


@pytest.mark.parametrize("kind", ["longrope", "dynamic"])
def test_positions_that_depend_on_the_length_are_not_shared(kind):
    """A prefix by itself would get other positions than in front of what follows it."""
    factors = {"short_factor": [1.0] * 4, "long_factor": [2.0] * 4} if kind == "longrope" else {"factor": 2.0}
    rope = {"rope_type": kind, "rope_theta": 1e4, "original_max_position_embeddings": 64, **factors}
    config = Phi3Config(**SMALL) if kind == "longrope" else LlamaConfig(**SMALL)
    model = AutoModelForCausalLM.from_config(config)
    assert unlike_plain(model) is None
    model.config.rope_parameters = rope
    assert kind in unlike_plain(model)


def test_a_model_that_computes_something_else_with_our_attention_falls_back(caplog):
    """Gemma 2 caps its attention's scores, which no configuration of layers tells."""
    config = Gemma2Config(**SMALL, head_dim=8, sliding_window=8, attn_logit_softcapping=0.01)
    model = Policy(AutoModelForCausalLM.from_config(config, attn_implementation="eager")).eval()
    for name, parameter in model.named_parameters():
        if "proj" in name:
            torch.nn.init.normal_(parameter)
    assert isinstance(chosen(Accelerator(cpu=True), model, [tree()], plain=None), PaddedPasses)
    assert "differ" in caplog.text
