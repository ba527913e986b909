"""The options of the judge: a model's opinion as the reward."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sca.cli.company import Company

if TYPE_CHECKING:
    from sca.judging.opinion import ModelJudge

Manner = Annotated[
    Literal["generous", "strict"] | None,
    typer.Option("--judge", help="How the model of --reward judge is told to judge.", show_default="generous"),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--judge-model",
        metavar="NAME|FOLDER",
        help="The model that judges.",
        show_default="the base model of the run, never a checkpoint",
    ),
]
EngineName = Annotated[
    str | None,
    typer.Option("--judge-engine", metavar="NAME", help="What runs it.", show_default="as --engine"),
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--judge-base-url", metavar="URL[,URL…]", help="Servers that run it.", show_default="as --base-url"),
]


@dataclass(frozen=True)
class Flags:
    """What was said of the judge on the command line; None where nothing was."""

    manner: Literal["generous", "strict"] | None = None
    model: str | None = None
    engine: str | None = None
    base_url: str | None = None

    def named(self) -> dict[str, Any]:
        """By the names of the options."""
        return {
            "--judge": self.manner,
            "--judge-model": self.model,
            "--judge-engine": self.engine,
            "--judge-base-url": self.base_url,
        }


def settle(flags: Flags, company: Company, seed: int) -> "ModelJudge":
    """The judge of a run. Raises `UsageError` where its model cannot be opened."""
    from sca.judging.opinion import ModelJudge

    engine, base_of = company.engine_for("judge", flags.model, flags.engine, flags.base_url)
    return ModelJudge(engine, flags.manner or "generous", seed, base_of)
