"""vLLM in this process's care: token prompts in, ids and log-probabilities out, one batch over all live episodes.

The model runs in child processes; whatever they say goes to a log file. Prefix caching is on, so a dialogue's next
turn pays for its new tokens alone. A folder with an adapter_config.json is run as its base with the adapter beside.
"""

import asyncio
import itertools
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sca.engines import Completion, ContextOverflow, FinishReason, Renderer, Request
from sca.engines.adapters import Adapter, adapter_of
from sca.engines.folders import content_hash, fetch, prompts_hash
from sca.engines.vllm_process import LogFile, Options, installed, on_cpu, quiet
from sca.errors import EngineError, ScaError

if TYPE_CHECKING:
    from vllm.lora.request import LoRARequest
    from vllm.outputs import CompletionOutput, RequestOutput
    from vllm.v1.engine.async_llm import AsyncLLM

    from sca.engines.stopping import Detokenizer

log = logging.getLogger(__name__)

SEED_BITS = (1 << 63) - 1
"""vLLM takes signed 64-bit seeds."""
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Of adapters, for which vLLM makes room."""
CACHE_ON_CPU = 4 << 30
"""Bytes for keys and values on a CPU, at most a quarter of the memory; vLLM alone would take nearly all of it."""


class VLLMEngine:
    """An `Engine` over vLLM's `AsyncLLM`."""

    name = "vllm"

    def __init__(
        self, model: str | Path, *, label: str | None = None, log_file: str | None = None, **options: Any
    ) -> None:
        """A folder (of a model, or of an adapter) or a Hugging Face name; `label` is its name in records.

        `log_file` is where vLLM's own output goes, by default a temporary file that is kept where something failed.
        `options` are vLLM's engine arguments, as `tensor_parallel_size=2`; texts are read as on its command line.
        Raises `UsageError` for options that it does not know, or where it is not installed.
        """
        installed()
        self.model = label or str(model)
        self.context: int | None = None
        self.renderer: Renderer | None = None
        self._source = model
        self._log = LogFile(log_file)
        self._options = Options(options)
        self._folder: Path | None = None
        self._adapter: Adapter | None = None
        self._engine: AsyncLLM | None = None
        self._lora: LoRARequest | None = None
        self._detokenizer: Detokenizer | None = None
        self._numbers = itertools.count()
        self._adapters = itertools.count(2)  # 1 is the adapter that it starts with
        self._room = 0
        self._counts = {"requests": 0, "prompt_tokens": 0, "cached_tokens": 0, "completion_tokens": 0}

    async def __aenter__(self) -> "VLLMEngine":
        """Start vLLM, which takes a while. Raises `ScaError` with the reason where it does not start."""
        self._find()
        log.info("starting vLLM; what it says goes to %s", self._log.path)
        self._engine = engine = await asyncio.to_thread(self._start)
        self.context = engine.model_config.max_model_len
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop its processes; completions that are still awaited fail."""
        engine, self._engine = self._engine, None
        if engine is not None:
            failed = engine.errored
            await asyncio.to_thread(engine.shutdown)
            engine.shutdown = lambda *_: None  # which its destructor calls again, when half of Python is gone
            self._log.close(keep=failed)

    @property
    def running(self) -> bool:
        """Whether it was started, and not ended yet."""
        return self._engine is not None

    def make_room(self, rank: int) -> None:
        """Before it is entered: be ready for adapters of this rank, which `renew` hands in."""
        self._room = rank

    async def renew(self, folder: Path) -> None:
        """Run other weights from here on: those of the same model in a folder, or those of an adapter.

        Nothing is restarted. Nothing may be asked meanwhile, and what was computed with the old ones is forgotten.
        Raises `EngineError` where vLLM cannot.
        """
        if self._engine is None:
            raise EngineError("the engine is not open")
        try:
            if adapter_of(folder):
                await self._renew_adapter(self._engine, folder)
            else:
                await self._engine.collective_rpc("renew", args=(str(folder),))
            forgotten = await self._engine.reset_prefix_cache()
        except Exception as error:  # of many kinds, most of them from its processes
            raise EngineError(
                f"vLLM did not take new weights{self._log.reason()}: {error}; its log is {self._log.path}"
            ) from error
        if not forgotten:
            raise EngineError("vLLM did not let go of what it had computed with old weights; is it still asked?")

    async def _renew_adapter(self, engine: "AsyncLLM", folder: Path) -> None:
        from vllm.lora.request import LoRARequest

        number = next(self._adapters)
        before, self._lora = self._lora, LoRARequest(f"adapter-{number}", number, str(folder))
        if before is not None:
            await engine.remove_lora(before.lora_int_id)
        await engine.add_lora(self._lora)

    async def complete(self, request: Request) -> Completion:
        """Make one completion. Raises `ContextOverflow` for a prompt without room behind it, else `EngineError`."""
        from vllm.inputs import TokensPrompt
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        if self._engine is None or self.renderer is None or self.context is None:
            raise EngineError("the engine is not open")
        prompt = list(
            request.prompt_ids if request.prompt_ids is not None else self.renderer.prompt(request.messages)
        )
        room = self.context - len(prompt)
        if room < 1:
            raise ContextOverflow(f"{request.key}: a prompt of {len(prompt)} tokens, a context of {self.context}")
        asked = self._engine.generate(
            TokensPrompt(prompt_token_ids=prompt),
            _sampling(request, min(request.sampling.max_tokens, room)),
            f"{request.key}#{next(self._numbers)}",  # two of one name at a time would be refused
            lora_request=self._lora,
        )
        try:
            async for output in asked:
                last = output  # FINAL_ONLY: there is just one
        except EngineDeadError as error:
            raise EngineError(f"vLLM has died{self._log.reason()}; its log is {self._log.path}") from error
        except (EngineGenerateError, ValueError) as error:
            raise EngineError(f"{request.key}: vLLM failed: {error}") from error
        return self._completion(last, request)

    def describe(self) -> dict[str, Any]:
        """What shapes its completions; the same before and after loading. Raises `ScaError` without a model."""
        folder = self._find()
        return {
            "name": self.name,
            "weights_sha256": content_hash(folder),
            "prompts_sha256": prompts_hash(self._tokens_from()),
            **({"adapter_sha256": content_hash(self._adapter.folder)} if self._adapter else {}),
            "dtype": self._options.said.get("dtype", "float32" if on_cpu() else "auto"),
            "device": "cpu" if on_cpu() else "cuda",
            **self._options.shaping(),
        }

    def report(self) -> dict[str, Any]:
        """What happened: requests, tokens, and the share of prompt tokens that the prefix cache held."""
        prompts = self._counts["prompt_tokens"]
        rate = self._counts["cached_tokens"] / prompts if prompts else 0.0
        return {**self._counts, "prefix_cache_hit_rate": round(rate, 4)}

    def _find(self) -> Path:
        """The base's folder."""
        if self._folder is None:
            self._adapter = adapter_of(self._source)
            self._folder = fetch(self._adapter.base if self._adapter else self._source)
        return self._folder

    def _tokens_from(self) -> Path:
        """The folder with tokenizer and chat template: the adapter's where it has them."""
        folder = self._find()
        return self._adapter.folder if self._adapter and self._adapter.has_tokenizer else folder

    def _start(self) -> "AsyncLLM":
        folder, tokens = self._find(), self._tokens_from()
        ours: dict[str, Any] = {
            "model": str(folder),
            "tokenizer": str(tokens),
            "load_format": "safetensors",
            "logprobs_mode": "raw_logprobs",  # at temperature 1, whatever the request's is
            "enable_prefix_caching": True,
            "disable_log_stats": True,
            "worker_extension_cls": "sca.engines.vllm_worker.Renewing",
            "seed": 0,
        }
        if on_cpu():
            ours |= fit_for_cpu(folder)
        if needed := self._adapter.rank if self._adapter else self._room:
            rank = next((rank for rank in RANKS if rank >= needed), needed)
            ours |= {"enable_lora": True, "max_loras": 1, "max_lora_rank": rank}
        try:
            with quiet(self._log.path):
                from vllm.engine.arg_utils import AsyncEngineArgs
                from vllm.lora.request import LoRARequest
                from vllm.v1.engine.async_llm import AsyncLLM

                from sca.engines.stopping import Detokenizer
                from sca.engines.tokenizing import renderer_of, tokenizer_of

                self.renderer = renderer_of(tokens)
                self._detokenizer = Detokenizer(tokenizer_of(tokens))
                if self._adapter:
                    self._lora = LoRARequest("adapter", 1, str(self._adapter.folder))
                arguments = AsyncEngineArgs(**{**ours, **self._options.typed()})
                return AsyncLLM.from_engine_args(arguments)
        except ScaError:
            raise
        except ImportError as error:
            raise ScaError(f"vLLM cannot be imported: {error}") from error
        except Exception as error:  # of many kinds, from its configuration as from its processes
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise ScaError(
                f"vLLM did not start: {why[0]}{self._log.reason()}; its log is {self._log.path}"
            ) from error

    def _completion(self, output: "RequestOutput", request: Request) -> Completion:
        said = output.outputs[0]
        if said.finish_reason not in ("stop", "length"):
            raise EngineError(f"{request.key}: vLLM gave it up ({said.finish_reason})")
        finish: FinishReason = said.finish_reason
        ids = tuple(said.token_ids)
        counts = {"prompt_tokens": len(output.prompt_token_ids or ()), "completion_tokens": len(ids)}
        for name, count in {"requests": 1, "cached_tokens": output.num_cached_tokens or 0, **counts}.items():
            self._counts[name] += count
        return Completion(
            text=self._text(ids, request),
            finish_reason=finish,
            token_ids=ids,
            logprobs=_logprobs(said),
            usage=counts,
        )

    def _text(self, ids: tuple[int, ...], request: Request) -> str:
        """As every engine of ours says it: up to and with the stop string."""
        from sca.engines.stopping import Ending

        if self._detokenizer is None:
            raise EngineError("the engine is not open")
        return Ending(self._detokenizer, frozenset(), request.sampling.stop, len(ids)).text(ids)


def _sampling(request: Request, limit: int) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    sampling = request.sampling
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=limit,
        seed=request.seed & SEED_BITS,
        stop=list(sampling.stop),
        include_stop_str_in_output=True,
        logprobs=0,  # of the sampled token alone
        detokenize=bool(sampling.stop),
        output_kind=RequestOutputKind.FINAL_ONLY,
        skip_clone=True,
    )


def _logprobs(said: "CompletionOutput") -> tuple[float, ...] | None:
    if said.logprobs is None:
        return None
    return tuple(step[token].logprob for step, token in zip(said.logprobs, said.token_ids, strict=True))


def fit_for_cpu(folder: Path) -> dict[str, Any]:
    """Arguments that vLLM needs on a CPU for a model in `folder`."""
    from sca.engines.tokenizing import config_of

    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    length = config_of(folder).get("max_position_embeddings")
    return {
        "dtype": "float32",
        "enforce_eager": True,  # compiling takes minutes
        "kv_cache_memory_bytes": min(CACHE_ON_CPU, memory // 4),
        # A prompt in parts makes it turn back a generator, which those of a CPU cannot, and it dies
        # (gpu_model_runner.py, `gen.set_offset`, as of 0.32.0).
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(8192, length if isinstance(length, int) else 0),
    }
