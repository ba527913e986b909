"""A step's work over several processes, each with a share of the sequences, and with all or a share of the weights.

An algorithm fixes the weight of every token for the whole step beforehand, so the gradients of the shares just add
up: whatever the shares are, the sum is that of one process, with nothing to correct for unequal numbers of tokens.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn

from sca.training.attempts import Example
from sca.training.outputs import Outputs
from sca.training.passes import LossOf, Passes, Work
from sca.training.sharding import is_sharded


class SpreadPasses:
    """See `sca.training.passes.Passes`; every process is to call it with the same work."""

    def __init__(self, accelerator: Accelerator, passes: Passes, policy: nn.Module) -> None:
        """`passes` do this process's share."""
        self.accelerator = accelerator
        self.passes = passes
        self.policy = policy
        self.sharded = is_sharded(policy)  # then gradients are summed on the way, and each takes part in each pass

    def measure(self, examples: Sequence[Example]) -> list[Outputs]:
        """See `Passes.measure`."""
        mine = self._share([len(example.ids) for example in examples])
        found = self.passes.measure(examples[mine]) if mine.start < mine.stop or self.sharded else []
        gathered: list[Outputs] = gather_object(found)
        return gathered

    def backward(self, units: Sequence[Sequence[Work]], loss: LossOf) -> int:
        """See `Passes.backward`; `loss` hears of this process's share alone."""
        mine = self._share([sum(len(work.example.ids) for work in unit) for unit in units])
        through = self.passes.backward(units[mine], loss) if mine.start < mine.stop or self.sharded else 0
        if not self.sharded:
            self._sum_gradients()
        return int(self.added(torch.tensor([float(through)], device=self.accelerator.device)))

    def _sum_gradients(self) -> None:
        for parameter in self.policy.parameters():
            if parameter.requires_grad:
                own = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                parameter.grad = self.accelerator.reduce(own, reduction="sum")

    def added(self, figures: Tensor) -> Tensor:
        """The sum of a tensor over the processes."""
        total: Tensor = self.accelerator.reduce(figures, reduction="sum")
        return total

    def _share(self, sizes: Sequence[int]) -> slice:
        """Neighbours, which have prefixes in common, of about an equal number of ids for each process."""
        rank, count = self.accelerator.process_index, self.accelerator.num_processes
        ends = list(accumulate(sizes))
        whole = ends[-1] if ends else 0
        # A unit belongs to the process in whose stretch of the ids its middle lies.
        owners = [int((end - size / 2) * count / whole) for end, size in zip(ends, sizes, strict=True)]
        return slice(sum(owner < rank for owner in owners), sum(owner <= rank for owner in owners))
