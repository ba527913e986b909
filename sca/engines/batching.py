"""Continuous batching: rows join and leave at any step, and none of them notices the others.

A prompt but for its last token goes through the model in chunks of fixed length, several prompts side by side, in a
small cache of its own; then its keys and values move behind the rows that are being decoded. Each step feeds the
newest token of every row. A row that ends is replaced by the last one, so rows stay packed at the front.

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
from sca.engines.sampler import sample
from sca.engines.slot_cache import SlotCache, causal_mask, padded

ROWS = (8, 16, 32, 64, 128, 256, 512)
PREFILL_ROWS = (1, 2, 4, 8, 16)


def rounded_up(count: int, sizes: Sequence[int]) -> int:
    """The smallest of `sizes` that holds `count`."""
    return next(size for size in sizes if size >= count)


@dataclass
class Filling:
    """A prompt on its way through the model."""

    job: Job
    done: int = 0
    """Tokens of the prompt that are in the cache."""

    @property
    def target(self) -> int:
        """All but the last, which the first step of decoding feeds."""
        return len(self.job.prompt) - 1


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
        self._live: list[Job] = []
        self._stage = SlotCache(max_cells)
        self._cache = SlotCache(max_cells)

    @property
    def jobs(self) -> list[Job]:
        """All jobs that are not done."""
        return [*self._live, *(filling.job for filling in self._filling), *self._waiting]

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
            if self._live[slot].future.cancelled():
                self._remove(slot)

    def _admit(self) -> None:
        while self._waiting and self._has_room(self._waiting[0]):
            self._filling.append(Filling(self._waiting.popleft()))

    def _has_room(self, job: Job) -> bool:
        admitted = [*self._live, *(filling.job for filling in self._filling)]
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
        for row in reversed(range(len(fillings))):
            fillings[row].done = min(fillings[row].done + self._chunk, fillings[row].target)
            if fillings[row].done == fillings[row].target:
                self._start(row)

    def _start(self, row: int) -> None:
        """Move a prompt that is wholly in the cache behind the rows that are being decoded."""
        job = self._filling[row].job
        slot = len(self._live)
        self._cache.reserve(rounded_up(slot + 1, ROWS), self._longest([*self._live, job]))
        self._cache.copy_row(self._stage, row, slot, job.position)
        self._live.append(job)
        last = self._filling.pop()
        if row < len(self._filling):
            self._stage.copy_row(self._stage, len(self._filling), row, last.done)
            self._filling[row] = last

    def _decode(self) -> None:
        live = self._live
        rows = rounded_up(len(live), ROWS)
        tokens = torch.zeros(rows, 1, dtype=torch.long)
        positions = torch.zeros(rows, 1, dtype=torch.long)
        tokens[: len(live), 0] = torch.tensor([job.last_token for job in live])
        positions[: len(live), 0] = torch.tensor([job.position for job in live])
        logits = self._forward(self._cache, tokens, positions)[: len(live)]
        sampled = sample(logits, [job.request.sampling for job in live], [job.draw() for job in live])
        for slot in reversed(range(len(live))):
            if live[slot].accept(sampled[0][slot], sampled[1][slot]):
                self._remove(slot)

    def _forward(self, cache: SlotCache, tokens: Tensor, positions: Tensor) -> Tensor:
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
        )
        logits: Tensor = output.logits[:, -1]
        return logits

    def _remove(self, slot: int) -> None:
        last = self._live.pop()
        if slot < len(self._live):
            self._cache.copy_row(self._cache, len(self._live), slot, last.position)
            self._live[slot] = last

    @staticmethod
    def _longest(jobs: Sequence[Job]) -> int:
        return max(job.position for job in jobs) + 1
