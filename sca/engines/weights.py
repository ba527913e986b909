"""A model from a folder or from the Hugging Face hub: safetensors only, no code from the repository, no chatter."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from sca.errors import ScaError

FILES = ("*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt")


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


def fetch(model: str | Path) -> Path:
    """The folder of a model: a local one as it is, a name from the hub downloaded or taken from its cache."""
    disable_progress_bars()
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _checked(folder)
    if folder.exists() or str(model).startswith((".", "/", "~")) or str(model).count("/") > 1:
        raise ScaError(f"{model}: no such model folder; give a folder with a config.json, or a Hugging Face name")
    # The hub's client warns about missing tokens and slow transfers; what matters comes back as an error.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return _checked(Path(snapshot_download(str(model), allow_patterns=list(FILES))))
    except RepositoryNotFoundError as error:
        raise ScaError(
            f"{model}: neither a folder here nor a model on the Hugging Face hub that you may read; "
            "check the name, or log in with `hf auth login`"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ScaError(
            f"{model}: not in the local cache, and the Hugging Face hub does not answer; "
            "download it on a machine with network and give its folder with --model"
        ) from error
    except HFValidationError as error:
        raise ScaError(f"{model}: neither a folder here nor a Hugging Face name such as Qwen/Qwen3-0.6B") from error


def load(folder: Path, *, device: torch.device, dtype: torch.dtype, attention: str | None = None) -> Loaded:
    """Load what `fetch` found. Raises `ScaError` where files are missing or do not belong together."""
    quieten()
    try:
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
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        raise ScaError(f"{folder}: cannot be loaded: {_first_line(error)}") from error
    model: PreTrainedModel = loading[0].to(device).eval()
    missing = sorted(loading[1]["missing_keys"])
    if missing:
        raise ScaError(f"{folder}: the weights lack {', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}")
    return Loaded(folder, model, tokenizer, context_length(model), end_tokens(model, tokenizer))


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


def content_hash(folder: Path) -> str:
    """SHA-256 of the weights: of the file where there is one, else of the files' names and hashes, in order."""
    files = sorted(folder.glob("*.safetensors"))
    hashes = [_sha256(file) for file in files]
    if len(hashes) == 1:
        return hashes[0]
    lines = "".join(f"{digest}  {file.name}\n" for digest, file in zip(hashes, files, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def quieten() -> None:
    """Keep transformers' progress bars and hints off the screen; errors are raised anyway."""
    transformers_logging.set_verbosity(logging.ERROR)
    disable: Callable[[], None] = transformers_logging.disable_progress_bar
    disable()


def _checked(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise ScaError(f"{folder}: has no config.json, so it is not a model folder")
    if not any(folder.glob("*.safetensors")):
        raise ScaError(f"{folder}: has no .safetensors file; other formats are not loaded, convert the weights first")
    try:
        AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ScaError(f"{folder / 'config.json'}: {_first_line(error)}") from error
    return folder


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
