"""How much memory a run will take, told before it starts, and what to do where there is not enough.

    weights     4 bytes each (those that LoRA leaves as they are: as they were loaded)
    training    12 bytes for each trained weight: gradient and AdamW's two moments, in float32; online, where the
                divergence from the start counts, 4 more for the weights as they were
    activations for each token that goes through the model at once, each layer keeps about 16 values of the hidden
                size and 4 of the inner size (fewer by autocast, where half of them are in bfloat16), and attention
                that is not fused its scores; where there is loss, about 4 copies of the logits in float32

The first two are exact, the last is a rule of thumb for Llama-like layers (Korthikanti et al. 2022, arXiv 2205.05198,
count 34 bytes × hidden in half precision with the inner size four times the hidden one).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from transformers import PreTrainedModel

from sca.errors import ScaError
from sca.training.lora import adapted
from sca.training.settings import TrainSettings

GB = 1e9
ADVICE = "a lower --micro-tokens takes less, then a lower --max-length, then --lora"
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Estimate:
    """In bytes."""

    weights: int
    training: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.training + self.activations

    def shared(self, processes: int) -> "Estimate":
        """Of each process's own GPU, with the weights spread over them; on a CPU they lie in one memory after all."""
        count = processes if torch.cuda.is_available() else 1
        return Estimate(self.weights // count, self.training // count, self.activations)

    def __str__(self) -> str:
        """One phrase for a person."""
        parts = f"weights {self.weights / GB:.1f}, training {self.training / GB:.1f}"
        return f"{self.total / GB:.1f} GB ({parts}, activations {self.activations / GB:.1f})"


def estimate(
    model: PreTrainedModel, settings: TrainSettings, *, longest: int, bf16: bool, start: bool = False
) -> Estimate:
    """Of training a model of which only the outline is there; `longest` is the length of the longest sequence.

    With `start` a copy of what is trained is held as it was at the start. The outline gets adapters where there are
    some. Raises `UsageError` where `lora_targets` names no layer.
    """
    config = model.config.get_text_config()
    count = sum(parameter.numel() for parameter in model.parameters())
    trained, frozen = count, 0
    if settings.lora:
        with_adapters = adapted(model, settings, "")
        trained = sum(parameter.numel() for parameter in with_adapters.parameters() if parameter.requires_grad)
        frozen = count * (2 if bf16 else 4)
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    through = max(settings.micro_tokens, longest)
    values = through * config.num_hidden_layers * (16 * config.hidden_size + 4 * inner)
    width = 3 if bf16 else 4  # bytes a value: half of them in bfloat16
    activations = values * width + through * config.vocab_size * 16
    return Estimate(frozen + 4 * trained, (16 if start else 12) * trained, activations)


def available() -> int:
    """Bytes that are free: of the GPU where there is one, else of the machine and of this container."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    free: list[int] = [psutil.virtual_memory().available]
    with suppress(OSError, ValueError):  # where there is no limit
        free.append(int((CGROUP / "memory.max").read_text()) - int((CGROUP / "memory.current").read_text()))
    return min(free)


def check(need: Estimate, free: int) -> str | None:
    """A warning where it may not do. Raises `ScaError` where weights, gradients and moments alone do not fit."""
    if need.weights + need.training > free:
        raise ScaError(
            f"training takes {need}, and {free / GB:.1f} GB are free: it cannot fit; "
            "use --lora, a smaller model, or a machine with more memory"
        )
    if need.total > free:
        return f"training may take {need}, and {free / GB:.1f} GB are free; {ADVICE}"
    return None


@contextmanager
def explained(at_once: int, longest: int) -> Iterator[None]:
    """Where memory runs out in here, raise `ScaError` with what to change."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        raise ScaError(
            f"out of memory with {at_once} tokens at once and the longest attempt of {longest}; {ADVICE}. "
            "With another --micro-tokens the same command goes on from the last saved state"
        ) from error


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory could not be had."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )
