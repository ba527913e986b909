"""Trainer and transformers engine on a GPU in bfloat16, beside a plain transformers loop.

    python benchmarks/gpu_check.py              `make gpu-check`; needs torch with CUDA, and no Docker
    python benchmarks/gpu_check.py --device cpu the same code with a small model, to see that it runs

Trains a random Qwen2 on the attempts of `benchmarks/train.py`: rows side by side, shared prefixes, and a loop that
any user of transformers would write (one attempt at a time, logits of all positions). Utilisation is 6 · parameters ·
tokens that went through the model a second, over the GPU's dense bfloat16 peak (Chowdhery et al. 2022, appendix B,
without the attention term). Exit code 1 where a figure is wrong. The last line is JSON.
"""

import argparse
import asyncio
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from parts.attempts import VOCABULARY, attempts
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, Qwen2Config

from sca.engines import Request, Sampling
from sca.engines.opening import SHIPPED
from sca.engines.transformers_engine import TransformersEngine
from sca.training.attempts import Example
from sca.training.choice import choose_passes
from sca.training.passes import PaddedPasses, Passes, Work
from sca.training.policy import Policy
from sca.training.shared import SharedPasses

PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40": 181e12, "4090": 165e12}
"""Dense bfloat16 operations a second, from the makers' data sheets."""
SIZES = {
    "cuda": {"hidden_size": 1_024, "intermediate_size": 2_816, "num_hidden_layers": 16, "num_attention_heads": 16},
    "cpu": {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4},
}
TOKENS = 16_384
"""At once."""


@dataclass(frozen=True)
class Found:
    """What one way to train came to."""

    tokens_per_s: float
    """Of the attempts."""
    through_per_s: float
    """Through the model."""
    peak_gb: float
    loss: float


def main() -> int:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    device = parser.parse_args().device
    if device == "cuda" and not torch.cuda.is_available():
        print("gpu-check: torch sees no GPU here", file=sys.stderr)
        return 1
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    print(f"{name}, torch {torch.__version__}")
    figures: dict[str, Any] = {**training(device, name), **generation(device)}
    print(json.dumps(figures))
    return 0 if figures["loss_difference"] < 0.01 and math.isfinite(figures["engine_tokens_per_s"]) else 1


def training(device: str, name: str) -> dict[str, float | None]:
    """The three ways, in one run."""
    examples = attempts() if device == "cuda" else attempts()[:4]
    accelerator = Accelerator(mixed_precision="bf16", cpu=device == "cpu")
    model = random_model(device).to(accelerator.device)
    policy = Policy(model).train()
    prepared = accelerator.prepare_model(policy, evaluation_mode=True)
    settings: dict[str, Any] = {"tokens": TOKENS, "bf16": True}
    plain = measured(accelerator, lambda: loop(accelerator, model, examples), examples, model)
    rows = measured(
        accelerator, ours(PaddedPasses(accelerator, prepared, pad_id=0, **settings), examples), examples, model
    )
    chosen = choose_passes(accelerator, prepared, [examples], pad_id=0, plain=None, **settings)
    assert isinstance(chosen, SharedPasses), "the model's attention takes shared prefixes"
    shared = measured(accelerator, ours(chosen, examples), examples, model)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    peak = next((value for part, value in PEAK.items() if part in name), math.nan)
    for label, found in (("plain loop", plain), ("rows side by side", rows), ("shared prefixes", shared)):
        used = 6 * parameters * found.through_per_s / peak
        print(
            f"{label:18} {found.tokens_per_s:9.0f} tokens/s, {found.through_per_s:9.0f} through the model, "
            f"utilisation {used:.1%}, peak {found.peak_gb:.2f} GB, loss {found.loss:.5f}"
        )
    return {
        "train_tokens_per_s": round(shared.tokens_per_s),
        "train_ratio_plain": round(shared.tokens_per_s / plain.tokens_per_s, 2),
        "mfu": round(6 * parameters * shared.through_per_s / peak, 4) if math.isfinite(peak) else None,
        "peak_gb": round(shared.peak_gb, 3),
        "plain_peak_gb": round(plain.peak_gb, 3),
        "loss_difference": abs(shared.loss - plain.loss) / abs(plain.loss),
    }


