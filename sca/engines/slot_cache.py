"""Keys and values of many rows in one buffer, and an attention over it that no other row can disturb.

A row's result must be the same bits whoever shares its batch. Three things make it so, each measured (MKL, 1 and 2
threads) and held by `tests/engines/test_determinism.py`:

- a matrix product gives a row the same bits for any number of rows from 4 up, so batches are never smaller;
- attention adds up over blocks of `BLOCK` keys in order, so every product has one fixed shape, and masked keys add
  exact zeros (PyTorch's own attention splits the sum in ways that depend on the padded length);
- rows lie at the front of the buffer, and a row that is padding is never looked at.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.cache_utils import Cache

BLOCK = 128
"""Keys a block; the padded length is a multiple of it."""

ON_CPU = "sca_blockwise"
ON_GPU = "sca_grouped"


def padded(length: int) -> int:
    """`length` rounded up to whole blocks."""
    return -(-length // BLOCK) * BLOCK


class SlotCache(Cache):
    """A preallocated cache in which each row stands at a position of its own.

    Before each forward pass `place` says where the new tokens go; the model then calls `update` once a layer. Buffers
    are (slots, kv heads, capacity, head size), one for keys and one for values in each layer, and start as zeros: a
    masked value is multiplied by 0, so it has to be finite.
    """

    def __init__(self, max_cells: int) -> None:
        """Buffers only ever grow, unless slots · capacity would pass `max_cells`."""
        super().__init__(layers=[])
        self._max_cells = max_cells
        self._slots = 0
        self._capacity = 0
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self._rows = torch.empty(0)
        self._positions = torch.empty(0)
        self._length = 0

    @property
    def bytes_per_cell(self) -> int:
        """Memory of one token of one row, over all layers."""
        return sum(buffer[0, :, 0].nbytes for buffer in self.keys + self.values)

    def reserve(self, slots: int, length: int) -> None:
        """Make room for `slots` rows of `length` tokens, keeping what is there."""
        length = padded(length)
        if slots <= self._slots and length <= self._capacity:
            return
        if max(slots, self._slots) * max(length, self._capacity) <= self._max_cells:
            slots, length = max(slots, self._slots), max(length, self._capacity)
        self._slots, self._capacity = slots, length
        for buffers in (self.keys, self.values):
            for index, old in enumerate(buffers):
                new = self._buffer(old)
                new[: old.shape[0], :, : old.shape[2]] = old[:slots, :, :length]
                buffers[index] = new

    def place(self, positions: Tensor, length: int) -> None:
        """The next tokens of rows 0 to n-1 go to `positions` (n, tokens); attention sees the first `length` keys."""
        self.reserve(positions.shape[0], length)
        self._rows = torch.arange(positions.shape[0], device=positions.device)[:, None]
        self._positions = positions
        self._length = length

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Store (rows, kv heads, tokens, head size) and return views of all keys and values up to the length."""
        if layer_idx == len(self.keys):
            self.keys.append(self._buffer(key_states))
            self.values.append(self._buffer(value_states))
        keys, values = self.keys[layer_idx], self.values[layer_idx]
        keys[self._rows, :, self._positions] = key_states.transpose(1, 2)
        values[self._rows, :, self._positions] = value_states.transpose(1, 2)
        rows = key_states.shape[0]
        return keys[:rows, :, : self._length], values[:rows, :, : self._length]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Models ask this only where no positions are given; they always are."""
        return self._length

    def copy_row(self, source: "SlotCache", from_slot: int, to_slot: int, length: int) -> None:
        """Take over the first `length` keys and values of a row of this cache or another; room was reserved."""
        if length and not self.keys:
            self.keys = [self._buffer(keys) for keys in source.keys]
            self.values = [self._buffer(values) for values in source.values]
        for mine, theirs in zip(self.keys + self.values, source.keys + source.values, strict=bool(length)):
            mine[to_slot, :, :length] = theirs[from_slot, :, :length]

    def copied(self, slot: int, start: int, stop: int) -> list[Tensor]:
        """Copies of a row's keys and values of some tokens, (kv heads, tokens, head size) for each buffer."""
        return [buffer[slot, :, start:stop].clone() for buffer in self.keys + self.values]

    def write(self, slot: int, start: int, found: Sequence[Tensor]) -> None:
        """Put what `copied` gave into a row; room was reserved."""
        for buffer, part in zip(self.keys + self.values, found, strict=True):
            buffer[slot, :, start : start + part.shape[1]] = part

    def swap_rows(self, one: int, other: int, length: int) -> None:
        """Exchange the first `length` keys and values of two rows."""
        for buffer in self.keys + self.values:
            buffer[[one, other], :, :length] = buffer[[other, one], :, :length]

    def _buffer(self, like: Tensor) -> Tensor:
        _, heads, _, size = like.shape
        return torch.zeros(self._slots, heads, self._capacity, size, dtype=like.dtype, device=like.device)


