"""Attention over a forest of shared prefixes, for any model of transformers that takes its attention by name."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface

from sca.training.forest import Branch, Span, Visit
from sca.training.merged_attention import Stretch, merged_attention

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

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """Which tokens of the visit see which keys, those of the branches above laid before the visit's own.

        Causally each branch sees itself. Its whole subtree, side by side in the row, sees it without a mask, and all
        of the visit what lies above.
        """
        start, end = self.visit.start, self.visit.end
        over = sum(last - first for first, last in self._over)
        own, below = [], []
        for branch in self.visit.branches:
            rows = slice(branch.start - start, branch.end - start)
            keys = slice(rows.start + over, rows.stop + over)
            own.append(Stretch(rows, keys, causal=True))
            if (last := min(branch.last, end)) > branch.end:
                below.append(Stretch(slice(rows.stop, last - start), keys, causal=False))
        above = [Stretch(slice(0, end - start), slice(0, over), causal=False)] if over else []
        return (*own, *below, *above)

    @property
    def _over(self) -> list[Span]:
        """The branches above the visit, the same for all of its own."""
        return [span for span in self.visit.branches[0].path if span[0] < self.visit.start]

    def cuts(self, branch: Branch) -> list[slice]:
        """What a branch of the visit sees of `lengthened` keys; what lies side by side is one slice."""
        over = sum(end - start for start, end in self._over)
        shift = over - self.visit.start
        inside = [slice(start + shift, end + shift) for start, end in branch.path[len(self._over) :]]
        found = [slice(0, over)] if over else []
        for cut in inside:
            if found and found[-1].stop == cut.start:
                found[-1] = slice(found[-1].start, cut.stop)
            else:
                found.append(cut)
        return found

    def lengthened(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the branches above, and behind them those of the visit; (1, kv heads, keys, size)."""
        above = [self.above[span][layer] for span in self._over]
        keys = torch.cat([*(one.to(key.dtype) for one, _ in above), key], dim=2)
        return keys, torch.cat([*(one.to(value.dtype) for _, one in above), value], dim=2)


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
    keys, values = scene.lengthened(layer, key, value)
    if query.device.type == "cpu" and not dropout and query.shape[-1] == value.shape[-1]:
        output = merged_attention(query, keys, values, scene.stretches, scaling)
    else:
        output = _branch_by_branch(query, keys, values, scene, dropout, scaling)
    return output.transpose(1, 2).to(given).contiguous(), None


def _branch_by_branch(
    query: Tensor, keys: Tensor, values: Tensor, scene: Scene, dropout: float, scaling: float | None
) -> Tensor:
    """In one softmax each, for kernels of GPUs, which need no mask in memory; (1, heads, tokens, size)."""
    outputs = []
    for branch in scene.visit.branches:
        cuts = scene.cuts(branch)
        seen, told = (
            torch.cat([one[:, :, cut] for cut in cuts], dim=2) if len(cuts) > 1 else one[:, :, cuts[0]]
            for one in (keys, values)
        )
        begin, own = branch.start - scene.visit.start, branch.end - branch.start
        outputs.append(
            scaled_dot_product_attention(
                query[:, :, begin : begin + own], seen, told,
                attn_mask=causal_lower_right(own, seen.shape[2]),
                dropout_p=dropout, scale=scaling, enable_gqa=query.shape[1] != keys.shape[1],
            )
        )  # fmt: skip
    output = torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0]
    return pad(output, (0, 0, 0, query.shape[2] - output.shape[2]))


def _computed_in(value: Tensor) -> torch.dtype:
    """On a CPU not in half precision: its kernels are built anew for every shape, and branches have many."""
    return torch.promote_types(value.dtype, torch.float32) if value.device.type == "cpu" else value.dtype


AttentionInterface.register(NAME, tree_attention)
