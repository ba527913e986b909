"""`sca eval`: how well does a model do on tasks that nothing was trained on?"""

from pathlib import Path
from typing import Annotated

import typer

from sca.cli import attempting, options, roles, users
from sca.cli.containers import Containers

TaskFile = Annotated[
    Path | None,
    typer.Option(
        "--tasks",
        metavar="FILE",
        help="Other held-out tasks than the environment's own `tasks/test.jsonl`.",
        show_default=False,
    ),
]


def evaluate(
    env: options.Environment,
    out: options.Out = Path("results.jsonl"),
    tasks: TaskFile = None,
    trials: options.Trials = 4,
    data: options.Data = None,
    agent: attempting.AgentName = "model",
    model: options.Model = None,
    engine: options.Engine = None,
    style: roles.Style = None,
    temperature: roles.Temperature = None,
    top_p: roles.TopP = None,
    max_tokens: roles.MaxTokens = None,
    max_turns: roles.MaxTurns = None,
    user: users.Kind = None,
    user_model: users.Model = None,
    user_engine: users.EngineName = None,
    user_temperature: users.Temperature = None,
    user_max_tokens: users.MaxTokens = None,
    seed: options.Seed = 0,
    concurrency: options.Concurrency = None,
    runtime: options.Runtime = None,
    image: options.Image = None,
    force: options.Force = False,
    skip_bad_lines: options.SkipBadLines = False,
    dry_run: options.DryRun = False,
) -> None:
    """Measure a model on held-out tasks.

    pass@1 is the mean success rate, pass@k the chance that one of k trials succeeds, pass^k the chance that all do;
    each with a 95% bootstrap interval over tasks. The attempts are records like those of `sca rollout`; the figures
    go to `results.summary.json` beside them.

    \b
    sca eval --env calculation -o before.jsonl
    sca eval --env calculation -o after.jsonl --model checkpoint
    sca eval --env calculation -o greedy.jsonl --temperature 0 --trials 1
    sca eval --env calculation -o oracle.jsonl --agent oracle --trials 1     must be 100%
    sca eval --env calculation -o nop.jsonl --agent nop --trials 1           must be 0%
    """
    from sca.cli.closing import estimate_lines, tell_losses, tell_skipped
    from sca.cli.console import say
    from sca.cli.places import settings_of, shown
    from sca.dialogue.setting import Setting
    from sca.records.contract import Task, Trajectory
    from sca.records.output import Output
    from sca.records.pair import refuse_same
    from sca.records.reading import read
    from sca.stages.evaluation import check_evaluable, summarise, summary_path, write_summary

    setting = Setting.open(env, data)
    file = tasks or setting.test_tasks
    reading = read(file, Task, skip_bad_lines=skip_bad_lines)
    tell_skipped(reading)
    check_evaluable(reading.records, shown(file), setting.name)
    attempting.check_attemptable(reading.records, shown(file), agent)
    work = attempting.prepare(
        "eval", settings_of(reading.records, shown(file), env, data), agent, model, engine,
        roles.Flags(style, temperature, top_p, max_tokens, max_turns),
        users.Flags(user, user_model, user_engine, user_temperature, user_max_tokens),
        attempts=trials, seed=seed, concurrency=concurrency, containers=Containers(runtime, image),
    )  # fmt: skip
    refuse_same([out], [file])
    output = Output.open(out, Trajectory, work.settings(), force=force, dry_run=dry_run)
    with output:
        outcome = attempting.bring_about(work, output, out, dry_run=dry_run)
        if outcome is None:
            return
        asked = [attempt for attempt in outcome.attempts if attempt.id in outcome.wanted]
        summary = {
            "model": work.model,
            "environment": setting.name,
            "data_hash": setting.hash,
            **summarise(asked, reading.records, trials),
            "bad_lines": len(reading.skipped),
            "lost": outcome.lost,
        }
        output.finish(counts=summary, complete=not summary["lost"])
    if place := summary_path(out):
        write_summary(place, summary)
    estimate_lines(summary)
    say(f"attempts are in {out}" + (f", figures in {place}" if place else ""))
    tell_losses(outcome.losses, "attempts")
