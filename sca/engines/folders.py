"""Model folders: where they lie, what they must hold, and the hash of their weights. Loads no heavy library."""

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from sca.errors import ScaError

FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")
TWICE = ("consolidated*", "original/*")
"""The same weights in a publisher's own format, beside those that are loaded."""
INDEX = "model.safetensors.index.json"


def fetch(model: str | Path) -> Path:
    """The folder of a model: a local one as it is, a name from the hub downloaded or taken from its cache.

    Raises `ScaError` where there is none, or where it holds no safetensors.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _checked(folder)
    if folder.exists() or str(model).startswith((".", "/", "~")) or str(model).count("/") > 1:
        raise ScaError(f"{model}: no such model folder; give a folder with a config.json, or a Hugging Face name")
    return _checked(_downloaded(str(model)))


def fetch_tokenizer(model: str | Path) -> Path:
    """The folder of a model's tokenizer and settings; of a name from the hub nothing else is downloaded."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists() or str(model).startswith((".", "/", "~")) or str(model).count("/") > 1:
        raise ScaError(f"{model}: no such folder; give one with a tokenizer, or a Hugging Face name")
    return _downloaded(str(model), [pattern for pattern in FILES if pattern != "*.safetensors"])


def weights(folder: Path) -> list[Path]:
    """The files that are loaded: `model.safetensors`, else those that the index names, else all; in order.

    Raises `ScaError` where the index names one that is not there, or cannot be read.
    """
    if (whole := folder / "model.safetensors").is_file():
        return [whole]
    if not (index := folder / INDEX).is_file():
        return sorted(folder.glob("*.safetensors"))
    try:
        files = [folder / name for name in sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScaError(f"{index}: names no weights ({type(error).__name__}: {error})") from None
    if missing := [file.name for file in files if not file.is_file()]:
        raise ScaError(f"{folder}: {missing[0]} is missing, which {INDEX} names; was the download cut off?")
    return files


def content_hash(folder: Path) -> str:
    """SHA-256 of the weights: of the file where there is one, else of the files' names and hashes, in order."""
    files = weights(folder)
    hashes = [_sha256(file) for file in files]
    if len(hashes) == 1:
        return hashes[0]
    lines = "".join(f"{digest}  {file.name}\n" for digest, file in zip(hashes, files, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def prompts_hash(folder: Path) -> str:
    """SHA-256 of what turns chats into tokens and ends a turn: tokenizer, template and settings."""
    names = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "chat_template.jinja")
    slow = ("vocab.json", "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
    files = [folder / name for name in (*names, *slow, "generation_config.json", "config.json")]
    lines = "".join(f"{_sha256(file)}  {file.name}\n" for file in files if file.is_file())
    return hashlib.sha256(lines.encode()).hexdigest()


def _downloaded(name: str, patterns: Sequence[str] = FILES) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    # The hub's client warns about missing tokens and slow transfers; what matters comes back as an error.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return Path(snapshot_download(name, allow_patterns=list(patterns), ignore_patterns=list(TWICE)))
    except RepositoryNotFoundError as error:
        raise ScaError(
            f"{name}: neither a folder here nor a model on the Hugging Face hub that you may read; "
            "check the name, or log in with `hf auth login`"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ScaError(
            f"{name}: not in the local cache, and the Hugging Face hub does not answer; "
            "download it on a machine with network and give its folder with --model"
        ) from error
    except HFValidationError as error:
        raise ScaError(f"{name}: neither a folder here nor a Hugging Face name such as Qwen/Qwen3-0.6B") from error


def _checked(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise ScaError(f"{folder}: has no config.json, so it is not a model folder")
    if not weights(folder):
        raise ScaError(f"{folder}: has no .safetensors file; other formats are not loaded, convert the weights first")
    return folder


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
