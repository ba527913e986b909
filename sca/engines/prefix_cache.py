"""Keys and values of prompts' beginnings, for prompts that begin alike: a later turn, another task's system prompt.

What is kept is a chunk as the model computed it, by the tokens up to its end. A prompt is always cut at the same
places, and a row's bits do not depend on its batch (`slot_cache`), so a chunk that is taken from here has the same
bits as one that is computed again.
"""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from sca.engines.slot_cache import SlotCache


class PrefixCache:
    """Whole chunks of prompts; those that nobody has used for longest go first."""

    def __init__(self, chunk: int, max_cells: int) -> None:
        """Chunks of `chunk` tokens, `max_cells` tokens in all."""
        self._chunk = chunk
        self._most = max_cells // chunk
        self._kept: OrderedDict[bytes, list[Tensor]] = OrderedDict()
        self.prompt_tokens = 0
        """Of all prompts that were looked up."""
        self.cached_tokens = 0
        """Of these, tokens that were found."""

    def find(self, prompt: Sequence[int], target: int) -> tuple[list[bytes], list[list[Tensor]]]:
        """Names of the whole chunks among a prompt's first `target` tokens, and those of them that are here.

        What is here ends at the first chunk that is not.
        """
        names = self._names(prompt[:target])
        chunks = []
        for name in names:
            if name not in self._kept:
                break
            self._kept.move_to_end(name)
            chunks.append(self._kept[name])
        self.prompt_tokens += len(prompt)
        self.cached_tokens += len(chunks) * self._chunk
        return names, chunks

    def keep(self, name: bytes, cache: SlotCache, row: int, start: int) -> None:
        """Copy the chunk that lies at `start` in a row of `cache`."""
        if name in self._kept or not self._most:
            return
        while len(self._kept) >= self._most:
            self._kept.popitem(last=False)
        self._kept[name] = cache.copied(row, start, start + self._chunk)

    def clear(self) -> None:
        """Forget all chunks; the counts stay."""
        self._kept.clear()

    def _names(self, tokens: Sequence[int]) -> list[bytes]:
        """A hash for each whole chunk, of all tokens up to its end."""
        names, name = [], b""
        for start in range(0, len(tokens) - self._chunk + 1, self._chunk):
            part = torch.tensor(tokens[start : start + self._chunk], dtype=torch.int64).numpy().tobytes()
            name = blake2b(name + part, digest_size=16).digest()
            names.append(name)
        return names
