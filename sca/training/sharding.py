"""A model whose weights are spread over the processes (FSDP, by torch's `fully_shard`).

Each process holds a share of every weight, of its gradient and of its moments, and layers are gathered when they are
due. So all processes go through the layers side by side, equally often. Zhao et al. 2023, arXiv 2304.11277.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from sca.training.attempts import Example
from sca.training.batching import ROUND, MicroBatch
from sca.training.passes import PaddedPasses
from sca.training.policy import Policy, innermost


def shard(policy: Policy, device: torch.device) -> None:
    """Spread the weights of `policy` over all processes, which hold the same; its class changes in place.

    A unit is what the model says is not to be split, a layer mostly; embeddings and heads are another.
    """
    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    model = innermost(policy.model)
    whole = set(model._no_split_modules or ())
    for module in model.modules():
        if type(module).__name__ in whole:
            fully_shard(module, mesh=mesh)
    # By default the last unit would stay gathered after a pass, and optimiser and state see only what is spread.
    fully_shard(policy, mesh=mesh, reshard_after_forward=True)
    for module in policy.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)  # losses are weighted beforehand (see `spread`): a sum, no mean
            module.set_force_sum_reduction_for_comms(True)  # gloo knows no other


def is_sharded(module: nn.Module) -> bool:
    """Whether `shard` was here."""
    return isinstance(module, FSDPModule)


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that is spread; every process is to ask. Others come back as they are."""
    if isinstance(tensor, DTensor):
        full: Tensor = tensor.full_tensor()
        return full
    return tensor


def spread_as(value: Tensor, parameter: Tensor) -> Tensor:
    """This process's share of `value`, which all have, where `parameter` is spread; else all of it."""
    if not isinstance(parameter, DTensor):
        return value
    placed = value.to(parameter.device)
    return distribute_tensor(placed, parameter.device_mesh, parameter.placements, src_data_rank=None)


def clip(parameters: Iterable[Tensor], most: float) -> float:
    """Scale all gradients together to a norm of at most `most`, spread or not; returns the norm as it was."""
    trained = [parameter for parameter in parameters if parameter.grad is not None]
    norm = whole(nn.utils.get_total_norm([parameter.grad for parameter in trained if parameter.grad is not None]))
    nn.utils.clip_grads_with_norm_(trained, most, norm)
    return norm.item()


class EvenPasses(PaddedPasses):
    """As many as the process with most of them; those too many carry nothing."""

    def _batches(self, units: Sequence[Sequence[Example]]) -> list[MicroBatch]:
        own = super()._batches(units)
        counts = self.accelerator.gather(torch.tensor([len(own)], device=self.accelerator.device))
        return own + [MicroBatch((), 1, ROUND)] * (int(counts.max()) - len(own))
