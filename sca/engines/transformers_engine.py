"""Any causal model of transformers, on CPU or GPU: always there, batched, and in fp32 on a CPU exactly repeatable.

The model runs in a thread of its own that takes jobs from a queue. Same seed and prompt give the same tokens and the
same log-probabilities there, whatever else is in the batch (`slot_cache` says how).
"""

import asyncio
import copy
import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from sca.engines import Completion, ContextOverflow, Renderer, Request
from sca.engines.batching import BatchDecoder
from sca.engines.choice import choose_decoder
from sca.engines.folders import content_hash, fetch, prompts_hash
from sca.engines.job import Job
from sca.engines.one_by_one import SingleDecoder
from sca.engines.prefix_cache import PrefixCache
from sca.engines.rendering import ChatRenderer
from sca.engines.stopping import Detokenizer, Ending
from sca.engines.weights import Loaded, load
from sca.errors import EngineError, UsageError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class TransformersEngine:
    """The `Engine` that is always there."""

    name = "transformers"

    def __init__(
        self,
        model: str | Path,
        *,
        label: str | None = None,
        device: str = "auto",
        dtype: str | None = None,
        max_batch: int = 256,
        threads: int | None = None,
        context: int | None = None,
    ) -> None:
        """A folder or a Hugging Face name; nothing is loaded before the engine is entered.

        `label` is the model's name in records, by default as given; `device` is `auto` (the GPU if there is one),
        `cpu`, `cuda`, `cuda:1` …; `dtype` is float32, bfloat16 or float16, by default float32 on a CPU and bfloat16
        on a GPU; at most `max_batch` completions are made at once; `threads` is for a CPU (default: PyTorch's, which
        reads OMP_NUM_THREADS); `context` is for less than the model's own.
        """
        self.model = label or str(model)
        self.context: int | None = context
        self.renderer: Renderer | None = None
        self._source = model
        self._context = context
        self._device = _device(device)
        self._dtype = _dtype(dtype, self._device)
        self._max_batch = max_batch
        self._threads = threads
        self._loaded: Loaded | None = None
        self._lent: Loaded | None = None
        self._attention = ""
        self._folder: Path | None = None
        self._weights = ""
        self._decoder: BatchDecoder | SingleDecoder | None = None
        self._prefixes: list[PrefixCache] = []  # one for each time that it was entered
        self._detokenizer: Detokenizer | None = None
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed: str | None = "the engine is not open yet"
        self._cause: BaseException | None = None
        self._pool: ThreadPoolExecutor | None = None

    def lend(self, loaded: Loaded) -> None:
        """Run this very model, without a copy, each time that the engine is entered: one that is in training.

        Whoever lends it changes its weights only while the engine is not entered. It must have its own attention
        then, and has it again afterwards.
        """
        self._lent, self._device, self._dtype = loaded, loaded.model.device, loaded.model.dtype

    async def __aenter__(self) -> "TransformersEngine":
        """Load the model. Raises `ScaError` where it cannot be found or read."""
        # One thread loads and runs the model: the number of threads of a product is a setting of the calling thread.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._load)
        except BaseException:
            self._pool.shutdown(wait=False)
            raise
        self._closed, self._queue = None, queue.SimpleQueue()
        self._pool.submit(self._work).add_done_callback(self._ended)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Let go of the model; completions that are still awaited fail."""
        self._queue.put(None)
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown)
        self._give_back()
        self._loaded = self._decoder = self._detokenizer = None
        for cache in self._prefixes:
            cache.clear()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    async def complete(self, request: Request) -> Completion:
        """Make one completion. Raises `ContextOverflow` for a prompt without room behind it, else `EngineError`."""
        self._check_open()
        job = self._job(request)
        with self._lock:
            self._check_open()
            self._queue.put(job)
        return await asyncio.wrap_future(job.future)

    def describe(self) -> dict[str, Any]:
        """What a sidecar says of it; the same before and after loading. Raises `ScaError` where there is no model."""
        self._weights = self._weights or content_hash(self._find())
        return {
            "name": self.name,
            "weights_sha256": self._weights,
            "prompts_sha256": prompts_hash(self._find()),
            "dtype": str(self._dtype).removeprefix("torch."),
            "device": self._device.type,
            **({"context": self._context} if self._context is not None else {}),
        }

    def report(self) -> dict[str, Any]:
        """How many tokens of prompts were not computed again, as an earlier prompt began with them."""
        prompts = sum(cache.prompt_tokens for cache in self._prefixes)
        if not prompts:
            return {}
        rate = sum(cache.cached_tokens for cache in self._prefixes) / prompts
        return {"prompt_tokens": prompts, "prefix_cache_hit_rate": round(rate, 4)}

    def _find(self) -> Path:
        self._folder = self._folder or fetch(self._source)
        return self._folder

    def _load(self) -> None:
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        loaded = self._lent or load(self._find(), device=self._device, dtype=self._dtype)
        self._loaded = loaded
        self._attention = loaded.model.config._attn_implementation
        self.context = min(self._context or loaded.context, loaded.context)
        self.renderer = ChatRenderer(loaded.tokenizer, loaded.eos)
        # A fast tokenizer refuses to be used by two threads at once, so the worker decodes with a copy.
        self._detokenizer = Detokenizer(copy.deepcopy(loaded.tokenizer))
        self._decoder = choose_decoder(loaded, max_rows=self._max_batch)
        if isinstance(self._decoder, BatchDecoder):
            self._prefixes.append(self._decoder.prefixes)

    def _give_back(self) -> None:
        if self._lent is not None and self._loaded is not None:
            self._lent.model.set_attn_implementation(self._attention)

    def _check_open(self) -> None:
        if self._closed is not None:
            raise EngineError(self._closed) from self._cause

    def _job(self, request: Request) -> Job:
        if self._loaded is None or self._detokenizer is None or self.context is None or self.renderer is None:
            raise EngineError("the engine is not open")
        prompt = request.prompt_ids if request.prompt_ids is not None else self.renderer.prompt(request.messages)
        if not prompt:
            raise EngineError(f"{request.key}: the prompt is empty")
        room = self.context - len(prompt)
        if room < 1:
            raise ContextOverflow(f"{request.key}: a prompt of {len(prompt)} tokens, a context of {self.context}")
        limit = min(request.sampling.max_tokens, room)
        return Job(request, prompt, Ending(self._detokenizer, self._loaded.eos, request.sampling.stop, limit))

    def _work(self) -> None:
        decoder = self._decoder
        if decoder is None:
            return
        # What a model in training keeps of this, as angles of long contexts, may be no tensors of inference mode.
        with torch.no_grad() if self._lent is not None else torch.inference_mode():
            while True:
                while decoder.jobs and self._queue.empty():
                    decoder.step()
                if (job := self._queue.get()) is None:
                    return
                decoder.add(job)

    def _ended(self, worker: "Future[None]") -> None:
        """The worker's thread has ended, well or badly: nobody may go on waiting for it."""
        error = worker.exception()
        reason = "the engine was closed"
        if error is not None:
            reason = f"the model stopped working: {type(error).__name__}: {error}"
        with self._lock:
            self._closed, self._cause = reason, error
            waiting = self._decoder.jobs if self._decoder is not None else []
            while not self._queue.empty():
                if (job := self._queue.get()) is not None:
                    waiting.append(job)
        for job in waiting:
            job.fail(EngineError(reason), error)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"{name}: not a device; take auto, cpu, cuda or cuda:1") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"{name}: PyTorch sees no GPU here; take --device cpu")
    return device


def _dtype(name: str | None, device: torch.device) -> torch.dtype:
    if name is None:
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    if name not in DTYPES:
        raise UsageError(f"{name}: not a number format; take {', '.join(DTYPES)}")
    return DTYPES[name]
