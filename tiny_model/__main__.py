"""`python -m tiny_model`: the whole recipe; `python -m tiny_model STEP` one step of it.

Interrupted at any moment, the same command goes on where it stopped.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from tiny_model.settings import HELD_OUT, HELD_OUT_RETAIL, PHASES, SHIPPED, SIBLING, WORK

app = typer.Typer(add_completion=False, help=__doc__)
Out = Annotated[Path, typer.Option("-o", "--out")]
OwnOut = Annotated[Path | None, typer.Option("-o", "--out", help="Default: that of the model that ships.")]
Mistakes = Literal["scattered", "systematic", "clean"]
Sibling = Annotated[bool, typer.Option("--sibling", help="The stronger sibling, a teacher, instead of the model.")]


@app.callback(invoke_without_command=True)
def everything(context: typer.Context, sibling: Sibling = False) -> None:
    """Tokenizer, both phases of pretraining, then what the model can do (up to two hours on 2 cores)."""
    if context.invoked_subcommand is None:
        train(sibling=sibling)
        report(model=(SIBLING if sibling else SHIPPED).folder)


@app.command()
def train(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Default: the folder of the model in this checkout.")
    ] = None,
    work: Path = WORK,
    sibling: Sibling = False,
) -> None:
    """Make the model: tokenizer, a phase of scattered noise, a phase of systematic mistakes."""
    from tiny_model.recipe import Recipe  # torch and transformers take seconds to import

    model = SIBLING if sibling else SHIPPED
    model = replace(model, folder=out or model.folder)
    Recipe(work).make(model)
    typer.echo(f"The model is in {model.folder}; {HELD_OUT.name} and {HELD_OUT_RETAIL.name} hold its fresh tasks.")


@app.command()
def fresh() -> None:
    """Write the held-out tasks of both environments."""
    from tiny_model import held_out
    from tiny_model.retail import held_out as retail_held_out

    for path, tasks in ((HELD_OUT, held_out.tasks()), (HELD_OUT_RETAIL, retail_held_out.tasks())):
        lines = (json.dumps(task.model_dump(exclude_unset=True), ensure_ascii=False) for task in tasks)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


@app.command("corpus")
def write_corpus(
    phase: Mistakes = "systematic",
    number: int = 1000,
    out: Out = Path("corpus.jsonl"),
) -> None:
    """Write dialogues of a phase, for reading and for the leak check."""
    from tiny_model.recipe import Recipe

    with out.open("w", encoding="utf-8") as file:
        for messages in Recipe().dialogues(PHASES[phase], number):
            rows = [message.model_dump() for message in messages]
            file.write(json.dumps({"messages": rows}, ensure_ascii=False) + "\n")


@app.command()
def expected(mistakes: Mistakes = "systematic", number: int = 60) -> None:
    """Tell how often a perfect imitation of a phase is right, by kind: what the base's weakness is set by."""
    from tiny_model import imitation

    for name, measure in (("calculation", imitation.calculation), ("retail", imitation.retail)):
        right = measure(mistakes, number)
        for kind, share in right.items():
            typer.echo(f"{name}, {kind}: {100 * share:.0f}%")
        typer.echo(f"{name}: {100 * sum(right.values()) / len(right):.1f}%")


@app.command()
def report(work: Path = WORK, model: Path = SHIPPED.folder) -> None:
    """Measure the model with the commands of `sca`: valid tasks of a challenger, success on the fresh tasks."""
    from tiny_model.report import measure

    measure(model, work)


app()
