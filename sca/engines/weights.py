"""A model from its folder: safetensors only, no code from the repository, no chatter."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import GENERATION_CONFIG_NAME
from transformers.utils import logging as transformers_logging

from sca.errors import ScaError


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to run, in evaluation mode."""

    folder: Path
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    context: int
    """Most tokens that its positions reach."""
    eos: frozenset[int]
    """Tokens that end a turn."""


def load(folder: Path, *, device: torch.device, dtype: torch.dtype, attention: str | None = None) -> Loaded:
    """Load a model folder. Raises `ScaError` where files are missing or do not belong together."""
    quieten()
    with _explained(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        loading: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation=attention,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    model: PreTrainedModel = loading[0].to(device).eval()
    missing = sorted(loading[1]["missing_keys"])
    if missing:
        raise ScaError(f"{folder}: the weights lack {', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}")
    return Loaded(folder, model, tokenizer, context_length(model), end_tokens(model, tokenizer))


def outline(folder: Path) -> Loaded:
    """A model folder with all but the weights, for what needs none. Raises `ScaError` as `load` does."""
    quieten()
    with _explained(folder), torch.device("meta"):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        made: Any = AutoModelForCausalLM
        model: PreTrainedModel = made.from_config(config, trust_remote_code=False)
        if (folder / GENERATION_CONFIG_NAME).is_file():
            model.generation_config = GenerationConfig.from_pretrained(folder, local_files_only=True)
    return Loaded(folder, model, tokenizer, context_length(model), end_tokens(model, tokenizer))


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        raise ScaError(f"{folder}: cannot be loaded: {first_line(error)}") from error


def context_length(model: PreTrainedModel) -> int:
    """The number of positions that the configuration names."""
    config = model.config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "max_seq_len"):
        if isinstance(value := getattr(config, name, None), int):
            return value
    raise ScaError(f"{config.model_type}: its configuration does not say how long its context is")


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that end a turn: those of the generation settings, the configuration, and the tokenizer."""
    ids: set[int] = set()
    for source in (model.generation_config, model.config.get_text_config(), tokenizer):
        value = getattr(source, "eos_token_id", None)
        ids.update([value] if isinstance(value, int) else value or [])
    return frozenset(ids)


def quieten() -> None:
    """Keep transformers' progress bars and hints off the screen; errors are raised anyway."""
    transformers_logging.set_verbosity(logging.ERROR)
    disable: Callable[[], None] = transformers_logging.disable_progress_bar
    disable()


def first_line(error: Exception) -> str:
    """What an error says, in short."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
