"""Attempts made up on the spot, and a run of training on a small random model."""

from pathlib import Path

import torch
from accelerate import Accelerator
from transformers import AutoModelForCausalLM

from sca.records.contract import Message, Segment, Trajectory
from sca.training.algorithms import algorithm_of, select
from sca.training.attempts import Reader
from sca.training.loop import Place, train, units_of
from sca.training.lora import adapted
from sca.training.passes import PaddedPasses
from sca.training.policy import Policy
from sca.training.state import gathered


def record(number=0, *, task="t1", reward=1, spans=((2, 4),), length=6, tokens=True, shift=0, logprob=-1.0):
    """An attempt of one segment; `shift` makes other ids."""
    ids = [(7 * number + 3 * shift + i) % 50 for i in range(length)]
    count = sum(end - start for start, end in spans)
    segment = Segment(trained=list(spans), logprobs=[logprob] * count, ids=ids)
    return Trajectory(
        id=f"{task}-a{number}",
        task_id=task,
        environment="e",
        attempt=number,
        reward=reward,
        outcome="success" if reward else "failure",
        messages=[Message(role="user", content="do")],
        tokens=[segment] if tokens else None,
    )


def records(tasks=3, attempts=4):
    """Attempts of unequal length, two turns each; the first of each task succeeds, and the second at odd tasks."""
    return [
        record(
            number,
            task=f"t{task}",
            reward=int(number == 0 or (number == 1 and task % 2)),
            spans=((4, 7 + number), (9 + number, 12 + 2 * number + task)),
            length=13 + 2 * number + task,
            shift=task,
            logprob=-4.0,
        )
        for task in range(tasks)
        for number in range(attempts)
    ]


def chosen(settings, attempts=None, **reading):
    """(algorithm, selection) of attempts."""
    algorithm = algorithm_of(settings)
    reader = Reader(**{"max_length": 100, "with_logprobs": algorithm.behaviour} | reading)
    return algorithm, select(algorithm, records() if attempts is None else attempts, reader)


def run(folder: Path, place: Path, settings, attempts=None, heard=lambda done, metrics: None, shard=False):
    """Train the model of a folder; what was trained, by name (of several processes, in the first one)."""
    algorithm, selection = chosen(settings, attempts)
    policy = load(folder, critic=algorithm.critic)
    if settings.lora:
        policy = Policy(adapted(policy.model, settings, str(folder)), critic=algorithm.critic)
    place.mkdir(exist_ok=True)
    where = Place(place / "state", place / "metrics.jsonl")
    train(policy, selection, algorithm, settings, where, pad_id=0, bf16=False, heard=heard, shard=shard)
    return gathered(policy)


def gradients(policy, algorithm, items, known, *, tokens=4096):
    """(loss, gradients by name) of one step, computed in pieces of at most so many tokens."""
    passes = PaddedPasses(Accelerator(cpu=True), policy, tokens=tokens, pad_id=0, bf16=False)
    parts = []

    def loss(outputs, columns):
        parts.append(algorithm.loss(outputs, columns).value)
        return parts[-1]

    policy.zero_grad()
    passes.backward(units_of(items, known, algorithm, passes), loss)
    return sum(part.item() for part in parts), {
        name: parameter.grad.clone() for name, parameter in policy.named_parameters() if parameter.grad is not None
    }


def measured(policy, examples):
    """Log-probabilities of each sequence under a policy."""
    passes = PaddedPasses(Accelerator(cpu=True), policy, tokens=4096, pad_id=0, bf16=False)
    return [outputs.logprobs for outputs in passes.measure(examples)]


def load(folder: Path, **settings) -> Policy:
    """The model of a folder, as training sees it."""
    return Policy(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), **settings)
