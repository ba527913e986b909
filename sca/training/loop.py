"""The training loop: one optimiser step after the other, measured, kept, and continued to the same weights."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from sca.errors import ScaError
from sca.training import memory, metrics, processes, sharding, state
from sca.training.algorithms import Algorithm, Known
from sca.training.attempts import Attempt, Example, Item, Selection
from sca.training.batching import planned
from sca.training.choice import choose_passes
from sca.training.outputs import Columns, Outputs, pieces
from sca.training.passes import Passes, Work
from sca.training.policy import Policy
from sca.training.settings import TrainSettings

SAVE_EVERY = 20.0
"""Seconds between two saved states: what a kill may cost."""
Heard = Callable[[int, dict[str, Any]], None]
"""Told (steps done, metrics of the last one)."""


@dataclass(frozen=True)
class Place:
    """Where a run keeps its things while it goes on."""

    state: Path
    metrics: Path

    @property
    def tracked(self) -> str:
        """What trackers call the run."""
        return self.state.stem

    @property
    def failed(self) -> Path:
        """The batch at which a run stopped because its loss was no number."""
        return self.state.with_suffix(".failed.jsonl")


def train(
    policy: Policy,
    selection: Selection,
    algorithm: Algorithm,
    settings: TrainSettings,
    place: Place,
    *,
    pad_id: int,
    bf16: bool,
    heard: Heard,
    plain: str | None = None,
    track: str | None = None,
    shard: bool = False,
) -> None:
    """Train `policy` in place; goes on from `place.state` where there is one.

    With `shard` its weights are spread over the processes before anything else, and stay so. `plain` says how the
    model's attention is unlike plain causal attention, where it is. In fp32 on a CPU an interrupted run ends with the
    very weights of an uninterrupted one. Raises `ScaError` when the loss or the gradient is no number, and where
    memory runs out.
    """
    accelerator = Accelerator(
        mixed_precision="bf16" if bf16 else "no",
        log_with=track,
        project_dir=place.metrics.with_name("runs") if track else None,
    )
    track = track if accelerator.is_main_process else None
    if track:
        accelerator.init_trackers(place.tracked, settings.asdict())
    if shard:
        sharding.shard(policy, accelerator.device)
    # Not wrapped for many processes: they add up their gradients once a step (see `spread`), not at each backward.
    prepared = accelerator.prepare_model(policy, evaluation_mode=True)
    optimizer = optimizer_of(policy, settings)
    done, measured = state.load(place.state, policy, optimizer)
    accelerator.wait_for_everyone()  # all have read before the first one writes
    if accelerator.is_main_process:
        _cut(place.metrics, done)
    policy.eval()  # for good: dropout would tell the model in training apart from the one that sampled
    plan = planned(selection.items, settings)
    batches = [[example for i in step for example in selection.items[i].examples] for step in plan]
    passes = choose_passes(
        accelerator, prepared, batches, tokens=settings.micro_tokens, pad_id=pad_id, bf16=bf16, plain=plain
    )
    longest = max(len(example.ids) for example in selection.examples)
    with memory.explained(settings.micro_tokens, longest):
        known = known_before(algorithm, selection.examples, passes, measured)
    step_ = Step(accelerator, policy, optimizer, passes, algorithm, settings, place)
    saved = time.monotonic()
    for step in range(done, len(plan)):
        items = [selection.items[index] for index in plan[step]]
        with memory.explained(settings.micro_tokens, longest):
            figures = step_.take(step, items, known, settings.learning_rate(step, len(plan)))
        epoch = round((step + 1) * settings.epochs / len(plan), 4)
        record = {"step": step + 1, "epoch": epoch, **figures, "zero_signal": round(selection.zero_signal, 4)}
        if accelerator.is_main_process:
            with place.metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
            if track:
                accelerator.log({name: value for name, value in record.items() if value is not None}, step=step + 1)
            heard(step + 1, record)
        due = time.monotonic() - saved > SAVE_EVERY and step + 1 < len(plan)
        if processes.agreed(due) if shard else due and accelerator.is_main_process:
            state.save(place.state, step + 1, policy, optimizer, measured)
            saved = time.monotonic()
    if track:
        accelerator.end_training()


def optimizer_of(policy: Policy, settings: TrainSettings) -> torch.optim.Optimizer:
    """AdamW over what is trained; the value head has a learning rate of its own."""
    critic = [] if policy.value_head is None else list(policy.value_head.parameters())
    head = {id(parameter) for parameter in critic}
    model = [p for p in policy.parameters() if p.requires_grad and id(p) not in head]
    groups = [{"params": model, "peak": settings.lr}]
    if critic:
        groups.append({"params": critic, "peak": getattr(settings, "critic_lr", settings.lr)})
    return torch.optim.AdamW(groups, lr=settings.lr, weight_decay=settings.weight_decay)


def known_before(
    algorithm: Algorithm, examples: Sequence[Example], passes: Passes, measured: dict[str, Tensor]
) -> dict[Example, Columns]:
    """What is known of each sequence before the first step. The reference is measured once, into `measured`."""
    known: dict[Example, Columns] = {example: {} for example in examples}
    if all(example.logprobs for example in examples):
        for example in examples:
            known[example]["behaviour"] = torch.tensor(example.logprobs)
    if algorithm.reference:
        if "reference" not in measured:
            measured["reference"] = torch.cat([outputs.logprobs for outputs in passes.measure(examples)])
        parts = pieces(measured["reference"], [example.trained_tokens for example in examples])
        for example, part in zip(examples, parts, strict=True):
            known[example]["reference"] = part
    return known


def units_of(items: Sequence[Item], known: Known, algorithm: Algorithm, passes: Passes) -> list[list[Work]]:
    """The work of one step, in units that must come to the loss together."""
    examples = [example for item in items for example in item.examples]
    before = {example: dict(known[example]) for example in examples}
    if algorithm.critic:
        for example, outputs in zip(examples, passes.measure(examples), strict=True):
            assert outputs.values is not None, "a policy with a critic gives values"
            before[example]["values"] = outputs.values
    columns = algorithm.columns(items, before)
    works = [Work(example, {**before[example], **one}) for example, one in zip(examples, columns, strict=True)]
    if not algorithm.whole_items:
        return [[work] for work in works]
    left = iter(works)
    return [[next(left) for _ in item.examples] for item in items]


@dataclass(frozen=True)
class Step:
    """What one optimiser step needs."""

    accelerator: Accelerator
    policy: Policy
    optimizer: Any
    passes: Passes
    algorithm: Algorithm
    settings: TrainSettings
    place: Place

    def take(self, step: int, items: Sequence[Item], known: Known, rate: float) -> dict[str, Any]:
        """Take it, at `rate` of the learning rate; its metrics."""
        began = time.monotonic()
        units = units_of(items, known, self.algorithm, self.passes)
        tally = metrics.Tally()

        def loss(outputs: Outputs, columns: Columns) -> Tensor:
            part = self.algorithm.loss(outputs, columns)
            tally.add(part, outputs, columns)
            return part.value

        tokens = self.passes.backward(units, loss)
        tally.gather(self.accelerator)
        self._check("loss", tally.shares["loss"], step, items)
        norm = sharding.clip(self.policy.parameters(), self.settings.clip)
        self._check("gradient's norm", norm, step, items)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        seconds = time.monotonic() - began
        return {
            **tally.figures(),
            **metrics.of_items(items),
            "grad_norm": norm,
            "lr": self.settings.lr * rate,
            "tokens": tokens,
            "tokens_per_second": round(tokens / seconds, 1),
            "memory_gb": round(metrics.memory_gb(self.accelerator.device), 3),
            "seconds": round(seconds, 3),
        }

    def _check(self, what: str, value: float, step: int, items: Sequence[Item]) -> None:
        """Stop where a figure is no number, with the batch on disk."""
        if math.isfinite(value):
            return
        attempts = [attempt for item in items for attempt in item.attempts]
        if self.accelerator.is_main_process:
            self._keep(attempts)
        raise ScaError(
            f"the {what} is {value} in step {step + 1}; try a lower --lr. "
            f"The batch, {len(attempts)} attempts from {attempts[0].id} on, is in {self.place.failed}"
        )

    def _keep(self, attempts: Sequence[Attempt]) -> None:
        with self.place.failed.open("w", encoding="utf-8") as file:
            for attempt in attempts:
                sequences = [
                    {"trained": one.trained, "logprobs": one.logprobs, "ids": one.ids} for one in attempt.examples
                ]
                line = {"id": attempt.id, "run": attempt.run, "reward": attempt.reward, "tokens": sequences}
                file.write(json.dumps(line) + "\n")


def _cut(path: Path, done: int) -> None:
    """Forget the metrics of steps that are made again."""
    lines = path.read_text("utf-8").splitlines(keepends=True)[:done] if path.exists() else []
    path.write_text("".join(lines), encoding="utf-8")
