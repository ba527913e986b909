"""Muon (Jordan et al. 2024): momentum whose matrices are brought to singular values near 1 before they are applied.

`torch.optim.Muon` does that in bfloat16 only, which takes seconds a step on a processor that does not multiply it, as
most do not. This one takes the precision that is fast here, and the matrices of one size together.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import overload

import torch
from torch import Tensor

_STEPS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315
"""Coefficients of the quintic iteration, from Jordan's article, as `torch.optim.Muon` has them."""


class Muon(torch.optim.Optimizer):
    """For matrices only. The update is scaled to AdamW's usual size, 0.2 * sqrt(longer side) (Liu et al. 2025)."""

    def __init__(
        self, matrices: Iterable[Tensor], lr: float, momentum: float, weight_decay: float, dtype: torch.dtype
    ) -> None:
        """`dtype` is what the iteration computes in."""
        super().__init__(list(matrices), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update each matrix that has a gradient; `closure`, if given, computes the loss and the gradients first."""
        loss = None if closure is None else closure()
        self._update()
        return loss

    @torch.no_grad()
    def _update(self) -> None:
        for group in self.param_groups:
            for matrices in _of_one_size(group["params"]):
                directions = orthogonalised(torch.stack([self._momentum(m, group) for m in matrices]), self.dtype)
                for matrix, direction in zip(matrices, directions, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"])
                    matrix.add_(direction.to(matrix.dtype), alpha=-group["lr"] * 0.2 * math.sqrt(max(matrix.shape)))

    def _momentum(self, matrix: Tensor, group: dict[str, float]) -> Tensor:
        """Nesterov's."""
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        buffer: Tensor = state["momentum_buffer"]
        gradient = matrix.grad
        assert gradient is not None
        buffer.lerp_(gradient, 1 - group["momentum"])
        return gradient.lerp(buffer, group["momentum"])


def orthogonalised(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """Each of the matrices (number, rows, columns) with its singular values brought to about 0.7 to 1.2."""
    tall = matrices.shape[1] > matrices.shape[2]
    found = (matrices.mT if tall else matrices).to(dtype)
    found = found / found.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = found @ found.mT
        found = _A * found + torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C) @ found
    same_shape: Tensor = found.mT if tall else found
    return same_shape


def _of_one_size(matrices: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    shelves: dict[torch.Size, list[Tensor]] = {}
    for matrix in matrices:
        if matrix.grad is not None:
            shelves.setdefault(matrix.shape, []).append(matrix)
    yield from shelves.values()