def causal_mask(positions: Tensor, length: int) -> Tensor:
    """(rows, 1, tokens, length): True where a token at its position may look."""
    return (torch.arange(length, device=positions.device) <= positions[..., None])[:, None]


def _grouped(query: Tensor, key: Tensor) -> Tensor:
    """(rows, heads, tokens, size) → (rows, kv heads, heads a group · tokens, size), so that keys need no copies."""
    rows, heads, tokens, size = query.shape
    kv_heads = key.shape[1]
    return query.reshape(rows, kv_heads, heads // kv_heads * tokens, size)


def _refuse_extras(extras: dict[str, Any]) -> None:
    for name in ("softcap", "s_aux", "sliding_window", "position_bias"):
        if extras.get(name) is not None:
            raise NotImplementedError(f"attention with {name}")


def blockwise_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float | None = None,
    reach: Sequence[int] | None = None,
    **extras: Any,
) -> tuple[Tensor, None]:
    """Softmax attention in blocks of keys; the batch-invariant one, for the CPU.

    `query` (rows, heads, tokens, size), `key` and `value` (rows, kv heads, length, size), `attention_mask`
    (rows, 1, tokens, length). `reach` has the number of rows, from the first, that look into each block of keys;
    None is all. Returns (rows, tokens, heads, size).
    """
    _refuse_extras(extras)
    rows, heads, tokens, size = query.shape
    kv_heads, length = key.shape[1], key.shape[2]
    scale = size**-0.5 if scaling is None else scaling
    queries = (_grouped(query, key) * scale).reshape(rows * kv_heads, -1, size)
    keys = key.reshape(rows * kv_heads, length, size)
    values = value.reshape(rows * kv_heads, length, value.shape[-1])
    blocks = [
        (slice(count * kv_heads), slice(at, at + BLOCK))
        for at, count in zip(range(0, length, BLOCK), reach or [rows] * (length // BLOCK), strict=True)
    ]
    scores = queries.new_empty(rows * kv_heads, queries.shape[1], length)
    for some, block in blocks:
        scores[some, :, block] = torch.bmm(queries[some], keys[some, block].transpose(1, 2))
    masked = scores.view(rows, kv_heads, -1, tokens, length).masked_fill_(~attention_mask[:, :, None], float("-inf"))
    weights = torch.softmax(masked, dim=-1, dtype=torch.float32).to(value.dtype).view(scores.shape)
    first, *others = blocks
    output = torch.bmm(weights[:, :, first[1]], values[:, first[1]])
    for some, block in others:
        output[some] += torch.bmm(weights[some, :, block], values[some, block])
    return output.view(rows, heads, tokens, -1).transpose(1, 2).contiguous(), None


def grouped_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float | None = None,
    reach: Sequence[int] | None = None,
    **extras: Any,
) -> tuple[Tensor, None]:
    """PyTorch's fused attention without repeating the keys for each head of a group; the fast one, for a GPU."""
    _refuse_extras(extras)
    rows, heads, tokens, _ = query.shape
    groups = heads // key.shape[1]
    output = torch.nn.functional.scaled_dot_product_attention(
        _grouped(query, key), key, value, attn_mask=attention_mask.repeat(1, 1, groups, 1), scale=scaling
    )
    return output.view(rows, heads, tokens, -1).transpose(1, 2).contiguous(), None


AttentionInterface.register(ON_CPU, blockwise_attention)
AttentionInterface.register(ON_GPU, grouped_attention)
