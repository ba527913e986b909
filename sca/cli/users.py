"""The options of the simulated user, and which model plays it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sca.cli.engines import EngineFlags

if TYPE_CHECKING:
    from sca.dialogue.user import Users
    from sca.engines import Engine

Kind = Annotated[
    Literal["model", "scripted"] | None,
    typer.Option(
        "--user",
        help="Who plays the user: a model, or a script that states the instruction, says yes, and stops.",
        show_default="model, where users take part",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--user-model",
        metavar="NAME|FOLDER",
        help="The model that plays the user.",
        show_default="the base model of the run, never a checkpoint",
    ),
]
EngineName = Annotated[
    str | None,
    typer.Option("--user-engine", metavar="NAME", help="What runs it.", show_default="as --engine"),
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--user-base-url", metavar="URL[,URL…]", help="Servers that run it.", show_default="as --base-url"),
]
Temperature = Annotated[float | None, typer.Option("--user-temperature", min=0.0, show_default="1; 0 is greedy")]
MaxTokens = Annotated[
    int | None, typer.Option("--user-max-tokens", min=1, metavar="N", help="Of one turn.", show_default="512")
]
MAX_TOKENS = 512
"""A thought and a line need no more."""


@dataclass(frozen=True)
class Flags:
    """What was said of the user on the command line; None where nothing was."""

    kind: Literal["model", "scripted"] | None = None
    model: str | None = None
    engine: str | None = None
    base_url: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None

    def named(self) -> dict[str, Any]:
        """By the names of the options."""
        return {"--user": self.kind, **self.of_a_model()}

    def of_a_model(self) -> dict[str, Any]:
        """Those that mean nothing to a script."""
        return {
            "--user-model": self.model,
            "--user-engine": self.engine,
            "--user-base-url": self.base_url,
            "--user-temperature": self.temperature,
            "--user-max-tokens": self.max_tokens,
        }


def settle(flags: Flags, engine: EngineFlags, agents: "Engine", seed: int) -> "Users":
    """The users of a run whose agent runs as `engine` says, opened as `agents`.

    The agent's engine plays the user as well where both are the same model. Raises `ScaError` where a flag means
    nothing, or where the base of a checkpoint is not found.
    """
    from sca.dialogue.turns import Asker
    from sca.dialogue.user import ScriptedUsers, SimulatedUsers
    from sca.engines import Sampling

    if flags.kind == "scripted":
        refuse(flags.of_a_model(), "mean nothing to --user scripted, which asks no model")
        return ScriptedUsers()
    sampling = Sampling(
        temperature=1.0 if flags.temperature is None else flags.temperature,
        max_tokens=flags.max_tokens or MAX_TOKENS,
    )
    base = engine.model if flags.model else base_of(engine.model)
    chosen = engine.but(flags.model or base, flags.engine, flags.base_url)
    opened = agents if chosen == engine else _open(chosen)
    return SimulatedUsers(Asker(opened, sampling, seed), engine.model if base != engine.model else None)


def _open(engine: EngineFlags) -> "Engine":
    from sca.errors import ScaError, UsageError

    try:
        return engine.open()[0]
    except ScaError as error:
        raise UsageError(
            f"the simulated user's model: {error}; name another with --user-model, or do without: --user scripted"
        ) from error


def base_of(model: str | None) -> str | None:
    """The model from which `sca train` made a checkpoint, through all its rounds; any other model is its own base."""
    seen: set[Path] = set()
    while model is not None and (folder := Path(model).expanduser()).is_dir() and folder.resolve() not in seen:
        seen.add(folder.resolve())
        name = _trained_from(folder)
        if name is None:
            break
        model = None if name == "tiny" else name
    return model


def _trained_from(folder: Path) -> str | None:
    """The name of the model that training started from, as the checkpoint's sidecar tells it."""
    from sca.records.sidecar import beside

    try:
        settings = json.loads(beside(folder.resolve()).read_text("utf-8"))["settings"]
        return str(settings["model"]["name"]) if settings["stage"] == "train" else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def refuse(given: dict[str, Any], why: str) -> None:
    """Raise `UsageError` for the options that were given; `why` says why they cannot be."""
    from sca.errors import UsageError

    if unused := [name for name, value in given.items() if value is not None]:
        raise UsageError(f"{', '.join(unused)}: {why}")
