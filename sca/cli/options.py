"""Options that mean the same in every command. Use as `out: Out = Path("tasks.jsonl")`."""

from pathlib import Path
from typing import Annotated

import typer

Input = Annotated[Path, typer.Argument(metavar="FILE", help="Records to work on, JSON Lines; `-` is stdin.")]

Inputs = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Records to work on, JSON Lines; `-` is stdin.")
]

Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Where the records go; `-` is stdout, and then the command cannot be continued.",
    ),
]

Rejected = Annotated[
    Path, typer.Option("--rejected", metavar="FILE", help="Where the rejected tasks go, each with its reason.")
]

Environment = Annotated[
    str,
    typer.Option(
        "--env",
        metavar="NAME|FOLDER",
        help="The environment; `sca env list` names those there are.",
        show_default=False,
    ),
]

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="FOLDER", help="Data of the environment, in place of its own `data/`.", show_default=False
    ),
]

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME|FOLDER",
        help="A model's folder or its name on Hugging Face; without it, the model that ships.",
        show_default=False,
    ),
]

Episodes = Annotated[int, typer.Option("-n", min=0, max=10_000_000, metavar="N", help="Episodes, one task each.")]

Attempts = Annotated[int, typer.Option("--attempts", min=1, metavar="N", help="Attempts at each task.")]

Trials = Annotated[int, typer.Option("--trials", min=1, metavar="N", help="Attempts at each held-out task.")]

Seed = Annotated[
    int, typer.Option("--seed", metavar="N", help="Where random numbers begin; the same again, the same text.")
]

Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        min=1,
        metavar="N",
        help="Episodes alive at a time. Changes the speed, never a record.",
        show_default="chosen by the command",
    ),
]

Runtime = Annotated[
    str | None,
    typer.Option(
        "--runtime", metavar="NAME", help="A runtime that the engine knows, such as runsc.", show_default="runc"
    ),
]

Image = Annotated[
    str | None,
    typer.Option(
        "--image",
        metavar="NAME",
        help="An image that `sca sandbox build` made for the environment, used as it is.",
        show_default="built when missing",
    ),
]

Force = Annotated[
    bool, typer.Option("--force", help="Begin the output afresh: what it held is lost, whatever made it.")
]

SkipBadLines = Annotated[
    bool, typer.Option("--skip-bad-lines", help="Go on without input lines that cannot be read, and count them.")
]

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
