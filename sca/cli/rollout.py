"""`sca rollout`: the executor practises on tasks."""

from pathlib import Path

from sca.cli import attempting, engines, judges, options, roles, users
from sca.cli.containers import Containers
from sca.cli.validate import Env


def rollout(
    tasks: options.Input,
    out: options.Out = Path("trajectories.jsonl"),
    attempts: options.Attempts = 8,
    env: Env = None,
    data: options.Data = None,
    agent: attempting.AgentName = "model",
    reward: attempting.AnyRewardName = "check",
    judge: judges.Manner = None,
    judge_model: judges.Model = None,
    judge_engine: judges.EngineName = None,
    judge_base_url: judges.BaseUrl = None,
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
    dry_run: options.DryRun = False,
) -> None:
    """Let a model attempt tasks, and reward what passes.

    Each attempt has the task's instruction and a fresh copy of the state, and acts in a container; afterwards the
    task's own check, or what --reward says, decides on the reward, 1 or 0. An attempt that the machinery failed is in
    no output. Where a user takes part, the instruction goes to a simulated one, and the model has to ask.

    \b
    sca rollout validated.jsonl
    sca rollout validated.jsonl --attempts 16 --model checkpoint -o second.jsonl
    head -n 50 validated.jsonl | sca rollout - -o few.jsonl
    sca rollout retail.jsonl --model checkpoint --user-model meta-llama/Llama-3.1-8B-Instruct
    sca rollout retail.jsonl --user scripted            a user that states the instruction, says yes, and stops
    sca rollout proposed.jsonl --reward judge           tasks without a check: a model judges the dialogue
    sca rollout validated.jsonl --agent oracle --attempts 1 -o oracle.jsonl     each task's own solution
    """
    from sca.cli.closing import tell_losses, tell_skipped
    from sca.cli.console import say
    from sca.cli.places import setting_name, settings_of, shown
    from sca.records.contract import Trajectory
    from sca.records.output import Output
    from sca.records.pair import refuse_same
    from sca.records.task_files import read_tasks
    from sca.stages.rollouts import count_attempts

    reading = read_tasks(tasks, setting_name(env, data), skip_bad_lines=skip_bad_lines)
    tell_skipped(reading.skipped)
    file = shown(tasks)
    attempting.check_attemptable(reading.records, file, agent, reward)
    work = attempting.prepare(
        "rollout", settings_of(reading.records, file, env, data), agent,
        engines.EngineFlags(model, engine, base_url, api_key_env, engine_option),
        roles.Flags(style, temperature, top_p, max_tokens, max_turns, observation_limit, observations),
        users.Flags(user, user_model, user_engine, user_base_url, user_temperature, user_max_tokens),
        judges.Flags(judge, judge_model, judge_engine, judge_base_url),
        attempts=attempts, seed=seed, concurrency=concurrency, containers=Containers(runtime, image),
        reward=reward, state_changes=state_changes,
    )  # fmt: skip
    refuse_same([out], [tasks])
    output = Output.open(out, Trajectory, work.settings(), force=force, dry_run=dry_run)
    with output:
        outcome = attempting.bring_about(work, output, out, dry_run=dry_run)
        if outcome is None:
            return
        counts = {
            **count_attempts(outcome.attempts),
            "tasks": len(reading.records),
            "bad_lines": len(reading.skipped),
            "lost": outcome.lost,
        }
        output.finish(counts=counts, complete=not counts["lost"])
    rate = f" ({counts['successes'] / counts['attempts']:.1%})" if counts["attempts"] else ""
    say(f"{counts['successes']} of {counts['attempts']} attempts{rate} succeeded; all are in {out}")
    tell_losses(outcome.losses, "attempts")
