"""`sca eval`: how well does a model do on tasks that nothing was trained on?"""

from pathlib import Path
from typing import Annotated

import typer

from sca.cli import attempting, engines, judges, options, roles, unchanged, users
from sca.cli.containers import Containers
from sca.cli.given import is_given, refuse_others

Env = Annotated[
    str | None, typer.Option("--env", metavar="NAME|FOLDER", help="Where the tasks are.", show_default=False)
]
TaskFile = Annotated[
    Path | None,
    typer.Option(
        "--tasks",
        metavar="FILE",
        help="Other held-out tasks than the environment's own `tasks/test.jsonl`: JSON Lines, a task file of "
        "TauBench (.py, read and never run) or TauBench 2's tasks.json.",
        show_default=False,
    ),
]
Compare = Annotated[
    tuple[Path, Path] | None,
    typer.Option("--compare", metavar="A B", help="Show two results side by side; run nothing.", show_default=False),
]
Rescore = Annotated[
    Path | None,
    typer.Option(
        "--rescore",
        metavar="FILE",
        help="Judge stored attempts again from their tool calls, into rescored.jsonl; asks no model.",
        show_default=False,
    ),
]


def evaluate(
    context: typer.Context,
    env: Env = None,
    out: options.Out = Path("results.jsonl"),
    tasks: TaskFile = None,
    trials: options.Trials = 4,
    data: options.Data = None,
    agent: attempting.AgentName = "model",
    reward: attempting.RewardName = "check",
    model: options.Model = None,
    engine: engines.Name = None,
    base_url: engines.BaseUrl = None,
    api_key_env: engines.ApiKeyEnv = None,
    engine_option: engines.EngineOption = None,
    style: roles.Style = None,
    temperature: roles.Temperature = None,
    top_p: roles.TopP = None,
    max_tokens: roles.MaxTokens = None,
    max_turns: roles.MaxTurns = None,
    observation_limit: roles.ObservationLimit = None,
    observations: roles.Observations = None,
    user: users.Kind = None,
    user_model: users.Model = None,
    user_engine: users.EngineName = None,
    user_base_url: users.BaseUrl = None,
    user_temperature: users.Temperature = None,
    user_max_tokens: users.MaxTokens = None,
    seed: options.Seed = 0,
    concurrency: options.Concurrency = None,
    state_changes: attempting.StateChanges = False,
    runtime: options.Runtime = None,
    image: options.Image = None,
    force: options.Force = False,
    skip_bad_lines: options.SkipBadLines = False,
    keep_unchanged: unchanged.Keep = False,
    dry_run: options.DryRun = False,
    compare: Compare = None,
    rescore: Rescore = None,
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
    sca eval --env retail --reward official \\
      --data tau-bench/tau_bench/envs/retail/data --tasks tau-bench/tau_bench/envs/retail/tasks_test.py
    sca eval --env web_browsing+any_address --reward official \\
      --data m3/web_browsing/data --tasks m3/web_browsing/tasks.jsonl
    sca eval --compare before.jsonl after.jsonl
    sca eval --rescore after.jsonl -o again.jsonl
    """
    from sca.errors import UsageError

    if compare is not None:
        from sca.cli.comparing import compare_results

        refuse_others(context, {"compare", "out", "force"}, "--compare")
        compare_results(*compare, out if is_given(context, "out") else None, force=force)
        return
    if rescore is not None:
        from sca.cli.rescoring import rescore as judge_again

        used = [
            "rescore",
            "out",
            "tasks",
            "env",
            "data",
            "reward",
            "concurrency",
            "runtime",
            "image",
            "force",
            "dry_run",
        ]
        refuse_others(context, used, "--rescore")
        place = out if is_given(context, "out") else Path("rescored.jsonl")
        containers = Containers(runtime, image)
        judge_again(
            rescore, place, tasks, env, data, containers, reward=reward if is_given(context, "reward") else None,
            concurrency=concurrency, force=force, dry_run=dry_run,
        )  # fmt: skip
        return
    if env is None:
        raise UsageError("name the environment with --env; `sca env list` names those there are")

    from sca.cli.closing import beside_lines, estimate_lines, noop_line, tell_losses, tell_skipped
    from sca.cli.console import say
    from sca.cli.places import settings_of, shown
    from sca.dialogue.setting import Setting
    from sca.records.contract import Trajectory
    from sca.records.output import Output
    from sca.records.pair import refuse_same
    from sca.records.task_files import read_tasks
    from sca.stages.evaluation import check_evaluable, summarise, summary_path, tools_by_task, write_summary

    setting = Setting.open(env, data)
    file = tasks or setting.test_tasks
    reading = read_tasks(file, setting.name, skip_bad_lines=skip_bad_lines)
    tell_skipped(reading.skipped)
    check_evaluable(reading.records, shown(file), setting.name)
    attempting.check_attemptable(reading.records, shown(file), agent, reward)
    containers = Containers(runtime, image)
    asked_for, left_out = unchanged.leave_out(reading.records, setting, containers, keep=keep_unchanged)
    check_evaluable(asked_for, shown(file), setting.name)
    work = attempting.prepare(
        "eval", settings_of(asked_for, shown(file), env, data), agent,
        engines.EngineFlags(model, engine, base_url, api_key_env, engine_option),
        roles.Flags(style, temperature, top_p, max_tokens, max_turns, observation_limit, observations),
        users.Flags(user, user_model, user_engine, user_base_url, user_temperature, user_max_tokens),
        judges.Flags(),
        attempts=trials, seed=seed, concurrency=concurrency, containers=containers,
        reward=reward, state_changes=state_changes,
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
            "reward": reward,
            **summarise(asked, asked_for, trials, tools_by_task(asked_for, setting.tool_names)),
            "left_out_unchanged": left_out,
            "bad_lines": len(reading.skipped),
            "lost": outcome.lost,
        }
        output.finish(counts=summary, complete=not summary["lost"])
    if figures := summary_path(out):
        write_summary(figures, summary)
    estimate_lines(summary)
    noop_line(summary)
    beside_lines(summary)
    say(f"attempts are in {out}" + (f", figures in {figures}" if figures else ""))
    tell_losses(outcome.losses, "attempts")
