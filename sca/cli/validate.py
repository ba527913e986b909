"""`sca validate`: each task's own checks, solution and failure cases against each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sca.cli import admitting, options
from sca.cli.containers import Containers

if TYPE_CHECKING:
    from sca.dialogue.scheduler import Losses
    from sca.dialogue.setting import Setting
    from sca.records.contract import JudgedTask, Task
    from sca.records.pair import Pair
    from sca.stages.validation import Validation

Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="NAME|FOLDER",
        help="Where the tasks' environment lies, if it is not found by its name.",
        show_default=False,
    ),
]
Variant = Annotated[
    Literal["none", "verifier", "solution", "full"],
    typer.Option("--filter", help="Which checks admit a task; all are made and recorded whatever is chosen."),
]
PerContainer = Annotated[
    int,
    typer.Option("--tasks-per-container", min=1, metavar="N", help="Tasks that a container serves before it goes."),
]


def validate(
    tasks: options.Input,
    out: options.Out = Path("validated.jsonl"),
    rejected: options.Rejected = Path("rejected.jsonl"),
    env: Env = None,
    data: options.Data = None,
    variant: Variant = "full",
    min_mutation_score: admitting.MinMutationScore = None,
    require_grounded: admitting.RequireGrounded = False,
    require_tolerant: admitting.RequireTolerant = False,
    drop_duplicates: admitting.DropDuplicates = False,
    quality: admitting.Quality = True,
    tasks_per_container: PerContainer = 1,
    concurrency: options.Concurrency = None,
    runtime: options.Runtime = None,
    image: options.Image = None,
    force: options.Force = False,
    skip_bad_lines: options.SkipBadLines = False,
    dry_run: options.DryRun = False,
) -> None:
    """Run each task's own checks, and keep the sound ones.

    Each program runs on a fresh copy of the environment's state in a Docker container. A task is valid when its
    check runs, a no-op does not pass it, the solution passes, at least three different failure cases run and do not
    pass, the check decides the same each time and writes nothing, and all this holds once more in another container.
    The others go to --rejected, each with the reason.

    Beside the verdict each record says how good a task is that does not contradict itself: `mutation_score`,
    `grounded`, `tolerant` and `duplicate_of`. They decide what is admitted only where an option asks for it.

    \b
    sca validate tasks.jsonl
    sca validate tasks.jsonl -o good.jsonl --rejected bad.jsonl
    sca validate tasks.jsonl --filter solution        the paper's variant without failure cases
    sca validate tasks.jsonl --min-mutation-score 1 --require-grounded --require-tolerant --drop-duplicates
    sca explore --env calculation -n 5 -o - | sca validate - -o -
    """
    import asyncio

    from sca.cli.closing import funnel_table, tell_losses, tell_skipped
    from sca.cli.console import say
    from sca.cli.places import settings_of, shown
    from sca.errors import UsageError
    from sca.judging.funnel import funnel
    from sca.judging.summary import difficulty_figures, quality_figures
    from sca.judging.thresholds import Thresholds
    from sca.records.contract import JudgedTask, Task
    from sca.records.pair import Pair, refuse_same
    from sca.records.reading import read
    from sca.sandbox import Limits
    from sca.stages.validation import Validation, refuse_changed

    thresholds = Thresholds(min_mutation_score, require_grounded, require_tolerant, drop_duplicates)
    if thresholds.any and not quality:
        raise UsageError("--no-quality leaves nothing for the other options to go by; leave it out")
    reading = read(tasks, Task, skip_bad_lines=skip_bad_lines)
    tell_skipped(reading.skipped)
    places = settings_of(reading.records, shown(tasks), env, data)
    hashes = {setting.name: setting.hash for setting, _ in places}
    plan = Validation(hashes, variant, Limits(), thresholds, quality)
    containers = Containers(runtime, image).check([setting for setting, _ in places])
    refuse_same([out, rejected], [tasks])
    pair = Pair.open(out, rejected, JudgedTask, plan.settings(), force=force, dry_run=dry_run)
    with pair:
        missing = sum(task.id not in pair.done for task in reading.records)
        if dry_run:
            say(f"would judge {missing} of {len(reading.records)} tasks, into {out} and {rejected}")
            return
        verdicts: list[JudgedTask] = list(pair.records())
        losses: list[Losses[Task]] = []
        refuse_changed(reading.records, verdicts, str(out))
        if missing:
            made, losses = asyncio.run(_judge(plan, places, pair, concurrency, tasks_per_container, containers))
            verdicts += made
        else:
            say("nothing to do: every task has its verdict")
        counts = {
            **funnel(verdicts).asdict(),
            "valid": sum(task.verdict.valid for task in verdicts),
            "admitted": len(pair.first.done),
            "quality": quality_figures(verdicts),
            "difficulty": difficulty_figures(verdicts, [task for task in verdicts if plan.admits(task)]),
            "bad_lines": len(reading.skipped),
            "lost": sum(len(loss.lost) for loss in losses),
        }
        pair.finish(counts=counts, complete=not counts["lost"])
    funnel_table(counts)
    admitting.quality_lines(counts["quality"])
    admitting.difficulty_table(counts["difficulty"])
    say(f"{counts['admitted']} of {counts['episodes']} tasks are in {out}, the others in {rejected}")
    tell_losses(losses, "tasks")


async def _judge(
    plan: "Validation",
    places: "list[tuple[Setting, list[Task]]]",
    pair: "Pair[JudgedTask]",
    concurrency: int | None,
    tasks_per_container: int,
    containers: Containers,
) -> "tuple[list[JudgedTask], list[Losses[Task]]]":
    import os

    from sca.cli.progress import progress
    from sca.stages.validation import run_validation, surroundings_of

    workers = concurrency or (os.cpu_count() or 1)
    verdicts: list[JudgedTask] = []
    losses = []
    missing = [(setting, tasks) for setting, tasks in places if any(task.id not in pair.done for task in tasks)]
    total = len(pair.done) + sum(task.id not in pair.done for _, tasks in missing for task in tasks)
    with progress("validate", total=total, done=len(pair.done), good="admitted") as meter:
        for setting, tasks in missing:
            sandbox = containers.sandbox(
                setting, plan.limits, size=workers + 1, tasks_per_container=tasks_per_container
            )
            async with sandbox:
                pair.note(sandbox=sandbox.describe())
                made, lost = await run_validation(
                    plan, tasks, sandbox, pair, concurrency=workers, progress=meter,
                    surroundings=surroundings_of(setting) if plan.quality else None,
                )  # fmt: skip
                verdicts += made
                losses.append(lost)
    return verdicts, losses
