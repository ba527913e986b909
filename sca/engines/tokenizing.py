"""A model's tokenizer without its weights: chats to tokens where another process, or a server, runs the model."""

import json
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from sca.engines.folders import fetch_tokenizer
from sca.engines.rendering import ChatRenderer
from sca.engines.weights import first_line, quieten
from sca.errors import ScaError


def renderer_of(model: str | Path) -> ChatRenderer:
    """The renderer of a folder or a Hugging Face name. Raises `ScaError` where there is no tokenizer."""
    folder = fetch_tokenizer(model)
    tokenizer = tokenizer_of(folder)
    vocabulary = config_of(folder).get("vocab_size")
    return ChatRenderer(tokenizer, ends_of(folder, tokenizer), vocabulary if isinstance(vocabulary, int) else 0)


def tokenizer_of(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder. Raises `ScaError` where it has none that can be loaded."""
    quieten()
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ScaError(f"{folder}: its tokenizer cannot be loaded: {first_line(error)}") from error
    return tokenizer


def ends_of(folder: Path, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that end a turn: those of the generation settings, the configuration, and the tokenizer."""
    said = [_json(folder / "generation_config.json"), config_of(folder)]
    ids: set[int] = set()
    for value in (*(one.get("eos_token_id") for one in said), tokenizer.eos_token_id):
        ids.update([value] if isinstance(value, int) else value or [])
    return frozenset(ids)


def config_of(folder: Path) -> dict[str, Any]:
    """The text model's part of `config.json`; empty where there is none."""
    config = _json(folder / "config.json")
    text = config.get("text_config")
    return text if isinstance(text, dict) else config


def _json(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ScaError(f"{path}: cannot be read: {error}") from error
    return said if isinstance(said, dict) else {}
