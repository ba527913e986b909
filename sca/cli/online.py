"""`sca train --online`: rounds of attempts and optimiser steps with one model."""

import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sca.cli import attempting, engines, judges
from sca.cli.online_options import Flags
from sca.training import processes

if TYPE_CHECKING:
    from sca.records.contract import Task
    from sca.stages.online import Online
    from sca.stages.training import Checkpoint
    from sca.training.settings import TrainSettings

ITERATIONS = 10
PER_ITERATION, ATTEMPTS = 32, 8
"""The paper's."""


def train_online(
    flags: Flags,
    settings: "TrainSettings",
    checkpoint: "Checkpoint",
    folder: Path,
    model: str | None,
    facts: dict[str, Any],
    *,
    bf16: bool,
    track: str | None,
    force: bool,
    skip_bad_lines: bool,
    dry_run: bool,
) -> None:
    """Settle what the attempts need, and iterate. Raises `ScaError` where something does not fit."""
    from sca.cli.closing import tell_skipped
    from sca.cli.console import say
    from sca.cli.iterating import iterate
    from sca.cli.places import setting_name, settings_of, shown
    from sca.errors import UsageError
    from sca.records.sidecar import Sidecar
    from sca.records.task_files import read_tasks
    from sca.stages.training import begin

    if flags.tasks is None:
        raise UsageError("--online needs --tasks FILE: what to attempt, as `sca validate` writes it")
    reading = read_tasks(flags.tasks, setting_name(flags.env, flags.data), skip_bad_lines=skip_bad_lines)
    tell_skipped(reading.skipped)
    file, reward = shown(flags.tasks), flags.reward or "check"
    attempting.check_attemptable(reading.records, file, "model", reward)
    work = attempting.prepare(
        "online", settings_of(reading.records, file, flags.env, flags.data), "model",
        engines.EngineFlags(model, flags.engine, options=_options(flags, settings, bf16=bf16)),
        flags.role, flags.user, judges.Flags(), attempts=flags.attempts or ATTEMPTS, seed=settings.seed,
        concurrency=flags.concurrency, containers=flags.containers, reward=reward, in_training=True,
    )  # fmt: skip
    plan = _plan(flags, reading.records, work, settings, file)
    iterations = flags.iterations or ITERATIONS
    bound = {**_binding(plan, settings, facts), "bf16": bf16}
    if dry_run:
        count = min(plan.per_iteration, len(plan.tasks))
        say(
            f"would make {plan.attempts} attempts at each of {count} of {len(plan.tasks)} tasks, learn from them by "
            f"{settings.algorithm}, and that {iterations} times, into {checkpoint.folder}; attempts and states go to "
            f"{checkpoint.iterations}"
        )
        return
    with ExitStack() as stack:
        if processes.rank():
            sidecar, done = Sidecar(checkpoint.folder, bound), False  # never saved; the first process speaks for all
        else:
            stack.enter_context(checkpoint.alone())
            sidecar, done = begin(checkpoint, bound, force=force)
            done = done and bool(sidecar.counts.get("stopped") or sidecar.counts.get("iterations", 0) >= iterations)
        if processes.agreed(done):
            say(
                f"nothing to do: {checkpoint.folder} is complete, after {sidecar.counts.get('iterations')} iterations"
            )
            return
        if not processes.rank():
            sidecar.complete = False
            sidecar.save()
        iterate(plan, work, settings, checkpoint, sidecar, folder, iterations, bf16=bf16, track=track)


def _options(flags: Flags, settings: "TrainSettings", *, bf16: bool) -> list[str]:
    """Of the engine: the transformers one runs the model as training holds it, vLLM in what training computes in."""
    from sca.errors import UsageError

    said = flags.engine_option or []
    if flags.engine == "vllm":
        told = any(option.startswith("dtype=") for option in said)
        return [*said] if told else [*said, f"dtype={'bfloat16' if bf16 else 'float32'}"]
    for option in said:
        if option.split("=")[0] in ("dtype", "device"):
            raise UsageError(f"--engine-option {option}: online, the engine runs the very weights that are trained")
    return [*said, f"dtype={'bfloat16' if bf16 and settings.lora else 'float32'}"]


def _plan(flags: Flags, tasks: "list[Task]", work: attempting.Work, settings: "TrainSettings", file: str) -> "Online":
    from sca.errors import UsageError
    from sca.stages.online import Online
    from sca.training.guard import GuardRules

    if not tasks:
        raise UsageError(f"{file}: there is no task in it")
    if work.plan.sampling.temperature == 0:
        raise UsageError("--temperature 0 makes the same attempt each time; online training compares different ones")
    if settings.algorithm == "grpo" and work.attempts < 2:
        raise UsageError("--attempts 1: grpo compares the attempts at one task; it needs 2 at least")
    return Online(
        tasks=tasks,
        per_iteration=flags.per_iteration or PER_ITERATION,
        attempts=work.attempts,
        seed=settings.seed,
        guard=GuardRules(flags.guard or "stop"),
        rollouts=work.settings(),
    )


def _binding(plan: "Online", settings: "TrainSettings", facts: dict[str, Any]) -> dict[str, Any]:
    """What the sidecar holds: all that shapes the weights but the number of iterations."""
    from sca.records.ids import task_hash

    tasks = json.dumps([[task.id, task_hash(task)] for task in plan.tasks])
    return {
        "stage": "train",
        **settings.asdict(),
        "model": facts,
        "online": {
            "tasks_sha256": hashlib.sha256(tasks.encode()).hexdigest(),
            "tasks_per_iteration": plan.per_iteration,
            "attempts": plan.attempts,
            "guard": plan.guard.asdict(),
            "rollouts": plan.rollouts,
        },
    }
