"""Models beside the agent's: each is opened once, whoever uses it; by default they are the base of the agent's."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sca.cli.engines import EngineFlags

if TYPE_CHECKING:
    from sca.engines import Engine


class Company:
    """The engines of a run."""

    def __init__(self, agent: EngineFlags, engine: "Engine | None") -> None:
        """`engine` is the agent's, which `agent` led to; None where no model acts."""
        self._agent = agent
        self._opened = [(agent, engine)] if engine is not None else []

    def engine_for(
        self, who: str, model: str | None, name: str | None, base_url: str | None
    ) -> "tuple[Engine, str | None]":
        """The engine of `user` or `judge`, and the checkpoint whose base it runs where nothing else was said.

        Raises `UsageError` where it cannot be opened.
        """
        base = self._agent.model if model else base_of(self._agent.model)
        wanted = self._agent.but(model or base, name, base_url)
        engine = next((engine for flags, engine in self._opened if flags == wanted), None)
        if engine is None:
            engine = _open(wanted, who)
            self._opened.append((wanted, engine))
        return engine, self._agent.model if base != self._agent.model else None


def _open(flags: EngineFlags, who: str) -> "Engine":
    from sca.errors import ScaError, UsageError

    try:
        return flags.open()[0]
    except ScaError as error:
        raise UsageError(f"the model of the {who}: {error}; name another with --{who}-model") from error


def base_of(model: str | None) -> str | None:
    """The model from which `sca train` made a checkpoint, through all its rounds; any other model is its own base."""
    if model is None or not (folder := Path(model).expanduser()).is_dir():
        return model
    with suppress(OSError, ValueError, LookupError, TypeError):
        name = str(json.loads((folder / "training.json").read_text("utf-8"))["base"]["name"])
        return None if name == "tiny" else name
    return model
