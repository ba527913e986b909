"""`sca export`: records in the forms that other trainers read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sca.cli import options, roles
from sca.cli.validate import Env

if TYPE_CHECKING:
    from sca.records.contract import Task

To = Annotated[
    Literal["trl-sft", "trl-dpo", "openai", "verl", "verifiers"],
    typer.Option("--to", help="The trainer to write for.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="Where it goes; `-` is stdout.", show_default="FORMAT.jsonl or .parquet"
    ),
]
Tokens = Annotated[
    bool,
    typer.Option("--tokens", help="trl-sft: the recorded token ids and a mask of the agent's own, in place of text."),
]
Failures = Annotated[
    bool, typer.Option("--failures", help="Take failed attempts along where a format is for imitation.")
]


def export(
    files: options.Inputs,
    to: To,
    out: Out = None,
    tokens: Tokens = False,
    failures: Failures = False,
    env: Env = None,
    data: options.Data = None,
    style: roles.Style = None,
    max_turns: roles.MaxTurns = None,
    force: options.Force = False,
    skip_bad_lines: options.SkipBadLines = False,
) -> None:
    """Write attempts or tasks in the form that another trainer reads.

    trl-sft, openai and verl take successful attempts, trl-dpo pairs of a success and a failure at one task, verifiers
    all. Of tasks, verl and verifiers get the executor's prompt and the check. docs/evaluating.md has the columns.

    \b
    sca export trajectories.jsonl --to trl-sft -o sft.jsonl
    sca export trajectories.jsonl --to trl-sft --tokens -o tokens.jsonl
    sca export trajectories.jsonl --to trl-dpo -o pairs.jsonl
    sca export validated.jsonl --to verl -o tasks.parquet
    sca select trajectories.jsonl --filter "reward == 1" --best 2 -o - | sca export - --to openai
    """
    from sca.cli.closing import tell_skipped
    from sca.cli.console import say
    from sca.errors import ScaError, UsageError
    from sca.records.contract import Trajectory
    from sca.records.gathering import gather
    from sca.records.pair import refuse_same
    from sca.records.stdout import is_stream
    from sca.records.whole import whole, write_lines

    place = out or Path(f"{to}.{'parquet' if to == 'verl' else 'jsonl'}")
    if to == "verl" and is_stream(place):
        raise UsageError("Parquet cannot go to stdout; name a file with -o")
    refuse_same([place], files)
    skipped: list[str] = []
    records = gather(files, skip_bad_lines=skip_bad_lines, left_out=skipped.append)
    tell_skipped(skipped)
    _refuse_unused(
        to, {"--tokens": tokens and to != "trl-sft", "--failures": failures and to in ("trl-dpo", "verifiers")}
    )
    if not records:
        raise ScaError(f"there are no records in {', '.join(map(str, files))}")
    attempts = [record for record in records if isinstance(record, Trajectory)]
    of_tasks = {"--env": env, "--data": data, "--prompt-style": style, "--max-turns": max_turns}
    if attempts:
        from sca.export.attempts import rows_of

        _refuse_unused("attempts", of_tasks)
        made = rows_of(attempts, to, tokens=tokens, failures=failures)
        rows = made.rows
        for reason, count in made.left_out.items():
            say(f"left out: {count} attempts {reason}")
    else:
        rows = _of_tasks([record for record in records if not isinstance(record, Trajectory)], to, of_tasks, files)
    settings: dict[str, Any] = {
        "stage": "export", "to": to, "from": list(map(str, files)), "tokens": tokens, "failures": failures
    }  # fmt: skip
    settings |= {name.lstrip("-").replace("-", "_"): value for name, value in of_tasks.items() if value}
    counts = {"records": len(records), "rows": len(rows), "bad_lines": len(skipped)}
    if to == "verl":
        from sca.export.parquet import write_parquet

        with whole(place, settings, counts, force=force) as aside:
            write_parquet(aside, rows)
    else:
        import json

        lines = (json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for row in rows)
        write_lines(place, lines, settings, counts, force=force)
    say(f"{len(rows)} rows of {len(records)} records are in {place}")


def _of_tasks(tasks: "list[Task]", to: str, given: dict[str, Any], files: list[Path]) -> list[dict[str, Any]]:
    from sca.cli.places import settings_of, shown
    from sca.dialogue.conversation import for_engine
    from sca.dialogue.prompts import executor_prompt
    from sca.errors import UsageError
    from sca.export.tasks import rows_of

    if to not in ("verl", "verifiers"):
        raise UsageError(f"--to {to} takes attempts, and these records are tasks; verl and verifiers take tasks")
    places = settings_of(tasks, shown(files[0]), given["--env"], given["--data"])
    settings = {setting.name: setting for setting, _ in places}

    def prompt(task: "Task") -> list[dict[str, str]]:
        messages = executor_prompt(
            settings[task.environment], task, given["--prompt-style"] or "full", given["--max-turns"] or 15
        )
        return for_engine(messages)

    return rows_of(tasks, "verl" if to == "verl" else "verifiers", prompt)


def _refuse_unused(what: str, given: dict[str, Any]) -> None:
    """Raise `UsageError` for options that would do nothing."""
    from sca.errors import UsageError

    if unused := [name for name, value in given.items() if value]:
        raise UsageError(f"{', '.join(unused)}: means nothing to {what}")
