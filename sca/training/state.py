"""The state of an interrupted run: step, weights that are trained, optimiser, and what was measured at its beginning.

All as safetensors and JSON, read without unpickling. Weights and moments are whole, also where the run spreads them
over processes, so a run may go on in any number of them, spread or not.

A state is written beside the last one and takes its place by a rename, so that one of them is always whole.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from sca.errors import ScaError
from sca.training import processes
from sca.training.sharding import spread_as, whole


def save(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    measured: dict[str, Tensor] | None = None,
) -> None:
    """Keep what the run needs to go on after `step` steps; `measured` comes back as it is.

    Where weights are spread over processes all of these are to call it. Only the first one writes.
    """
    weights, moments = gathered(model), _gathered(_optimizer_tensors(optimizer))
    if processes.rank():
        return
    fresh = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(weights, fresh / "weights.safetensors")
    save_file(moments, fresh / "optimizer.safetensors")
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
        with suppress(FileNotFoundError):  # of several processes one is the first
            old.rename(folder)  # killed between the two renames
    if not folder.exists():
        return 0, {}
    try:
        step = int(json.loads((folder / "state.json").read_text("utf-8"))["step"])
        weights = load_file(folder / "weights.safetensors")
        held = load_file(folder / "optimizer.safetensors")
        measured = load_file(folder / "measured.safetensors")
        put(weights, model)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ScaError(f"{folder} cannot be read ({error}); --force begins afresh") from error
    _restore(optimizer, held)
    return step, measured


def put(weights: dict[str, Tensor], model: nn.Module) -> None:
    """Let what is trained be `weights`, whole and by name. Raises `KeyError` or `RuntimeError` if they do not fit."""
    with torch.no_grad():
        for name, parameter in _trained(model):
            parameter.copy_(spread_as(weights[name], parameter))


def gathered(model: nn.Module) -> dict[str, Tensor]:
    """What is trained, whole and by name, on the CPU; nothing but in the first process, and all are to call it."""
    # Shared tensors (tied embeddings) come once here, as `named_parameters` names each tensor once.
    return _gathered(_trained(model))


def _gathered(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """One after the other, so that no process holds more than one that it does not keep."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors:
        full = whole(tensor.detach())
        if not processes.rank():
            found[name] = full.cpu().contiguous()
    return found


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    state: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    return (
        (f"{index}.{name}", value.detach().clone())
        for index, values in state.items()
        for name, value in values.items()
    )


def _restore(optimizer: torch.optim.Optimizer, held: dict[str, Tensor]) -> None:
    parameters: list[Tensor] = [one for group in optimizer.param_groups for one in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in held.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        of_each_weight = value.shape == parameter.shape
        state.setdefault(int(index), {})[name] = spread_as(value, parameter) if of_each_weight else value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
