"""Attention over a forest of shared prefixes, for any model of transformers that takes its attention by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface

from sca.training.forest import Span, Visit

NAME = "sca_tree"
"""What a model's `set_attn_implementation` is told. No mask is registered under it, so models make none."""

Layers = dict[int, tuple[Tensor, Tensor]]
"""Layer → keys and values, each (1, kv heads, tokens, size)."""


@dataclass
class Scene:
    """One visit, as the attention of every layer sees it."""

    visit: Visit
    above: dict[Span, Layers]
    """Of the branches above: leaves, which collect the gradients of all visits below them."""
    recorded: Layers | None = None
    """Filled in the forward pass where visits below will ask for it."""
    _masks: dict[Span, Tensor] = field(default_factory=dict)

    def mask(self, own: int, seen: int, like: Tensor) -> Tensor | None:
        """Of `own` queries at the end of `seen` keys; None where it is the square one."""
        if own == seen:
            return None
        if like.is_cuda:  # has kernels that need no mask in memory
            return causal_lower_right(own, seen)
        if (own, seen) not in self._masks:
            hidden = torch.ones(own, seen, dtype=torch.bool).triu(seen - own + 1)
            self._masks[own, seen] = torch.zeros(own, seen, dtype=like.dtype).masked_fill_(hidden, float("-inf"))
        return self._masks[own, seen]


def tree_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scene: Scene,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Each branch attends to those above it and, causally, to itself.

    `query` is (1, heads, tokens, size), `key` and `value` (1, kv heads, tokens, size): the visit, padded at the end.
    The result is (1, tokens, heads, size), with zeros for the padding.
    """
    kind, given = _computed_in(value), value.dtype
    query, key, value = query.to(kind), key.to(kind), value.to(kind)  # autocast leaves rotated ones in float32
    layer = int(module.layer_idx)  # type: ignore[arg-type]  # every attention of transformers has it
    if scene.recorded is not None and layer not in scene.recorded:  # a checkpointed layer comes by again
        tokens = scene.visit.end - scene.visit.start
        scene.recorded[layer] = key[:, :, :tokens], value[:, :, :tokens]
    outputs = []
    for branch in scene.visit.branches:
        keys, values = (
            torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]
            for parts in zip(*_parts(branch.path, scene, layer, key, value), strict=True)
        )
        own = branch.end - branch.start
        begin = branch.start - scene.visit.start
        mask = scene.mask(own, keys.shape[2], value)
        outputs.append(
            scaled_dot_product_attention(
                query[:, :, begin : begin + own], keys, values,
                attn_mask=mask, is_causal=mask is None, dropout_p=dropout, scale=scaling,
                enable_gqa=query.shape[1] != key.shape[1],
            )
        )  # fmt: skip
    output = torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0]
    output = pad(output, (0, 0, 0, query.shape[2] - output.shape[2]))
    return output.transpose(1, 2).to(given).contiguous(), None


def _computed_in(value: Tensor) -> torch.dtype:
    """On a CPU not in half precision: its kernels are built anew for every shape, and branches have many."""
    return torch.promote_types(value.dtype, torch.float32) if value.device.type == "cpu" else value.dtype


def _parts(path: Sequence[Span], scene: Scene, layer: int, key: Tensor, value: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Keys and values along a path; what lies side by side in the visit is one slice, which copies nothing."""
    offset = scene.visit.start
    parts = [
        (keys.to(key.dtype), values.to(value.dtype))
        for keys, values in (scene.above[span][layer] for span in path if span[0] < offset)
    ]
    inside: list[Span] = []
    for start, end in path[len(parts) :]:
        if inside and inside[-1][1] == start:
            inside[-1] = (inside[-1][0], end)
        else:
            inside.append((start, end))
    cuts = [slice(start - offset, end - offset) for start, end in inside]
    return parts + [(key[:, :, cut], value[:, :, cut]) for cut in cuts]


AttentionInterface.register(NAME, tree_attention)
