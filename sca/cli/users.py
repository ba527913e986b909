"""The options of the simulated user, and which model plays it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sca.cli.company import Company
from sca.cli.given import refuse

if TYPE_CHECKING:
    from sca.dialogue.user import Users

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


def settle(flags: Flags, company: Company, seed: int) -> "Users":
    """The users of a run. Raises `UsageError` where a flag means nothing, or a model cannot be opened."""
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
    engine, base_of = company.engine_for("user", flags.model, flags.engine, flags.base_url)
    return SimulatedUsers(Asker(engine, sampling, seed), base_of)
