"""`sca select`: the records worth keeping."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sca.cli import options

if TYPE_CHECKING:
    from sca.records.gathering import Gathered
    from sca.selection.choosing import Choice

Filter = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="CONDITION",
        help='Keep what meets it: "0 < avg < 1"; several must all be met.',
        show_default=False,
    ),
]
Tasks = Annotated[
    Path | None,
    typer.Option("--tasks", metavar="FILE", help="Keep attempts at the tasks of this file.", show_default=False),
]
Best = Annotated[
    int | None,
    typer.Option(
        "--best", min=1, metavar="N", help="Keep the N best attempts at each task: reward, then fewest turns."
    ),
]
MaxPerTask = Annotated[
    int | None, typer.Option("--max-per-task", min=1, metavar="N", help="Keep N attempts at each task, by lot.")
]
Number = Annotated[
    int | None, typer.Option("-n", "--number", min=1, metavar="N", help="Keep N records of all, by lot.")
]
Dedup = Annotated[
    bool, typer.Option("--dedup", help="Leave out attempts that say the same, and tasks that ask or do the same.")
]
Names = Annotated[bool, typer.Option("--names", help="List what a condition may ask of these records, and leave.")]


def select(
    files: options.Inputs,
    out: options.Out = Path("selected.jsonl"),
    conditions: Filter = None,
    tasks: Tasks = None,
    best: Best = None,
    max_per_task: MaxPerTask = None,
    number: Number = None,
    dedup: Dedup = False,
    seed: options.Seed = 0,
    names: Names = False,
    force: options.Force = False,
    skip_bad_lines: options.SkipBadLines = False,
    dry_run: options.DryRun = False,
) -> None:
    """Keep the attempts or tasks that are worth keeping.

    How many each step leaves is told before anything is written; lines are kept whole. A condition has names (those
    that --names lists), numbers, text in quotes, comparisons, `in`, and, or, not, + - * / %. `avg` is the mean reward
    of all attempts at a task in the files, whatever else is asked.

    \b
    sca select trajectories.jsonl --filter "0 < avg < 1" --best 2 --dedup --dry-run
    sca select first.jsonl second.jsonl --filter "reward == 1 and turns <= 8" -o short.jsonl
    sca select trajectories.jsonl --filter best -o - | sca export - --to trl-sft
    sca select trajectories.jsonl --tasks sharp.jsonl
    sca select validated.jsonl --filter "mutation_score >= 0.5 and family != 'travel_planner'" -o sharp.jsonl
    """
    from sca.cli.closing import tell_skipped
    from sca.cli.console import say
    from sca.errors import UsageError
    from sca.records.contract import Trajectory
    from sca.records.gathering import gather
    from sca.records.pair import refuse_same
    from sca.records.reading import one_stdin
    from sca.records.whole import refuse_there, write_lines
    from sca.records.writing import line_of
    from sca.selection.choosing import Wanted, choose
    from sca.selection.facts import group

    if best and max_per_task:
        raise UsageError("--best and --max-per-task both say how many attempts to keep of a task; say one of them")
    one_stdin([*files, *([tasks] if tasks else [])])
    skipped: list[str] = []
    records = gather(files, skip_bad_lines=skip_bad_lines, left_out=skipped.append)
    tell_skipped(skipped)
    if names:
        _list_names(records)
        return
    of_tasks = frozenset(map(group, gather([tasks]))) if tasks else None
    wanted = Wanted(tuple(conditions or ()), of_tasks, dedup, best, max_per_task, number, seed)
    choice = choose(records, wanted)
    _tell(choice, attempts=any(isinstance(record, Trajectory) for record in records))
    refuse_same([out], files)
    refuse_there(out, force=force)
    if dry_run:
        say(f"would write {len(choice.kept)} lines to {out}")
        return
    settings = {
        "stage": "select", "from": [str(file) for file in files], "filter": list(wanted.conditions),
        "tasks": str(tasks) if tasks else None, "best": best, "max_per_task": max_per_task, "number": number,
        "dedup": dedup, "seed": seed,
    }  # fmt: skip
    counts = {"records": len(records), "kept": len(choice.kept), "bad_lines": len(skipped)}
    write_lines(out, map(line_of, choice.kept), settings, counts, force=force)
    say(f"{len(choice.kept)} of {len(records)} lines are in {out}")


def _list_names(records: "Gathered") -> None:
    from sca.cli.listing import on_stdout
    from sca.records.contract import Trajectory
    from sca.selection import facts

    known = facts.ATTEMPT if any(isinstance(record, Trajectory) for record in records) else facts.TASK
    quality = sorted(facts.names(records) - known.keys())
    for name, meaning in {**known, **dict.fromkeys(quality, "of verdict.quality")}.items():
        on_stdout().print(f"{name:14} {meaning}", soft_wrap=True)


def _tell(choice: "Choice", *, attempts: bool) -> None:
    from sca.cli.console import say

    width = len(f"{choice.steps[0][1]:,}")
    for step, records, tasks in choice.steps:
        what = f"attempts at {tasks:,} tasks" if attempts else "tasks"
        say(f"{records:{width},} {what}  {step}")
