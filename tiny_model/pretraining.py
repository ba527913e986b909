"""Pretraining: Muon on the matrices, AdamW on the rest; killed at any moment it goes on from its last snapshot.

Muon needs about a third of the tokens that AdamW needs here.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from itertools import islice
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

from tiny_model.batches import IGNORED, Batch, batches
from tiny_model.documents import Document
from tiny_model.muon import Muon
from tiny_model.settings import BATCH_TOKENS, CLIP, LENGTH_STEP, MOMENTUM, WEIGHT_DECAY, Phase

_SNAPSHOT_SECONDS = 120.0


def train(model: LlamaForCausalLM, documents: Sequence[Document], phase: Phase, work: Path) -> None:
    """Train `model` in place for one phase. Snapshots and `NAME.metrics.jsonl` go into `work`."""
    optimizers = _optimizers(model, phase.peak)
    snapshot = work / f"{phase.name}.snapshot.pt"
    plan = list(
        batches(documents, int(model.config.pad_token_id or 0), BATCH_TOKENS, LENGTH_STEP, phase.seed, phase.tokens)
    )
    done = _load(snapshot, model, optimizers)
    saved = time.monotonic()
    model.train()
    for step, loss in _steps(model, optimizers, plan, done, phase):
        if step % 20 == 0 or step == len(plan):
            _report(work / f"{phase.name}.metrics.jsonl", phase.name, step, len(plan), loss)
        if time.monotonic() - saved > _SNAPSHOT_SECONDS:
            _save(snapshot, model, optimizers, step)
            saved = time.monotonic()
    snapshot.unlink(missing_ok=True)


def loss_of(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy (nats) over the agent's own tokens of the batch."""
    with _autocast():
        hidden = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state  # (rows, length, hidden)
        labels = batch.labels.flatten()
        if not _fast_bfloat16():  # else all of them: each new shape costs bfloat16 more than it saves
            own = labels != IGNORED
            hidden, labels = hidden.flatten(0, 1)[own], labels[own]
        logits = model.lm_head(hidden)
    return cross_entropy(logits.float().flatten(0, -2), labels, ignore_index=IGNORED)


def _steps(
    model: LlamaForCausalLM,
    optimizers: Sequence[torch.optim.Optimizer],
    plan: Sequence[Batch],
    done: int,
    phase: Phase,
) -> Iterator[tuple[int, float]]:
    """The number of each step once it is made, with its loss."""
    for step, batch in enumerate(islice(plan, done, None), done + 1):
        rate = _rate(step, len(plan), phase)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for optimizer in optimizers:
            optimizer.step()
        yield step, loss.item()


def _rate(step: int, steps: int, phase: Phase) -> float:
    warmed = min(1.0, step / phase.warmup) if phase.warmup else 1.0
    left = 1 - (step - 1) / steps if phase.decays else 1.0
    return phase.peak * warmed * left


def _optimizers(model: LlamaForCausalLM, rate: float) -> list[torch.optim.Optimizer]:
    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    return [
        Muon(
            matrices,
            lr=rate,
            momentum=MOMENTUM,
            weight_decay=WEIGHT_DECAY,
            dtype=torch.bfloat16 if _fast_bfloat16() else torch.float32,
        ),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def _autocast() -> AbstractContextManager[None]:
    return torch.autocast("cpu", torch.bfloat16, enabled=_fast_bfloat16())


@cache
def _fast_bfloat16() -> bool:
    """Whether the processor multiplies it; elsewhere it would only be slower."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _save(path: Path, model: LlamaForCausalLM, optimizers: Sequence[torch.optim.Optimizer], step: int) -> None:
    """Written beside and renamed, so that a kill while saving costs nothing."""
    state = {"step": step, "model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers]}
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    beside.replace(path)


def _load(path: Path, model: LlamaForCausalLM, optimizers: Sequence[torch.optim.Optimizer]) -> int:
    """Steps already made; 0 without a snapshot."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return int(state["step"])


def _report(path: Path, name: str, step: int, steps: int, loss: float) -> None:
    print(f"{name}: step {step}/{steps}, loss {loss:.3f}", flush=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"step": step, "steps": steps, "loss": round(loss, 4), "time": time.time()}) + "\n")
