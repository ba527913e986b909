"""Attention over a forest: both ways to compute it against one softmax under a mask."""

import random
from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from sca.training.forest import Visit, grow, visits
from sca.training.tree_attention import Scene, _branch_by_branch, tree_attention

HEADS, SHARED, SIZE = 4, 2, 8
LAYER = SimpleNamespace(layer_idx=0)


def visit_below() -> tuple[Visit, Visit]:
    """The visit of a stem by itself, and one of what grows from it: two levels of branches, and one without any."""
    dice = random.Random(0)

    def some(count: int) -> tuple[int, ...]:
        return tuple(dice.randrange(100) for _ in range(count))

    stem, turn = some(40), some(20)
    deep = stem + turn + some(18)
    top = visits(grow([stem + turn + some(17), deep + some(20), deep + some(3), stem + some(9)]).roots, 90)
    assert len(top[0].children) == 1
    return top[0], top[0].children[0]


def drawn(stem: Visit, below: Visit) -> list[torch.Tensor]:
    """Queries, keys and values of the lower visit with two rows of padding; keys and values of the stem."""
    torch.manual_seed(0)
    own, over = below.end - below.start + 2, stem.end - stem.start
    sizes = [(HEADS, own), (SHARED, own), (SHARED, own), (SHARED, over), (SHARED, over)]
    # Laid out as models do: heads side by side for each token.
    return [torch.randn(1, tokens, heads, SIZE).transpose(1, 2).requires_grad_() for heads, tokens in sizes]


def by_mask(stem: Visit, below: Visit, query, key, value, over, told) -> torch.Tensor:
    """Each token sees the tokens of its branch's path that do not come after it."""
    own, rows = below.end - below.start, query.shape[2]
    places = [*range(stem.start, stem.end), *range(below.start, below.end), None, None]
    mask = torch.zeros(rows, len(places), dtype=torch.bool)
    for branch in below.branches:
        for place in range(branch.start, branch.end):
            seen = [p is not None and p <= place and any(a <= p < b for a, b in branch.path) for p in places]
            mask[place - below.start] = torch.tensor(seen)
    keys, values = torch.cat([over, key], 2), torch.cat([told, value], 2)
    output = scaled_dot_product_attention(query[:, :, :own], keys, values, attn_mask=mask[:own], enable_gqa=True)
    return torch.cat([output, torch.zeros_like(query[:, :, own:])], 2).transpose(1, 2)


@pytest.mark.parametrize("way", ["merged", "branch by branch"])
def test_output_and_gradients_are_those_of_one_softmax_under_a_mask(way):
    stem, below = visit_below()
    tensors = drawn(stem, below)
    query, key, value, over, told = tensors
    scene = Scene(below, {(stem.start, stem.end): {0: (over, told)}})
    if way == "merged":
        found = tree_attention(LAYER, query, key, value, None, scene=scene)[0]
    else:  # that of GPUs
        found = _branch_by_branch(query, *scene.lengthened(0, key, value), scene, 0.0, None).transpose(1, 2)
    expected = by_mask(stem, below, *tensors)
    weight = torch.randn(expected.shape)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    for one, other in zip(
        torch.autograd.grad((found * weight).sum(), tensors),
        torch.autograd.grad((expected * weight).sum(), tensors),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=2e-6, rtol=1e-5)
