"""`sca show`: records of any stage, for reading."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(metavar="FILE", help="Records of any stage, JSON Lines; `-` is stdin.")]

Id = Annotated[
    str | None,
    typer.Argument(
        metavar="ID",
        help="The record to show whole: its id, or a part of it; a task's id among attempts lists its attempts.",
        show_default=False,
    ),
]

Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="WORD",
        help="valid, rejected, success, failure, or one reason or outcome, as noop_passes or out_of_turns.",
        show_default=False,
    ),
]

Limit = Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Records to list; 0 lists all.")]

Whole = Annotated[bool, typer.Option("--whole", help="Cut no long text.")]


Tokens = Annotated[
    bool,
    typer.Option("--tokens", help="Show the recorded tokens in two colours: the agent's own, which are trained on."),
]

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME|FOLDER",
        help="Whose tokenizer reads them.",
        show_default="the record's model",
    ),
]


def show(
    file: File,
    record: Id = None,
    only: Only = None,
    limit: Limit = 40,
    whole: Whole = False,
    tokens: Tokens = False,
    model: Model = None,
) -> None:
    """Show records of any stage for reading.

    Without an ID the records are listed, one a line; with one (or when there is only one) it is shown whole:
    what is asked, the code in colour, why it was rejected in words, the dialogue turn by turn, and every field that
    we do not know. Text of a model is shown as it is: brackets stay brackets, control characters become visible.

    \b
    sca show rejected.jsonl                              a list, and how many of each reason
    sca show rejected.jsonl --only noop_passes
    sca show tasks.jsonl calculation-3fa9c1-000012       one task
    sca show tasks.jsonl 12                              the same, if no other id holds 12
    sca show trajectories.jsonl --only failure | less
    sca show trajectories.jsonl 12-a3 --tokens           what was trained on, and what was context
    grep travel validated.jsonl | sca show -
    """
    from sca.cli.filters import named, tally
    from sca.cli.filters import only as filtered
    from sca.cli.listing import listing, on_stdout
    from sca.cli.record_view import View
    from sca.cli.token_view import token_view
    from sca.controls import show_controls
    from sca.errors import UsageError

    if model is not None and not tokens:
        raise UsageError("--model: only with --tokens, which it reads")
    records = _read(file)
    if records is None:
        raise UsageError(f"{file} holds no record that can be read; it is JSON Lines that `sca` writes")
    if only is not None:
        records = filtered(records, only)
    if record is not None:
        found = named(records, record)
        if not found:
            raise UsageError(f"no record in {file} has {record!r} in its id; `sca show {file}` lists them")
        records = found
    console = on_stdout()
    if len(records) == 1 or (record is not None and all(fields.get("id") == record for fields in records)):
        for fields in records:
            parts = View(None if whole else View.lines).record(fields)
            if tokens:
                parts = token_view(fields, model, bracketed=not console.is_terminal)
            for part in parts:
                console.print(part, soft_wrap=True)
        return
    if tokens:
        raise UsageError(f"--tokens shows one record: name it, as `sca show {file} ID --tokens`")
    console.print(show_controls(tally(records)))
    for line in listing(records[: limit or None]):
        console.print(
            line, crop=console.is_terminal, no_wrap=True, overflow="ellipsis" if console.is_terminal else "ignore"
        )
    if limit and len(records) > limit:
        console.print(f"… and {len(records) - limit} more; --limit 0 lists all")


def _read(file: Path) -> list[dict[str, object]] | None:
    """The records that can be read; None where not one of its lines can."""
    from sca.cli.console import say
    from sca.records.contract import Record
    from sca.records.reading import read

    reading = read(file, Record, skip_bad_lines=True)
    for problem in reading.skipped:
        say(f"warning: {problem}", style="yellow")
    records = [dict(record) for record in reading.records]
    return None if reading.skipped and not records else records
