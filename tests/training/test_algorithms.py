"""Losses over many turns, against numbers worked out by hand."""

import math

import pytest
import torch
from small_training import chosen, gradients, load, record, records

from sca.training.algorithms.clipping import clipped_objective, divergence
from sca.training.algorithms.grpo import group_advantage
from sca.training.algorithms.ppo import gae, turn_ends
from sca.training.outputs import Outputs
from sca.training.settings import DpoSettings, GrpoSettings, PpoSettings, ReinforceSettings, RftSettings, SftSettings
from tests import small_models

# Two attempts of two turns each, with 3 and 2 trained tokens; the first one succeeds.
ATTEMPTS = [
    record(0, reward=1, spans=((2, 4), (5, 6)), length=6, logprob=-1.0),
    record(1, reward=0, spans=((2, 3), (5, 6)), length=6, logprob=-2.0),
]
LOGPROBS = {"t1-a0": [-0.5, -1.0, -1.5], "t1-a1": [-2.0, -2.5]}


def columns_of(settings, attempts=ATTEMPTS, **known):
    """(algorithm, sequences, columns) of one step with all attempts."""
    algorithm, selection = chosen(settings, attempts)
    examples = [example for item in selection.items for example in item.examples]
    before = {
        example: {"behaviour": torch.tensor(example.logprobs)}
        | {name: torch.tensor(values[example.id]) for name, values in known.items()}
        for example in examples
    }
    columns = algorithm.columns(selection.items, before)
    return algorithm, examples, [{**before[e], **c} for e, c in zip(examples, columns, strict=True)]


def loss_of(settings, attempts=ATTEMPTS, logprobs=LOGPROBS, critic=None, **known):
    """The loss of one step that holds all attempts, given what the model says of their tokens."""
    algorithm, examples, columns = columns_of(settings, attempts, **known)
    flat = {name: torch.cat([one[name] for one in columns]) for name in columns[0]}
    said = torch.cat([torch.tensor(logprobs[example.id]) for example in examples])
    values = torch.cat([torch.tensor(critic[example.id]) for example in examples]) if critic else None
    return algorithm.loss(Outputs(said, torch.zeros_like(said), values), flat)


def test_sft_is_the_mean_over_all_trained_tokens():
    assert loss_of(SftSettings()).value.item() == pytest.approx(7.5 / 5)


def test_rft_is_the_mean_over_the_tokens_of_successes():
    assert loss_of(RftSettings()).value.item() == pytest.approx(3.0 / 3)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        ("none", 3.0 / 3),  # the failure's advantage is 0, so it is left out: RFT
        ("batch", (0.5 * 3.0 - 0.5 * 4.5) / 5),
        ("task", (1.0 * 3.0 - 1.0 * 4.5) / 5),  # of the other attempt: 0, and 1
    ],
)
def test_reinforce_weighs_tokens_by_the_reward_above_the_baseline(baseline, expected):
    assert loss_of(ReinforceSettings(baseline=baseline)).value.item() == pytest.approx(expected)


def test_the_baseline_of_a_task_is_the_mean_of_its_other_attempts():
    attempts = [record(i, reward=int(i < 1), spans=((2, 3),)) for i in range(3)]
    _, _, columns = columns_of(ReinforceSettings(baseline="task"), attempts)
    advantages = sorted(one["weight"].item() * 3 for one in columns)
    assert advantages == pytest.approx([-0.5, -0.5, 1.0])


def test_dpo_sums_over_the_turns_of_both_attempts():
    reference = {"t1-a0": [-1.0, -1.0, -1.0], "t1-a1": [-2.0, -2.0]}
    loss = loss_of(DpoSettings(beta=0.1), reference=reference)
    margin = 0.1 * ((-3.0 + 3.0) - (-4.5 + 4.0))
    assert loss.value.item() == pytest.approx(-math.log(1 / (1 + math.exp(-margin))))
    assert loss.figures["margin"].item() == pytest.approx(margin)
    assert loss.figures["accuracy"].item() == 1


