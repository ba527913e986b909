"""How much memory a model takes, from its folder alone: no weight is loaded."""

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from sca.engines.folders import weights

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Footprint:
    """Sizes of a model; multiply by the bytes of a number."""

    parameters: int
    cell: int | None
    """Numbers that the keys and values of one token take, over all layers; None where the configuration hides it."""
    context: int | None
    """Most tokens of a dialogue."""

    @classmethod
    def of(cls, folder: Path) -> "Footprint":
        """Read `config.json` and the heads of the safetensors files. Raises `OSError` or `ValueError`."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        text = config.get("text_config") or config
        parameters = sum(map(_parameters, weights(folder)))
        return cls(parameters, _cell(text), text.get("max_position_embeddings"))


def _parameters(file: Path) -> int:
    """The head of a safetensors file: its length in 8 bytes, then JSON with the shape of each tensor."""
    with file.open("rb") as opened:
        head = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
    return sum(prod(tensor["shape"]) for name, tensor in head.items() if name != "__metadata__")


def _cell(config: dict[str, Any]) -> int | None:
    try:
        heads = config["num_attention_heads"]
        size = config.get("head_dim") or config["hidden_size"] // heads
        return int(2 * config["num_hidden_layers"] * (config.get("num_key_value_heads") or heads) * size)
    except (KeyError, TypeError):
        return None
