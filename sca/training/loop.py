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
from torch import nn

from sca.errors import ScaError
from sca.training import state
from sca.training.batching import micro_batches, steps
from sca.training.data import Example
from sca.training.losses import negative_log_likelihood
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


def train(
    model: nn.Module,
    examples: Sequence[Example],
    settings: TrainSettings,
    place: Place,
    *,
    pad_id: int,
    bf16: bool,
    heard: Heard,
) -> nn.Module:
    """Train `model` in place and return it; goes on from `place.state` where there is one.

    The loss of a step is the mean over its trained tokens, whatever micro-batches they come in. In fp32 on a CPU an
    interrupted run ends with the very weights of an uninterrupted one. Raises `ScaError` when the loss is no number.
    """
    accelerator = Accelerator(mixed_precision="bf16" if bf16 else "no")
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    done = state.load(place.state, model, optimizer)
    _cut(place.metrics, done)
    model, optimizer = accelerator.prepare(model, optimizer)
    model.train()
    plan = steps(examples, batch_size=settings.batch_size, epochs=settings.epochs, seed=settings.seed)
    saved = time.monotonic()
    for step in range(done, len(plan)):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate(step, len(plan))
        chosen = [examples[index] for index in plan[step]]
        metrics = _step(accelerator, model, optimizer, chosen, settings, pad_id, bf16=bf16)
        record = {"step": step + 1, "epoch": round((step + 1) * settings.epochs / len(plan), 4), **metrics}
        with place.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        heard(step + 1, record)
        if time.monotonic() - saved > SAVE_EVERY and step + 1 < len(plan):
            state.save(place.state, step + 1, accelerator.unwrap_model(model), optimizer)
            saved = time.monotonic()
    trained: nn.Module = accelerator.unwrap_model(model)
    return trained.eval()


def _step(
    accelerator: Accelerator,
    model: nn.Module,
    optimizer: Any,
    chosen: Sequence[Example],
    settings: TrainSettings,
    pad_id: int,
    *,
    bf16: bool,
) -> dict[str, Any]:
    """One optimiser step; its metrics."""
    began = time.monotonic()
    count = sum(example.trained_tokens for example in chosen)
    total, tokens = 0.0, 0
    on_cpu = accelerator.device.type == "cpu"
    for batch in micro_batches(chosen, tokens=settings.micro_tokens, pad_id=pad_id, fixed_rows=bf16 and on_cpu):
        ids, mask = batch.ids.to(accelerator.device), batch.mask.to(accelerator.device)
        loss = negative_log_likelihood(model(input_ids=ids, use_cache=False).logits, ids, mask) / count
        if not math.isfinite(loss.item()):
            names = ", ".join(example.id for example in chosen)
            raise ScaError(f"the loss is {loss.item()}; try a lower --lr. The batch was {names}")
        accelerator.backward(loss)
        total += loss.item()
        tokens += ids.numel()
    norm = accelerator.clip_grad_norm_(model.parameters(), settings.clip)
    optimizer.step()
    optimizer.zero_grad()
    seconds = time.monotonic() - began
    return {
        "loss": total,
        "trained_tokens": count,
        "tokens_per_second": round(tokens / seconds, 1),
        "grad_norm": float(norm) if norm is not None else None,
        "lr": optimizer.param_groups[0]["lr"],
        "seconds": round(seconds, 3),
    }


def _cut(metrics: Path, done: int) -> None:
    """Forget the metrics of steps that are made again."""
    lines = metrics.read_text("utf-8").splitlines(keepends=True)[:done] if metrics.exists() else []
    metrics.write_text("".join(lines), encoding="utf-8")
