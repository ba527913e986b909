"""`python -m tiny_model`: the whole recipe; `python -m tiny_model STEP` one step of it.

Interrupted at any moment, the same command goes on where it stopped.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from tiny_model.settings import HELD_OUT, MODEL, SCATTERED, SYSTEMATIC, WORK

app = typer.Typer(add_completion=False, help=__doc__)
Out = Annotated[Path, typer.Option("-o", "--out")]


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Fresh tasks, tokenizer, both phases of pretraining, then what the model can do (half an hour on 2 cores)."""
    if context.invoked_subcommand is None:
        train(MODEL, WORK)
        report(WORK, MODEL)


@app.command()
def train(out: Out = MODEL, work: Path = WORK) -> None:
    """Make the model: tokenizer, a phase of scattered noise, a phase of systematic mistakes."""
    from tiny_model.recipe import Recipe  # torch and transformers take seconds to import

    Recipe(work).run(out)
    typer.echo(f"The model is in {out}, the fresh tasks are in {HELD_OUT}.")


@app.command()
def fresh(out: Out = HELD_OUT) -> None:
    """Write the held-out tasks alone."""
    from tiny_model.recipe import Recipe

    Recipe().write_held_out(out)


@app.command("corpus")
def write_corpus(phase: str = "systematic", number: int = 1000, out: Out = Path("corpus.jsonl")) -> None:
    """Write dialogues of a phase (scattered, systematic) for reading."""
    from tiny_model.recipe import Recipe

    chosen = {SCATTERED.name: SCATTERED, SYSTEMATIC.name: SYSTEMATIC}[phase]
    with out.open("w", encoding="utf-8") as file:
        for messages in Recipe().dialogues(chosen, number):
            rows = [message.model_dump() for message in messages]
            file.write(json.dumps({"messages": rows}, ensure_ascii=False) + "\n")


@app.command()
def report(work: Path = WORK, model: Path = MODEL) -> None:
    """Measure the model with the commands of `sca`: valid tasks of a challenger, success on the fresh tasks."""
    from tiny_model.report import measure

    measure(model, work)


app()
