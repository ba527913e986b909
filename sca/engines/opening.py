"""From the name of an engine and of a model to an engine; the heavy libraries are imported only here."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import sca
from sca.engines import Engine
from sca.engines.folders import fetch
from sca.errors import BadInput, UsageError

SHIPPED = Path(sca.__file__).parent / "models" / "tiny"
"""The model that comes with the project."""
SETTINGS = "sca.json"


class _SamplingOf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)


class _Settings(BaseModel):
    """What a model folder's `sca.json` may say."""

    model_config = ConfigDict(extra="forbid")
    prompt_style: Literal["full", "brief"] | None = None
    feedback: Literal["full", "none"] | None = None
    sampling: dict[Literal["challenger", "executor"], _SamplingOf] = {}
    max_turns: dict[Literal["challenger", "executor"], int] = {}
    training: dict[str, dict[str, Any]] = {}


def open_engine(name: str | None, model: str | None, **options: Any) -> Engine:
    """An engine that is not entered yet. Raises `UsageError` for an engine that there is not.

    `model` is None or `tiny` (the one that ships), a folder, or a Hugging Face name; for `replay` a file of replies.
    """
    match name or "transformers":
        case "transformers":
            from sca.engines.transformers_engine import TransformersEngine

            return TransformersEngine(model_folder(model), label=model or "tiny", **options)
        case "replay":
            from sca.engines.replay import ReplayEngine

            if model is None:
                raise UsageError("--engine replay needs --model FILE: the replies to give, JSON Lines")
            return ReplayEngine(Path(model), **options)
    raise UsageError(f"--engine {name}: say transformers or replay")


def model_folder(model: str | None) -> Path:
    """Where a model lies; one from the hub is downloaded first. Raises `ScaError` where there is none."""
    if model is None or (model == "tiny" and not Path(model).is_dir()):
        return fetch(SHIPPED)
    return fetch(model)


def model_settings(model: str | None) -> dict[str, Any]:
    """What the model's own `sca.json` says; nothing where it has none. Raises `BadInput` where it is wrong."""
    if model is not None and Path(model).is_file():
        return {}  # recorded replies
    path = model_folder(model) / SETTINGS
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text("utf-8"))
        return _Settings.model_validate(said).model_dump(exclude_none=True)
    except ValidationError as error:
        problems = [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise BadInput(problems) from error
    except ValueError as error:
        raise BadInput([f"{path}: is not JSON: {error}"]) from error
