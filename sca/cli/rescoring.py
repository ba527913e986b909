"""`sca eval --rescore FILE`: stored attempts judged again, without a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sca.cli.containers import Containers

if TYPE_CHECKING:
    from sca.dialogue.scheduler import Losses
    from sca.dialogue.setting import Setting
    from sca.judging.reward import Kind
    from sca.records.contract import Task, Trajectory
    from sca.records.output import Output

LIVE = 8
"""Attempts judged at a time."""


def rescore(
    file: Path,
    out: Path,
    tasks: Path | None,
    env: str | None,
    data: Path | None,
    containers: Containers,
    *,
    reward: "Kind | None",
    concurrency: int | None,
    force: bool,
    dry_run: bool,
) -> None:
    """Make the tool calls of each attempt again, judge the state, and tell what changed.

    `reward` is the one that the attempts were made for where it is None.
    """
    import asyncio

    from sca.cli.attempting import check_judgeable
    from sca.cli.closing import estimate_lines, tell_losses
    from sca.cli.console import say
    from sca.errors import UsageError
    from sca.judging.comparison import Result
    from sca.judging.figures import tasks_hash
    from sca.records.contract import Trajectory
    from sca.records.ids import task_hash
    from sca.records.output import Output
    from sca.records.pair import refuse_same
    from sca.sandbox import Limits
    from sca.stages.evaluation import summarise, summary_path, tools_by_task, write_summary
    from sca.stages.rescoring import tasks_of

    stored = Result.read(file)
    setting, found, where = _tasks(stored.attempts, file, tasks, env, data)
    wanted = tasks_of(stored.attempts, found, str(file), where)
    held = stored.settings.get("environments", {}).get(setting.name)
    if held != setting.hash and not force:
        raise UsageError(
            f"{file} was made with other code or data of {setting.name}; --force judges its attempts all the same, "
            "each at the state that its calls lead to now"
        )
    if reward is None and stored.settings.get("reward") == "judge":
        raise UsageError(f"{file}: a model judged its attempts, which is not done again; say another --reward")
    kind: Kind = reward or stored.settings.get("reward", "check")
    check_judgeable(wanted.values(), where, kind)
    containers.check([setting])
    refuse_same([out], [file, *([tasks] if tasks else [])])
    settings: dict[str, Any] = {
        "stage": "rescore", "environments": {setting.name: setting.hash}, "reward": kind, "any_state": force,
        "limits": Limits().asdict(), "of": stored.settings,
        "tasks_hash": tasks_hash((task.id, task_hash(task)) for task in wanted.values()),
    }  # fmt: skip
    with Output.open(out, Trajectory, settings, force=force, dry_run=dry_run) as output:
        missing = sum(attempt.id not in output.done for attempt in stored.attempts)
        if dry_run:
            say(f"would judge {missing} of {len(stored.attempts)} attempts again, into {out}")
            return
        judged: list[Trajectory] = list(output.records())
        losses: list[Losses[Trajectory]] = []
        if missing:
            made, lost = asyncio.run(
                _judge(stored.attempts, wanted, setting, kind, output, containers, force, concurrency or LIVE)
            )
            judged += made
            losses.append(lost)
        by_task = tools_by_task(wanted.values(), setting.tool_names)
        summary = {
            "model": stored.model, "environment": setting.name, "data_hash": setting.hash, "rescored": str(file),
            "reward": kind,
            **summarise(judged, list(wanted.values()), stored.trials, by_task), **_changes(judged),
        }  # fmt: skip
        output.finish(counts=summary, complete=not any(loss.lost for loss in losses))
    if place := summary_path(out):
        write_summary(place, summary)
    estimate_lines(summary)
    _tell_changes(judged, summary)
    tell_losses(losses, "attempts")


def _tasks(
    attempts: "list[Trajectory]", file: Path, tasks: Path | None, env: str | None, data: Path | None
) -> "tuple[Setting, list[Task], str]":
    from sca.cli.places import settings_of
    from sca.dialogue.setting import Setting
    from sca.environment.loading import find
    from sca.errors import UsageError
    from sca.records.task_files import read_tasks

    names = list(dict.fromkeys(attempt.environment for attempt in attempts))
    if len(names) > 1:
        raise UsageError(f"{file} holds attempts in {', '.join(names)}; rescore one environment at a time")
    where = tasks or Setting.open(env or str(find(names[0])), data).test_tasks
    found = [task for task in read_tasks(where, names[0]).records if task.environment == names[0]]
    if not found:
        raise UsageError(f"{where} holds no tasks of {names[0]}; name the file of their tasks with --tasks")
    ((setting, members),) = settings_of(found, str(where), env, data)
    return setting, members, str(where)


async def _judge(
    attempts: "list[Trajectory]",
    tasks: "dict[str, Task]",
    setting: "Setting",
    reward: "Kind",
    output: "Output[Trajectory]",
    containers: Containers,
    any_state: bool,
    concurrency: int,
) -> "tuple[list[Trajectory], Losses[Trajectory]]":
    from sca.cli.attempting import rule_of
    from sca.cli.progress import progress
    from sca.sandbox import Limits
    from sca.stages.rescoring import run_rescoring

    done = len(output.done)
    async with containers.sandbox(setting, Limits()) as sandbox:
        output.note(sandbox=sandbox.describe())
        with progress("rescore", total=len(attempts), done=done, good="success") as meter:
            return await run_rescoring(
                attempts, tasks, setting, rule_of(setting, reward), sandbox, output,
                any_state=any_state, concurrency=concurrency, progress=meter,
            )  # fmt: skip


def _changes(attempts: "list[Trajectory]") -> dict[str, int]:
    told = [(attempt.reward, _before(attempt)) for attempt in attempts]
    return {
        "changed_to_success": sum(reward > before["reward"] for reward, before in told),
        "changed_to_failure": sum(reward < before["reward"] for reward, before in told),
        "other_state": sum(not before["same_state"] and before["state_hash"] is not None for _, before in told),
    }


def _before(attempt: "Trajectory") -> dict[str, Any]:
    """What was recorded of an attempt that was judged again."""
    before: dict[str, Any] = (attempt.model_extra or {})["rescored"]
    return before


def _tell_changes(attempts: "list[Trajectory]", counts: dict[str, Any]) -> None:
    from sca.cli.closing import SHOWN
    from sca.cli.console import say

    changed = [attempt for attempt in attempts if attempt.reward != _before(attempt)["reward"]]
    for attempt in changed[:SHOWN]:
        say(f"{attempt.id}: reward {1 - attempt.reward} → {attempt.reward}")
    if len(changed) > SHOWN:
        say(f"… and {len(changed) - SHOWN} more")
    say(
        f"{len(changed)} of {len(attempts)} attempts changed: {counts['changed_to_success']} from 0 to 1, "
        f"{counts['changed_to_failure']} from 1 to 0"
    )
    if counts["other_state"]:
        say(f"{counts['other_state']} attempts lead to another state now than when they were made", style="yellow")
