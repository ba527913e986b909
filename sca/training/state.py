"""The state of an interrupted run: step, weights that are trained, optimiser, and what was measured at its beginning.

All as safetensors and JSON, read without unpickling.

A state is written beside the last one and takes its place by a rename, so that one of them is always whole.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from sca.errors import ScaError


def save(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    measured: dict[str, Tensor] | None = None,
) -> None:
    """Keep what the run needs to go on after `step` steps; `measured` comes back as it is."""
    fresh = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(_parameters(model), fresh / "weights.safetensors")
    save_file(_optimizer_tensors(optimizer), fresh / "optimizer.safetensors")
    save_file(measured or {}, fresh / "measured.safetensors")
    (fresh / "state.json").write_text(json.dumps({"step": step}), encoding="utf-8")
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def load(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, dict[str, Tensor]]:
    """Take up a saved state; returns the number of steps done (0 where there is none) and what was measured.

    Raises `ScaError` if broken.
    """
    old = folder.with_name(folder.name + ".old")
    if not folder.exists() and old.exists():
        old.rename(folder)  # killed between the two renames
    if not folder.exists():
        return 0, {}
    try:
        step = int(json.loads((folder / "state.json").read_text("utf-8"))["step"])
        weights = load_file(folder / "weights.safetensors")
        held = load_file(folder / "optimizer.safetensors")
        measured = load_file(folder / "measured.safetensors")
        with torch.no_grad():
            for name, parameter in _trained(model):
                parameter.copy_(weights[name])
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ScaError(f"{folder} cannot be read ({error}); --force begins afresh") from error
    _restore(optimizer, held)
    return step, measured


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)


def _parameters(model: nn.Module) -> dict[str, Tensor]:
    # Shared tensors (tied embeddings) come once here, as `named_parameters` names each tensor once.
    return {name: parameter.detach().contiguous() for name, parameter in _trained(model)}


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    state: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": value.detach().clone().contiguous()
        for index, values in state.items()
        for name, value in values.items()
    }


def _restore(optimizer: torch.optim.Optimizer, held: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in held.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
