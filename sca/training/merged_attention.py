"""Attention to several stretches of keys, each by itself and without a mask, merged by their log-sum-exps.

    out = Σ_s exp(l_s − l) out_s,    l = log Σ_s exp(l_s)        s: stretches that a query sees

out_s is softmax attention to stretch s alone and l_s the logarithm of its denominator (Milakov & Gimelshein 2018,
arXiv 1805.02867; as in Dao et al. 2022, arXiv 2205.14135, where the stretches are blocks). With the merged `out` and
`l` a stretch's backward pass is that of the whole: its probabilities are exp(scores − l) and their correction
Σ grad · out. So PyTorch's kernel for CPUs serves, forward and backward, and skips what causality hides.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


class Stretch(NamedTuple):
    """Queries that all see the same keys; where `causal`, as many as there are, and each those up to its own."""

    queries: slice
    keys: slice
    causal: bool


def merged_attention(
    query: Tensor, keys: Tensor, values: Tensor, stretches: Sequence[Stretch], scale: float | None
) -> Tensor:
    """`query` is (1, heads, tokens, size), `keys` and `values` (1, kv heads, keys, size), all on a CPU; like `query`.

    The causal stretches come first, and no two of them have a query in common; what no stretch names is 0.
    """
    merged: Tensor = _Merged.apply(query, keys, values, stretches, scale)  # type: ignore[no-untyped-call]  # torch's
    return merged


class _Merged(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, keys: Tensor, values: Tensor, stretches: Sequence[Stretch], scale: float | None
    ) -> Tensor:
        output = query.new_zeros(query.transpose(1, 2).shape).transpose(1, 2)
        queries, merged = _grouped(query, keys), _grouped(output, keys)
        total = merged.new_zeros(merged.shape[:-1])
        for rows, columns, causal in stretches:
            part, norm = _forward(
                queries[:, :, rows], *_seen(keys, values, columns, queries), is_causal=causal, scale=scale
            )
            if causal:
                merged[:, :, rows], total[:, :, rows] = part, norm
            else:
                both = torch.logaddexp(total[:, :, rows], norm)
                merged[:, :, rows].lerp_(part, (norm - both).exp_()[..., None])
                total[:, :, rows] = both
        ctx.save_for_backward(query, keys, values, output, total)
        ctx.stretches, ctx.scale = stretches, scale
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, keys, values, output, total = ctx.saved_tensors
        found = query.new_zeros(query.transpose(1, 2).shape).transpose(1, 2)
        found_keys, found_values = torch.zeros_like(keys), torch.zeros_like(values)
        queries, given, merged, into = (_grouped(one, keys) for one in (query, gradient, output, found))
        for rows, columns, causal in ctx.stretches:
            of_queries, of_keys, of_values = _backward(
                given[:, :, rows], queries[:, :, rows], *_seen(keys, values, columns, queries), merged[:, :, rows],
                total[:, :, rows], 0.0, causal, scale=ctx.scale,
            )  # fmt: skip
            into[:, :, rows] += of_queries
            found_keys[0, :, columns] += of_keys.sum(1)
            found_values[0, :, columns] += of_values.sum(1)
        return found, found_keys, found_values, None, None


def _grouped(heads: Tensor, keys: Tensor) -> Tensor:
    """(1, heads, tokens, size) as (kv heads, heads of each, tokens, size), without a copy."""
    _, count, tokens, size = heads.shape
    return heads[0].view(keys.shape[1], count // keys.shape[1], tokens, size)


def _seen(keys: Tensor, values: Tensor, columns: slice, queries: Tensor) -> tuple[Tensor, Tensor]:
    """A stretch of keys and values for each head that shares them, without a copy."""
    key, value = (one[0, :, None, columns].expand(-1, queries.shape[1], -1, -1) for one in (keys, values))
    return key, value
