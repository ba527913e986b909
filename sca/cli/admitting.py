"""Options of `sca validate` that say which tasks are admitted, and the lines at its end about quality."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sca.cli.console import console, say

MinMutationScore = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1.0,
        metavar="SHARE",
        help="Admit no task whose check rejects fewer of the solution's mutants: 1 admits no lenient check.",
        show_default=False,
    ),
]
RequireGrounded = Annotated[
    bool,
    typer.Option(
        "--require-grounded", help="Admit no task that needs what its instruction neither says nor leads to."
    ),
]
RequireTolerant = Annotated[
    bool, typer.Option("--require-tolerant", help="Admit no task whose check refuses other ways to do the same.")
]
DropDuplicates = Annotated[
    bool, typer.Option("--drop-duplicates", help="Admit no task whose solution does what an earlier valid one does.")
]
Quality = Annotated[
    bool,
    typer.Option("--quality/--no-quality", help="Whether mutants, grounding and alternatives are tried at all."),
]


def quality_lines(figures: Mapping[str, Any]) -> None:
    """A line for each number beside the verdict."""
    if not figures["measured"]:
        return
    say(f"quality of {figures['measured']} valid tasks:")
    rows = {
        "mutation_score": "mutants of solutions that checks reject",
        "extra_write_score": "unasked writes that checks notice",
        "grounded": "tasks with all they need in the instruction",
        "tolerant": "tasks that pass when done or said another way",
    }
    for name, words in rows.items():
        told = figures[name]
        share = "unknown" if told["mean"] is None else f"{told['mean']:.1%}"
        say(f"  {name:18} {share:>8}  {words}" + (f" ({told['tasks']} tasks)" if told["tasks"] else ""))
    flags = ", ".join(f"{flag} {count}" for flag, count in figures["flags"].items()) or "none"
    say(f"  {'flags':18} {figures['unflagged']:>8}  tasks without one; {flags}")


def difficulty_table(figures: Mapping[str, Any]) -> None:
    """Length of solutions, of all tasks and of those admitted."""
    from rich.table import Table

    table = Table("solution", "tasks", "mean", "least", "quartiles", "most", box=None, pad_edge=False)
    for when, measures in figures.items():
        for name, spread in measures.items():
            if spread["tasks"]:
                quartiles = " ".join(f"{value:g}" for value in spread["quartiles"])
                cells = (spread["tasks"], spread["mean"], spread["least"], quartiles, spread["most"])
                table.add_row(f"{name} {when}", *map(str, cells))
    if table.row_count:
        console().print(table)
