"""Continuous batching: rows join and leave at any step, and none of them notices the others.

A prompt but for its last token goes through the model in chunks of fixed length, several prompts side by side, in a
small cache of its own; chunks that an earlier prompt began with are taken from it (`prefix_cache`). Then its keys and
values move behind the rows that are being decoded. Each step feeds the newest token of every row. Rows stay packed at
the front and sorted by the blocks of keys they reach into, longest first, so that no row costs what another's length
would.

Batches come in few sizes (`ROWS`), padded with rows that are never looked at: few shapes are fast in bf16 on a CPU,
and no batch is so small that a matrix product takes another path (see `slot_cache`).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from sca.engines.job import Job
from sca.engines.prefix_cache import PrefixCache
from sca.engines.sampler import sample
from sca.engines.slot_cache import BLOCK, SlotCache, causal_mask, padded

ROWS = (8, 16, 32, *range(48, 128, 16), *range(128, 256, 32), *range(256, 513, 64))
PREFILL_ROWS = (1, 2, 4, 8, 16)
SHARE_OF_PREFIXES = 1 / 8
"""Of the cells of the other caches: as many more for what prompts begin with."""


def rounded_up(count: int, sizes: Sequence[int]) -> int:
    """The smallest of `sizes` that holds `count`."""
    return next(size for size in sizes if size >= count)


@dataclass
class Filling:
    """A prompt on its way through the model."""

    job: Job
    chunks: list[bytes]
    """Names of its whole chunks."""
    done: int = 0
    """Tokens of the prompt that are in the cache."""

    @property
    def target(self) -> int:
        """All but the last, which the first step of decoding feeds."""
        return len(self.job.prompt) - 1


@dataclass
class Live:
    """A completion in the making; its slot is its place in the list."""

    job: Job
    blocks: int
    """Blocks of keys that it reaches into."""


class BatchDecoder:
    """Decodes many jobs at once; for models with ordinary full attention in every layer."""

    def __init__(self, model: PreTrainedModel, *, context: int, max_rows: int, max_cells: int, chunk: int) -> None:
        """At most `max_rows` jobs at once and about `max_cells` (rows · longest row) cells of cache.

        `chunk` is the number of tokens of a prompt that go through the model at once.
        """
        self._model = model
        self._device = model.device
        self._context = context
        self._max_rows = min(max_rows, ROWS[-1])
        self._max_cells = max_cells
        self._chunk = chunk
        self._waiting: deque[Job] = deque()
        self._filling: list[Filling] = []
        self._live: list[Live] = []
        self._stage = SlotCache(max_cells)
        self._cache = SlotCache(max_cells)
        self.prefixes = PrefixCache(chunk, int(max_cells * SHARE_OF_PREFIXES))

    @property
    def jobs(self) -> list[Job]:
        """All jobs that are not done."""
        return [*self._admitted, *self._waiting]

    @property
    def _admitted(self) -> list[Job]:
        return [live.job for live in self._live] + [filling.job for filling in self._filling]

    def add(self, job: Job) -> None:
        """Take a job on; it is admitted as soon as there is room."""
        self._waiting.append(job)

    def step(self) -> None:
        """Move every admitted job on: prompts by a chunk, completions by a token."""
        self._drop_cancelled()
        self._admit()
        if self._filling:
            self._prefill()
        if self._live:
            self._decode()

    def _drop_cancelled(self) -> None:
        self._waiting = deque(job for job in self._waiting if not job.future.cancelled())
        for slot in reversed(range(len(self._live))):
            if self._live[slot].job.future.cancelled():
                self._remove(slot)

    def _admit(self) -> None:
        while self._waiting and self._has_room(self._waiting[0]):
            self._fill(self._waiting.popleft())

    def _fill(self, job: Job) -> None:
        """Begin with a prompt where those before it leave off."""
        names, found = self.prefixes.find(job.prompt, len(job.prompt) - 1)
        row, done = len(self._filling), len(found) * self._chunk
        if found:  # for all rows: what has no room is cut off
            longest = max(done, *(filling.done for filling in self._filling), 1)
            self._stage.reserve(rounded_up(row + 1, PREFILL_ROWS), longest)
        for number, chunk in enumerate(found):
            self._stage.write(row, number * self._chunk, chunk)
        self._filling.append(Filling(job, names, done))

    def _has_room(self, job: Job) -> bool:
        admitted = self._admitted
        if not admitted:
            return True  # alone it has what there is
        if len(admitted) >= self._max_rows or len(self._filling) >= PREFILL_ROWS[-1]:
            return False
        rows = rounded_up(len(admitted) + 1, ROWS)
        return rows * padded(max(other.longest for other in [*admitted, job])) <= self._max_cells

    def _prefill(self) -> None:
        fillings = self._filling
        rows = rounded_up(len(fillings), PREFILL_ROWS)
        tokens = torch.zeros(rows, self._chunk, dtype=torch.long)
        starts = torch.zeros(rows, 1, dtype=torch.long)
        for row, filling in enumerate(fillings):
            part = filling.job.prompt[filling.done : min(filling.done + self._chunk, filling.target)]
            tokens[row, : len(part)] = torch.tensor(part, dtype=torch.long)
            starts[row] = filling.done
        # Padding behind a prompt may not stand past the context, where learned positions end.
        positions = (starts + torch.arange(self._chunk)).clamp(max=self._context - 1)
        self._forward(self._stage, tokens, positions)
        for row, filling in enumerate(fillings):
            if filling.done + self._chunk <= filling.target:
                self.prefixes.keep(filling.chunks[filling.done // self._chunk], self._stage, row, filling.done)
        for row in reversed(range(len(fillings))):
            fillings[row].done = min(fillings[row].done + self._chunk, fillings[row].target)
            if fillings[row].done == fillings[row].target:
                self._start(row)

    def _start(self, row: int) -> None:
        """Move a prompt that is wholly in the cache to the rows that are being decoded."""
        job = self._filling[row].job
        slot = len(self._live)
        longest = max(job.position, *(live.job.position for live in self._live), 0) + 1
        self._cache.reserve(rounded_up(slot + 1, ROWS), longest)
        self._cache.copy_row(self._stage, row, slot, job.position)
        self._live.append(Live(job, job.position // BLOCK + 1))
        self._sort_in(slot)
        last = self._filling.pop()
        if row < len(self._filling):
            self._stage.copy_row(self._stage, len(self._filling), row, last.done)
            self._filling[row] = last

    def _decode(self) -> None:
        jobs = [live.job for live in self._live]
        rows = rounded_up(len(jobs), ROWS)
        tokens = torch.zeros(rows, 1, dtype=torch.long)
        positions = torch.zeros(rows, 1, dtype=torch.long)
        tokens[: len(jobs), 0] = torch.tensor([job.last_token for job in jobs])
        positions[: len(jobs), 0] = torch.tensor([job.position for job in jobs])
        logits = self._forward(self._cache, tokens, positions, self._reach(rows))[: len(jobs)]
        sampled = sample(logits, [job.request.sampling for job in jobs], [job.draw() for job in jobs])
        ended = [job.accept(token, logprob) for job, token, logprob in zip(jobs, *sampled, strict=True)]
        for slot in reversed(range(len(jobs))):
            if ended[slot]:
                self._remove(slot)
        for slot, live in enumerate(self._live):
            live.blocks = live.job.position // BLOCK + 1
            self._sort_in(slot)

    def _forward(
        self, cache: SlotCache, tokens: Tensor, positions: Tensor, reach: Sequence[int] | None = None
    ) -> Tensor:
        """Logits (rows, vocabulary) behind the last of `tokens` (rows, tokens), which stand at `positions`."""
        length = padded(int(positions.max()) + 1)
        positions = positions.to(self._device)
        cache.place(positions, length)
        output = self._model(
            input_ids=tokens.to(self._device),
            attention_mask=causal_mask(positions, length),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            reach=reach,
        )
        logits: Tensor = output.logits[:, -1]
        return logits

    def _reach(self, rows: int) -> list[int]:
        """How many rows look into each block of keys, in few sizes; padding looks into the first."""
        counts = [sum(live.blocks > block for live in self._live) for block in range(self._live[0].blocks)]
        return [rows, *(min(-(-count // 16) * 16, rows) for count in counts[1:])]

    def _sort_in(self, slot: int) -> None:
        """Move a row forward past those that reach into fewer blocks; all before it are sorted."""
        live = self._live
        while slot and live[slot - 1].blocks < live[slot].blocks:
            first = next(place for place, row in enumerate(live) if row.blocks == live[slot - 1].blocks)
            self._cache.swap_rows(first, slot, max(live[first].job.position, live[slot].job.position))
            live[first], live[slot] = live[slot], live[first]
            slot = first

    def _remove(self, slot: int) -> None:
        """Close the gap with the last row of each number of blocks in turn, so that the rest stays sorted."""
        live = self._live
        while slot + 1 < len(live):
            blocks = live[slot + 1].blocks
            last = max(place for place, row in enumerate(live) if row.blocks == blocks)
            self._cache.copy_row(self._cache, last, slot, live[last].job.position)
            live[slot] = live[last]
            slot = last
        live.pop()
