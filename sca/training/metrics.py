"""The figures of each optimiser step; `docs/training.md` says what a high or a low value means."""

import resource
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from sca.training.algorithms import Loss
from sca.training.algorithms.clipping import divergence
from sca.training.attempts import Item
from sca.training.outputs import Columns, Outputs

ALWAYS = ("kl", "kl_behaviour", "clip_fraction")
"""Null where an algorithm or its attempts have no such figure."""


class Tally:
    """Adds up the parts of one step."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = defaultdict(float)
        self.shares: dict[str, float] = defaultdict(float)
        self.tokens = 0

    @torch.no_grad()
    def add(self, loss: Loss, outputs: Outputs, columns: Columns) -> None:
        """A part: the algorithm's own figures add up, the rest become means over tokens."""
        for name, value in {"loss": loss.value, **loss.figures}.items():
            self.shares[name] += value.item()
        self.tokens += len(outputs.logprobs)
        self.sums["entropy"] += outputs.entropy.sum().item()
        if "reference" in columns:
            self.sums["kl"] += divergence(outputs.logprobs, columns["reference"]).sum().item()
        if "behaviour" in columns:
            # The tokens are the sampling model's, so this is its divergence from the one in training.
            self.sums["kl_behaviour"] += divergence(columns["behaviour"], outputs.logprobs).sum().item()

    def gather(self, accelerator: Accelerator) -> None:
        """Add what the other processes added."""
        if accelerator.num_processes == 1:
            return
        others: list[tuple[dict[str, float], dict[str, float], int]]
        others = gather_object([(dict(self.sums), dict(self.shares), self.tokens)])
        self.sums, self.shares = _added([sums for sums, _, _ in others]), _added([shares for _, shares, _ in others])
        self.tokens = sum(tokens for _, _, tokens in others)

    def figures(self) -> dict[str, Any]:
        """Of the whole step."""
        means = {name: value / self.tokens for name, value in self.sums.items()}
        return {**dict.fromkeys(ALWAYS), **self.shares, **means, "trained_tokens": self.tokens}


def _added(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for part in parts:
        for name, value in part.items():
            total[name] += value
    return total


def of_items(items: Sequence[Item]) -> dict[str, float]:
    """`reward` and `length`: means over the attempts of a step."""
    attempts = [attempt for item in items for attempt in item.attempts]
    return {
        "reward": sum(attempt.reward for attempt in attempts) / len(attempts),
        "length": sum(attempt.trained_tokens for attempt in attempts) / len(attempts),
    }


def memory_gb(device: torch.device) -> float:
    """Most memory so far, in GB (10⁹ bytes): of the GPU by this process, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
