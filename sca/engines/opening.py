"""From the name of an engine and of a model to an engine; the heavy libraries are imported only here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import sca
from sca.engines import Engine
from sca.engines.folders import fetch
from sca.engines.options import typed
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
    observations: Literal["plain", "compact"] | None = None
    sampling: dict[Literal["challenger", "executor"], _SamplingOf] = {}
    max_turns: dict[Literal["challenger", "executor"], int] = {}
    training: dict[str, dict[str, Any]] = {}


def open_engine(name: str | None, model: str | None, **options: Any) -> Engine:
    """An engine that is not entered yet. Raises `UsageError` for an engine or an option that there is not.

    `model` is None or `tiny` (the one that ships), a folder, or a Hugging Face name; for `replay` a file of replies;
    for `openai` the name that the servers at `base_url` know. `options` go to the engine; those that are text, as
    from `--engine-option`, are read as the type that it wants.
    """
    name = name or ("openai" if options.get("base_url") else "transformers")
    if name != "openai" and (given := [one for one in ("base_url", "api_key_env") if options.get(one)]):
        flags = " and ".join("--" + one.replace("_", "-") for one in given)
        raise UsageError(f"{flags}: only for --engine openai, which asks servers; --engine {name} asks none")
    match name:
        case "transformers":
            from sca.engines.transformers_engine import TransformersEngine

            options = typed(options, TransformersEngine.__init__, name)
            return TransformersEngine(model_folder(model), label=model or "tiny", **options)
        case "vllm":
            from sca.engines.vllm_engine import VLLMEngine

            options = {key: value for key, value in options.items() if value is not None}
            return VLLMEngine(_source(model), label=model or "tiny", **options)
        case "openai":
            from sca.engines.openai_engine import OpenAIEngine

            if not options.get("base_url"):
                raise UsageError("--engine openai needs --base-url URL, as http://localhost:8000/v1")
            if model is None:
                raise UsageError("--engine openai needs --model NAME: what the server calls the model")
            return OpenAIEngine(model, **typed(options, OpenAIEngine.__init__, name))
        case "replay":
            from sca.engines.replay import ReplayEngine

            if model is None:
                raise UsageError("--engine replay needs --model FILE: the replies to give, JSON Lines")
            return ReplayEngine(Path(model), **typed(options, ReplayEngine.__init__, name))
    raise UsageError(f"--engine {name}: say transformers, vllm, openai or replay")


def model_folder(model: str | None) -> Path:
    """Where a model lies; one from the hub is downloaded first. Raises `ScaError` where there is none."""
    return fetch(_source(model))


def _source(model: str | None) -> str | Path:
    """A folder, or a name on the hub."""
    return SHIPPED if model is None or (model == "tiny" and not Path(model).is_dir()) else model


def engine_settings(name: str | None, model: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """What the model's own `sca.json` says; a server's model has none but in the folder of its `tokenizer`."""
    if name == "openai" or options.get("base_url"):
        tokenizer = options.get("tokenizer")
        return _read_settings(Path(tokenizer).expanduser()) if tokenizer else {}
    return model_settings(model)


def model_settings(model: str | None) -> dict[str, Any]:
    """What the model's own `sca.json` says; nothing where it has none. Raises `BadInput` where it is wrong."""
    if model is not None and Path(model).is_file():
        return {}  # recorded replies
    return _read_settings(model_folder(model))


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
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
