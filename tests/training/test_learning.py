"""Each algorithm reaches the optimum of a problem whose optimum is known.

Two turns of one token each: the first must name the token that belongs to the prompt, the second an even one. Chance
earns 1 in 24. Rounds of fresh attempts, one step each, so that importance ratios start at 1.
"""

import math

import pytest
import torch
from accelerate import Accelerator
from small_training import chosen
from transformers import LlamaConfig, LlamaForCausalLM

from sca.records.contract import Segment, Trajectory
from sca.training.loop import Place, Step, optimizer_of
from sca.training.passes import PaddedPasses
from sca.training.policy import Policy
from sca.training.settings import (
    DpoSettings,
    GrpoSettings,
    PpoSettings,
    ReinforceSettings,
    RftSettings,
    SftSettings,
)

WORDS = 12
PROMPTS = {0: 7, 1: 4, 2: 9}  # prompt → the first answer that earns something
ENVIRONMENT = 3


def model():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=8, tie_word_embeddings=False, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return LlamaForCausalLM(config)


@torch.no_grad()
def sampled(policy, attempts, prompts=tuple(PROMPTS)):
    """So many attempts at each prompt, by the policy as it is."""
    ids = torch.tensor([[prompt] for prompt in prompts for _ in range(attempts)])
    logprobs = []
    for turn in range(2):
        odds = policy.model(ids).logits[:, -1].log_softmax(-1)
        said = odds.exp().multinomial(1)
        logprobs.append(odds.gather(1, said))
        ids = torch.cat([ids, said] + ([torch.full_like(said, ENVIRONMENT)] if turn == 0 else []), dim=1)
    told = torch.cat(logprobs, dim=1).tolist()
    return [record(number, row, each) for number, (row, each) in enumerate(zip(ids.tolist(), told, strict=True))]


def record(number, ids, logprobs):
    reward = int(ids[1] == PROMPTS[ids[0]] and ids[3] % 2 == 0)
    return Trajectory(
        id=f"p{ids[0]}-a{number}", task_id=f"p{ids[0]}", environment="toy", attempt=number, reward=reward,
        outcome="success" if reward else "failure", messages=[],
        tokens=[Segment(trained=[(1, 2), (3, 4)], logprobs=logprobs, ids=ids)],
    )  # fmt: skip


class Run:
    """Rounds of attempts and steps."""

    def __init__(self, settings, folder):
        self.settings = settings
        self.policy = Policy(model(), critic=settings.algorithm == "ppo")
        self.optimizer = optimizer_of(self.policy, settings)
        self.accelerator = Accelerator(cpu=True)
        self.passes, self.base = (
            PaddedPasses(self.accelerator, policy, tokens=4096, pad_id=0, bf16=False)
            for policy in (self.policy, Policy(model()))
        )
        self.place = Place(folder / "state", folder / "metrics.jsonl")

    def round(self, number, records, rate=1.0):
        """One step on these attempts."""
        algorithm, selection = chosen(self.settings, records)
        examples = selection.examples
        known = {example: {"behaviour": torch.tensor(example.logprobs)} for example in examples}
        if algorithm.reference:
            for example, outputs in zip(examples, self.base.measure(examples), strict=True):
                known[example]["reference"] = outputs.logprobs
        parts = (self.accelerator, self.policy, self.optimizer, self.passes, algorithm, self.settings, self.place)
        return Step(*parts).take(number, selection.items, known, rate)

    def reward(self):
        """What the policy earns on average."""
        attempts = sampled(self.policy, 200)
        return sum(attempt.reward for attempt in attempts) / len(attempts)


@pytest.mark.parametrize(
    "settings",
    [
        RftSettings(lr=0.03),
        ReinforceSettings(lr=0.03, baseline="task"),
        DpoSettings(lr=0.01, max_pairs=32),
        PpoSettings(lr=0.03, critic_lr=0.03, clip_ratio=0.2),
        GrpoSettings(lr=0.03, clip_ratio=0.2),
    ],
    ids=lambda settings: settings.algorithm,
)
def test_every_algorithm_finds_what_earns_most(tmp_path, settings):
    run = Run(settings, tmp_path)
    torch.manual_seed(1)
    before = run.reward()
    for number in range(60):
        attempts = sampled(run.policy, 64)
        if all(attempt.reward for attempt in attempts):
            break
        run.round(number, attempts)
    assert before < 0.2
    assert run.reward() > 0.95


@torch.no_grad()
def success(policy, prompt):
    """The probability that an attempt earns something."""
    first = policy.model(torch.tensor([[prompt]])).logits[0, -1].softmax(-1)[PROMPTS[prompt]]
    second = policy.model(torch.tensor([[prompt, PROMPTS[prompt], ENVIRONMENT]])).logits[0, -1].softmax(-1)
    return (first * second[::2].sum()).item()


def test_ppo_weighs_reward_against_divergence_as_theory_says(tmp_path):
    """With reward 0 or 1 the best policy under β is π ∝ π_ref exp(reward / β): 0.683 here, at 2 β it would be 0.23.

    At one prompt: for all three at once that policy is not among those that so small a model can be (following the
    exact gradient it ends at 0.704 instead of 0.690). Found with six seeds: 0.681 to 0.684.
    """
    beta, rounds, prompt = 0.25, 120, 0
    run = Run(PpoSettings(lr=0.01, critic_lr=0.02, clip_ratio=0.2, kl=beta, lam=1.0), tmp_path)
    torch.manual_seed(1)
    odds = success(run.policy, prompt)
    for number in range(rounds):
        run.round(number, sampled(run.policy, 96, [prompt]), rate=1 - number / rounds)
    best = odds * math.exp(1 / beta) / (odds * math.exp(1 / beta) + 1 - odds)
    assert success(run.policy, prompt) == pytest.approx(best, abs=0.02)


def test_distillation_reproduces_how_often_the_teacher_says_what(tmp_path):
    teacher = [record(n, [0, 7 if n % 4 else 5, ENVIRONMENT, 2], [-1.0, -1.0]) for n in range(16)]
    run = Run(SftSettings(lr=0.03), tmp_path)
    for number in range(80):
        figures = run.round(number, teacher)
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert figures["loss"] == pytest.approx(entropy / 2, abs=0.01)  # the second turn is certain
    with torch.no_grad():
        odds = run.policy.model(torch.tensor([[0]])).logits[0, -1].softmax(-1)
    assert (odds[7].item(), odds[5].item()) == (pytest.approx(0.75, abs=0.02), pytest.approx(0.25, abs=0.02))


def test_the_critic_learns_what_an_attempt_earns(tmp_path):
    good, bad = [0, 7, ENVIRONMENT, 2], [0, 8, ENVIRONMENT, 1]
    records = [record(number, bad if number % 4 else good, [-3.0, -3.0]) for number in range(16)]
    run = Run(PpoSettings(lr=1e-9, critic_lr=0.02, kl=0, lam=1.0), tmp_path)
    for number in range(60):
        run.round(number, records)
    _, selection = chosen(SftSettings(), records)
    first = sum(outputs.values[0].item() for outputs in run.passes.measure(selection.examples)) / 16
    assert first == pytest.approx(0.25, abs=0.05)