def random_model(device: str) -> nn.Module:
    """In float32, as weights in training are."""
    torch.manual_seed(0)
    config = Qwen2Config(vocab_size=VOCABULARY, num_key_value_heads=2, max_position_embeddings=4_096, **SIZES[device])
    made: nn.Module = AutoModelForCausalLM.from_config(config)
    return made


def ours(passes: Passes, examples: Sequence[Example]) -> Callable[[], tuple[float, int]]:
    """Loss and gradients of SFT by one of our ways; the loss, and how many tokens went through the model."""
    count = sum(example.trained_tokens for example in examples)
    units = [[Work(example, {"weight": torch.full((example.trained_tokens,), 1 / count)})] for example in examples]

    def step() -> tuple[float, int]:
        total: list[Tensor] = []

        def loss(outputs: Any, columns: Any) -> Tensor:
            value: Tensor = -(columns["weight"] * outputs.logprobs).sum()
            total.append(value.detach())
            return value

        through = passes.backward(units, loss)
        return float(sum(total)), through

    return step


def loop(accelerator: Accelerator, model: nn.Module, examples: Sequence[Example]) -> tuple[float, int]:
    """The same with transformers alone."""
    count = sum(example.trained_tokens for example in examples)
    total = 0.0
    for example in examples:
        ids = torch.tensor([example.ids], device=accelerator.device)
        labels = torch.full_like(ids, -100)
        for start, end in example.trained:
            labels[0, start:end] = ids[0, start:end]
        with accelerator.autocast():
            loss = model(input_ids=ids, labels=labels, use_cache=False, num_items_in_batch=count).loss
        loss.backward()
        total += loss.item()
    return total, sum(len(example.ids) for example in examples)


def measured(
    accelerator: Accelerator, step: Callable[[], tuple[float, int]], examples: Sequence[Example], model: nn.Module
) -> Found:
    """The second of two steps."""
    on_gpu = accelerator.device.type == "cuda"
    found = Found(0, 0, 0, 0)
    for _ in range(2):
        model.zero_grad()
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
            torch.cuda.synchronize()
        began = time.perf_counter()
        loss, through = step()
        if on_gpu:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - began
        tokens = sum(len(example.ids) for example in examples)
        found = Found(tokens / seconds, through / seconds, 0, loss)
    return replace(found, peak_gb=torch.cuda.max_memory_allocated() / 1e9) if on_gpu else found


def generation(device: str) -> dict[str, float]:
    """The shipped model behind the transformers engine: many completions at once."""
    return asyncio.run(_generation(device, rows=256 if device == "cuda" else 8))


async def _generation(device: str, rows: int) -> dict[str, float]:
    engine = TransformersEngine(Path(SHIPPED), device=device, dtype="bfloat16" if device == "cuda" else "float32")
    async with engine:
        assert engine.renderer is not None
        messages = [{"role": "user", "content": "What is 12.5 plus a tariff of 8 percent?"}]
        ids = engine.renderer.prompt(messages)
        sampling = Sampling(max_tokens=128)
        requests = [Request(f"check:{row}", messages, ids, sampling, seed=row) for row in range(rows)]
        await asyncio.gather(*map(engine.complete, requests))
        began = time.perf_counter()
        completions = await asyncio.gather(*map(engine.complete, requests))
        seconds = time.perf_counter() - began
    tokens = sum(len(completion.token_ids or ()) for completion in completions)
    print(f"engine: {rows} completions at once, {tokens / seconds:.0f} tokens/s")
    return {"engine_tokens_per_s": round(tokens / seconds)}


if __name__ == "__main__":
    sys.exit(main())
