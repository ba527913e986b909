"""What runs the model: the flags that say so, and what it tells in the end."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sca.engines import Engine
    from sca.records.output import Output

Name = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="What runs the model: `transformers`, `vllm`, `openai` (servers), or `replay` for recorded replies.",
        show_default="transformers, with --base-url openai",
    ),
]

BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL[,URL…]",
        help="OpenAI-compatible servers of one model; the one with the shortest queue is asked.",
        show_default=False,
    ),
]

ApiKeyEnv = Annotated[
    str | None,
    typer.Option(
        "--api-key-env",
        metavar="NAME",
        help="The environment variable that holds the servers' key.",
        show_default="OPENAI_API_KEY, where it is set",
    ),
]

EngineOption = Annotated[
    list[str] | None,
    typer.Option(
        "--engine-option",
        metavar="NAME=VALUE",
        help="A setting of the engine, as max_batch=64; may be said again. A wrong name lists those there are.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class EngineFlags:
    """What was said on the command line; None where nothing was."""

    model: str | None = None
    name: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    options: Sequence[str] | None = None

    def but(self, model: str | None, name: str | None, base_url: str | None) -> "EngineFlags":
        """The flags of another model; of another engine or other servers nothing else is taken over but the key."""
        if (name or self.name) == self.name and (base_url or self.base_url) == self.base_url:
            return replace(self, model=model)
        return EngineFlags(model, name, base_url, self.api_key_env if base_url else None)

    def named(self) -> dict[str, Any]:
        """By the names of the flags."""
        return {
            "--model": self.model,
            "--engine": self.name,
            "--base-url": self.base_url,
            "--api-key-env": self.api_key_env,
            "--engine-option": self.options or None,
        }

    def open(self) -> "tuple[Engine, dict[str, Any]]":
        """The engine, not entered yet, and what the model's own `sca.json` says. Raises `ScaError`."""
        from sca.cli.interrupting import leaving_at_once
        from sca.engines.opening import engine_settings, open_engine
        from sca.engines.options import parsed

        options: dict[str, Any] = {"base_url": self.base_url, "api_key_env": self.api_key_env}
        options |= parsed(self.options or [])
        with leaving_at_once():
            opened = open_engine(self.name, self.model, **options)
        return opened, engine_settings(self.name, self.model, options)


@asynccontextmanager
async def running(engine: "Engine", output: "Output[Any]", role: str = "engine") -> "AsyncIterator[Engine]":
    """An engine at work; what happened is said and goes into the sidecar under `role`, however it ends."""
    from sca.cli.console import say

    facts = {"name": engine.name, "model": engine.model}
    output.note(**{role: facts})
    if engine.name == "vllm":
        say(f"starting vLLM with {engine.model}; this takes half a minute and more")
    async with engine:
        try:
            yield engine
        finally:
            told = engine.report()
            output.note(**{role: facts | told})
            for line in summary(told):
                say(line)


def summary(told: Mapping[str, Any]) -> list[str]:
    """What is worth a line of what an engine tells."""
    lines = []
    if retries := told.get("retries"):
        kinds = ", ".join(f"{count} {kind}" for kind, count in retries.items())
        lines.append(f"{sum(retries.values())} requests were made again: {kinds}")
    if (rate := told.get("prefix_cache_hit_rate")) is not None:
        lines.append(f"prefix cache: {rate:.1%} of {told['prompt_tokens']:,} prompt tokens were not computed again")
    return lines