def test_grpo_is_the_mean_of_each_attempt_and_then_of_all():
    reference = {"t1-a0": [-0.5, -1.0, -1.5], "t1-a1": [-2.0, -2.0]}
    loss = loss_of(GrpoSettings(clip_ratio=0.1, kl=0.01), reference=reference)
    up = 0.5 / (math.sqrt(0.5) + 1e-4)
    # Ratios are exp(0.5), 1, exp(-0.5) for the success, 1 and exp(-0.5) for the failure.
    success = up * (1.1 + 1 + math.exp(-0.5)) / 3
    failure = -up * (1 + 0.9) / 2
    away = 0.01 * (math.exp(0.5) - 0.5 - 1) / 2
    assert loss.value.item() == pytest.approx(-(success + failure - away) / 2, rel=1e-5)
    assert loss.figures["clip_fraction"].item() == pytest.approx((1 / 3 + 1 / 2) / 2)


@pytest.mark.parametrize(
    ("scale", "expected"), [("none", [0.75, -0.25, -0.25, -0.25]), ("group", [1.5, -0.5, -0.5, -0.5])]
)
def test_advantages_of_a_group(scale, expected):
    rewards = [1.0, 0.0, 0.0, 0.0]
    assert [group_advantage(one, rewards, scale) for one in rewards] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "name", "expected"),
    [
        (GrpoSettings(kl=0, scale="none"), "advantage", 1 / 2),
        (ReinforceSettings(baseline="batch"), "weight", 1 / 2 / 4),
        (ReinforceSettings(baseline="task"), "weight", 2 / 3 / 4),  # of the three others one earned something
    ],
    ids=["grpo", "batch", "task"],
)
def test_attempts_that_are_too_long_are_still_what_others_are_compared_with(settings, name, expected):
    attempts = [record(number, reward=int(number < 2), length=6 if number < 2 else 30) for number in range(4)]
    algorithm, selection = chosen(settings, attempts, max_length=10)
    assert selection.dropped == {"longer than 10 tokens": 2}
    columns = algorithm.columns(selection.items, {})
    assert [one[name].tolist() for one in columns] == [pytest.approx([expected] * 2)] * 2


def test_the_clamp_takes_the_gradient_only_where_it_would_go_on():
    logprobs = torch.tensor([0.5, 0.5, -0.5, -0.5, 0.05], requires_grad=True)
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0])
    objective, away = clipped_objective(logprobs, torch.zeros(5), advantages, 0.1)
    objective.sum().backward()
    assert away.tolist() == [True, False, False, True, False]
    assert (logprobs.grad == 0).tolist() == away.tolist()


def test_the_divergence_of_equals_is_nothing_and_of_others_is_positive():
    found = divergence(torch.tensor([-1.0, -1.0, -1.0]), torch.tensor([-1.0, -2.0, 0.0]))
    assert found.tolist() == pytest.approx([0, math.exp(-1), math.e - 2])


def test_gae_by_hand_over_tokens_and_turns():
    # Turns of 2 and 1 tokens; γ = 0.5 and λ = 0.5 between turns, λ = 0.8 within.
    rewards, values = torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0.2, 0.4, 0.6])
    ends = turn_ends([(3, 5), (7, 8)])
    assert ends.tolist() == [False, True, True]
    third = 1.0 - 0.6
    second = 0.0 + 0.5 * 0.6 - 0.4 + 0.5 * 0.5 * third
    first = 0.0 + 0.4 - 0.2 + 0.8 * second
    found = gae(rewards, values, ends, gamma=0.5, lam=0.5, token_lam=0.8)
    assert found.tolist() == pytest.approx([first, second, third])


def test_gae_with_lambda_1_is_the_return_minus_the_value():
    rewards, values = torch.rand(9), torch.rand(9)
    found = gae(rewards, values, torch.rand(9) > 0.5, gamma=1.0, lam=1.0, token_lam=1.0)
    torch.testing.assert_close(found, rewards.flip(0).cumsum(0).flip(0) - values)


