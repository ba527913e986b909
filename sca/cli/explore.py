"""`sca explore`: challengers look around in an environment and write tasks."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sca.cli import engines, options, roles
from sca.cli.containers import Containers
from sca.cli.given import refuse

if TYPE_CHECKING:
    from sca.dialogue.scheduler import Losses
    from sca.engines import Engine
    from sca.records.contract import Task
    from sca.records.output import Output
    from sca.stages.exploration import Exploration

Feedback = Annotated[
    Literal["full", "none"] | None,
    typer.Option(
        "--feedback",
        help="`full`: each hand-in is checked, and the challenger told; `none`: the first hand-in ends the episode.",
        show_default="what the model's sca.json says, else full",
    ),
]
Method = Annotated[
    Literal["sca", "pae"],
    typer.Option(
        "--method",
        help="`sca`: tasks as code, by looking around; `pae`: the baseline, instructions from documentation alone.",
    ),
]
LIVE = 64
"""Episodes alive at a time: enough to fill an engine's batches."""


def explore(
    env: options.Environment,
    episodes: options.Episodes = 20,
    out: options.Out = Path("tasks.jsonl"),
    data: options.Data = None,
    method: Method = "sca",
    model: options.Model = None,
    engine: engines.Name = None,
    base_url: engines.BaseUrl = None,
    api_key_env: engines.ApiKeyEnv = None,
    engine_option: engines.EngineOption = None,
    feedback: Feedback = None,
    style: roles.Style = None,
    temperature: roles.Temperature = None,
    top_p: roles.TopP = None,
    max_tokens: roles.MaxTokens = None,
    max_turns: roles.MaxTurns = None,
    observation_limit: roles.ObservationLimit = None,
    observations: roles.Observations = None,
    seed: options.Seed = 0,
    concurrency: options.Concurrency = None,
    runtime: options.Runtime = None,
    image: options.Image = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
) -> None:
    """Let a model explore an environment and write tasks.

    Each episode begins from one of the environment's starts (a user, a family of tools, a theme), dealt out in turn.
    The challenger acts, hands in a task as code, reads what the checks say of it, and may hand in a better one. Every
    episode is a line, valid or not; `sca validate` has the last word.

    With --method pae nobody acts and no task has a check: attempts at them need `sca rollout --reward judge`.

    \b
    sca explore --env calculation -n 20
    sca explore --env calculation -n 40                  the same and 20 more
    sca explore --env ./my_env -n 100 --model meta-llama/Llama-3.1-8B-Instruct
    sca explore --env retail -n 100 --method pae -o proposed.jsonl
    sca explore --env calculation -n 5 -o - | sca show -
    """
    import asyncio

    from sca.cli.closing import tell_losses
    from sca.cli.console import say
    from sca.dialogue.challenger import ChallengerRules
    from sca.dialogue.proposer import ProposerRules
    from sca.dialogue.setting import Setting
    from sca.records.contract import Task
    from sca.records.output import Output
    from sca.sandbox import Limits
    from sca.stages.exploration import Exploration, count_episodes

    if method == "pae":
        given = {"--feedback": feedback, "--max-turns": max_turns, "--runtime": runtime, "--image": image}
        given |= {"--observation-limit": observation_limit, "--observations": observations}
        refuse(given, "mean nothing to --method pae, in which nobody acts")
    setting = Setting.open(env, data)
    opened, own = engines.EngineFlags(model, engine, base_url, api_key_env, engine_option).open()
    flags = roles.Flags(style, temperature, top_p, max_tokens, max_turns, observation_limit, observations)
    role = roles.resolve(flags, "challenger", own, 10)
    rules: ChallengerRules | ProposerRules = ProposerRules(role.style)
    if method == "sca":
        told = feedback or own.get("feedback") or "full"
        rules = ChallengerRules(role.style, role.max_turns, told, role.observation_limit, role.observations)
    plan = Exploration(setting, role.sampling, rules, Limits(), seed)
    output = Output.open(out, Task, plan.settings(opened.describe()), force=force, dry_run=dry_run)
    with output:
        missing = len(set(plan.ids(opened.describe(), episodes)) - output.done)
        if dry_run:
            say(f"would run {missing} of {episodes} episodes in {env} with {opened.model}, into {out}")
            _tell_estimate(plan, opened, missing, list(output.records()), concurrency or LIVE)
            return
        tasks: list[Task] = list(output.records())
        losses: list[Losses[tuple[int, str]]] = []
        if missing:
            made, lost = asyncio.run(
                _explore(plan, opened, Containers(runtime, image), output, episodes, missing, concurrency or LIVE)
            )
            tasks += made
            losses.append(lost)
        else:
            say("nothing to do: every episode is there")
        counts = {**count_episodes(tasks), "lost": sum(len(loss.lost) for loss in losses)}
        output.finish(counts=counts, complete=not counts["lost"])
    say(f"{counts['handed_in']} of {counts['episodes']} episodes handed a task in; all are in {out}")
    if counts["episodes"] and not counts["handed_in"]:
        say(
            f"`sca show {out}` shows what they did instead. The model that ships knows the tools of calculation and "
            "retail alone; --model takes a larger one",
            style="yellow",
        )
    tell_losses(losses, "episodes")


def _tell_estimate(
    plan: "Exploration", engine: "Engine", missing: int, earlier: "list[Task]", concurrency: int
) -> None:
    from sca.cli.console import say
    from sca.cli.planning import Dialogues, estimate
    from sca.dialogue.challenger import ChallengerRules
    from sca.dialogue.prompts import challenger_prompt

    rules, turns, prompts = plan.rules, 1, []
    if isinstance(rules, ChallengerRules):
        turns, starts = rules.max_turns, range(len(plan.setting.starts))
        prompts = [challenger_prompt(plan.setting, i, rules.style, turns, rules.feedback) for i in starts]
    usages = [{**task.origin.get("usage", {}), "turns": task.origin.get("turns", 0)} for task in earlier]
    live = min(concurrency, missing)
    for line in estimate(Dialogues(missing, turns, plan.sampling, live, prompts, usages), engine) if missing else ():
        say(line)


async def _explore(
    plan: "Exploration",
    engine: "Engine",
    containers: Containers,
    output: "Output[Task]",
    episodes: int,
    missing: int,
    concurrency: int,
) -> "tuple[list[Task], Losses[tuple[int, str]]]":
    from sca.cli.progress import progress
    from sca.dialogue.turns import Asker
    from sca.stages.exploration import run_exploration

    done = len(output.done)
    async with AsyncExitStack() as stack:
        sandbox = None
        if plan.method == "sca":
            sandbox = await stack.enter_async_context(containers.sandbox(plan.setting, plan.limits))
            output.note(sandbox=sandbox.describe())
        await stack.enter_async_context(engines.running(engine, output))
        with progress("explore", total=done + missing, done=done, good="handed in") as meter:
            return await run_exploration(
                plan, Asker(engine, plan.sampling, plan.seed), sandbox, output,
                episodes=episodes, concurrency=concurrency, progress=meter,
            )  # fmt: skip
