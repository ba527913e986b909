"""Findings of earlier runs, here or on another machine, so that the parts need not all be run in one place.

They belong to one model: those of another are dropped. A part that was run again takes the place of the one that was
kept, unless less of it was run (fewer seeds, or not all of its arms yet).
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def fingerprint(model: Path) -> str:
    """Twelve hex digits of the model's weights.

    Raises FileNotFoundError where the folder has none in one safetensors file.
    """
    return hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()[:12]


def merged(found: Mapping[str, Any], file: Path, model: str) -> dict[str, Any]:
    """What was found now and what `file` keeps of the same model; a file that is not there keeps nothing."""
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if kept.get("model") != model:
        return dict(found)
    parts = kept["parts"]
    fuller = {name: part for name, part in found.items() if _measured(part) >= _measured(parts.get(name, {}))}
    return {**parts, **fuller}


def keep(found: Mapping[str, Any], file: Path, model: str) -> None:
    """Write all that is known of a model."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"model": model, "parts": found}, indent=1) + "\n", encoding="utf-8")


def _measured(part: Any, name: str = "") -> int:
    """How much was run: tasks and attempts counted, and one for each rate of each seed."""
    if isinstance(part, Mapping):
        return sum(_measured(value, key) for key, value in part.items())
    if isinstance(part, list):
        return len(part) if name == "seeds" else 0
    return int(part) if name in ("tasks", "attempts") else 0