def test_ppo_by_hand():
    settings = PpoSettings(clip_ratio=0.1, kl=0.5, gamma=1.0, lam=1.0, token_lam=1.0, value_coef=0.1, whiten=False)
    reference = {"t1-a0": [-1.0, -1.2, -1.0], "t1-a1": [-2.0, -2.0]}  # what was sampled earns -0.5 × 0.2 once
    before = {"t1-a0": [0.5, 0.5, 0.5], "t1-a1": [0.0, 0.0]}
    now = {"t1-a0": [0.9, 0.5, 0.4], "t1-a1": [0.1, 0.0]}
    loss = loss_of(settings, reference=reference, values=before, critic=now)
    # Returns are 0.9, 0.9, 1 and 0, 0; advantages 0.4, 0.4, 0.5 and 0, 0; ratios as for GRPO.
    objective = (1.1 * 0.4 + 0.4 + math.exp(-0.5) * 0.5) / 5
    value_loss = 0.5 * (0.0**2 + 0.4**2 + 0.6**2 + 0.1**2) / 5
    assert loss.figures["value_loss"].item() == pytest.approx(value_loss)
    assert loss.value.item() == pytest.approx(0.1 * value_loss - objective)


def test_whitened_advantages_have_mean_0_and_variance_1():
    zeros = {name: [0.0] * len(values) for name, values in LOGPROBS.items()}
    _, _, columns = columns_of(PpoSettings(kl=0), values=zeros)
    every = torch.cat([one["advantage"] for one in columns])
    assert (every.mean().item(), every.var().item()) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-4))


def test_rounding_is_not_whitened_into_a_step():
    """Nobody earned anything, and what sampled is the model in training, up to rounding."""
    failures = [attempt.model_copy(update={"reward": 0}) for attempt in ATTEMPTS]
    zeros = {name: [0.0] * len(values) for name, values in LOGPROBS.items()}
    near = {"t1-a0": [-1.0 + 1e-6, -1.0, -1.0], "t1-a1": [-2.0, -2.0 - 1e-6]}
    _, _, columns = columns_of(PpoSettings(), failures, values=zeros, reference=near)
    assert torch.cat([one["advantage"] for one in columns]).abs().max() < 1e-5


def test_segments_of_a_split_attempt_share_its_reward_and_follow_each_other_in_time():
    first, second = record(0, spans=((2, 4),)).tokens[0], record(0, spans=((1, 2),)).tokens[0]
    split = record(0).model_copy(update={"tokens": [first, second]})
    settings = PpoSettings(kl=0, gamma=0.5, lam=1.0, whiten=False)
    values = {"t1-a0.0": [0.0, 0.0], "t1-a0.1": [0.0]}
    _, _, columns = columns_of(settings, [split], values=values)
    assert [one["returns"].tolist() for one in columns] == [[0.5, 0.5], [1.0]]
    _, _, columns = columns_of(GrpoSettings(kl=0), [split, ATTEMPTS[1]])
    weights = [one["weight"][0].item() for one in columns if one["advantage"][0] > 0]
    assert weights == pytest.approx([1 / (2 * 3)] * 2)


@pytest.mark.parametrize(
    "settings",
    [SftSettings(), ReinforceSettings(baseline="task"), DpoSettings(), PpoSettings(), GrpoSettings()],
    ids=lambda settings: settings.algorithm,
)
def test_one_at_a_time_accumulated_is_all_at_once(tmp_path, settings):
    folder = small_models.llama(tmp_path, initializer_range=0.05)
    algorithm, selection = chosen(settings, records())
    known = {
        example: {"behaviour": torch.tensor(example.logprobs), "reference": torch.tensor(example.logprobs) - 0.5}
        for example in selection.examples
    }
    policy = load(folder, critic=algorithm.critic)
    once, apiece = (gradients(policy, algorithm, selection.items, known, tokens=n) for n in (4096, 1))
    assert once[0] == pytest.approx(apiece[0], abs=1e-6)
    assert once[1].keys() == apiece[1].keys()
    for name, gradient in once[1].items():
        torch.testing.assert_close(apiece[1][name], gradient, rtol=1e-5, atol=1e-6)
