"""Decoding one job at a time with the model's own cache: for what the batched decoder does not know.

That is models with sliding windows, recurrent layers or an attention of their own. Slow, and right for all of them.
"""

from collections import deque

import torch
from transformers import DynamicCache, PreTrainedModel

from sca.engines.job import Job
from sca.engines.sampler import sample


class SingleDecoder:
    """Decodes jobs in the order they came."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._waiting: deque[Job] = deque()
        self._cache: DynamicCache | None = None

    @property
    def jobs(self) -> list[Job]:
        """All jobs that are not done."""
        return list(self._waiting)

    def add(self, job: Job) -> None:
        """Take a job on."""
        self._waiting.append(job)

    def step(self) -> None:
        """Move the oldest job on by a token."""
        job = self._waiting[0]
        if job.future.cancelled():
            self._next()
            return
        feed = [job.last_token] if self._cache is not None else job.prompt
        self._cache = self._cache or DynamicCache(config=self._model.config)
        output = self._model(
            input_ids=torch.tensor([feed], device=self._model.device),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        tokens, logprobs = sample(output.logits[:, -1], [job.request.sampling], [job.draw()])
        if job.accept(tokens[0], logprobs[0]):
            self._next()

    def _next(self) -> None:
        self._waiting.popleft()
        self._cache = None
