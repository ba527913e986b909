"""Muon: the same steps as torch's own, and singular values near 1."""

import pytest
import torch

from tiny_model.muon import Muon, orthogonalised

SHAPES = ((24, 40), (40, 24), (32, 32), (24, 40))


def _ours(matrices):
    return Muon(matrices, lr=1e-2, momentum=0.95, weight_decay=0.05, dtype=torch.float32)


def _torchs(matrices):
    return torch.optim.Muon(
        matrices, lr=1e-2, momentum=0.95, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"
    )  # fmt: skip


def _trained(make, start, gradients):
    matrices = [torch.nn.Parameter(matrix.clone()) for matrix in start]
    optimizer = make(matrices)
    for of_step in gradients:
        for matrix, gradient in zip(matrices, of_step, strict=True):
            matrix.grad = gradient.clone()
        optimizer.step()
    return [matrix.detach() for matrix in matrices]


def test_it_steps_as_torchs_does_up_to_the_rounding_of_bfloat16():
    torch.manual_seed(0)
    start = [torch.randn(shape) for shape in SHAPES]
    gradients = [[torch.randn(shape) for shape in SHAPES] for _ in range(4)]
    ours, torchs = (_trained(make, start, gradients) for make in (_ours, _torchs))
    for mine, theirs, begin in zip(ours, torchs, start, strict=True):
        assert torch.norm(mine - theirs) < 0.03 * torch.norm(mine - begin)


@pytest.mark.parametrize("shape", [(3, 24, 40), (3, 40, 24)])
def test_singular_values_come_near_1(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalised(torch.randn(shape), torch.float32))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_a_matrix_without_a_gradient_stays():
    matrix = torch.nn.Parameter(torch.ones(3, 4))
    _ours([matrix]).step()
    assert torch.equal(matrix, torch.ones(3, 4))


def test_a_closure_gives_the_loss_and_the_gradients():
    matrix = torch.nn.Parameter(torch.eye(3))
    optimizer = _ours([matrix])

    def closure():
        optimizer.zero_grad()
        loss = matrix.square().sum()
        loss.backward()
        return loss.item()

    assert optimizer.step(closure) == 3
    assert matrix.detach().diagonal().max() < 1
