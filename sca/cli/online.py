"""`sca train --online`: rounds of attempts and optimiser steps with one model."""

import hashlib
import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sca.cli import attempting, engines, judges
from sca.cli.online_options import Flags

if TYPE_CHECKING:
    from sca.cli.progress import Meter
    from sca.dialogue.attempts import Agent
    from sca.dialogue.setting import Setting
    from sca.engines.weights import Loaded
    from sca.records.contract import Task
    from sca.records.sidecar import Sidecar
    from sca.sandbox.host import DockerSandbox
    from sca.stages.online import Online, Scene
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
    from sca.cli.places import setting_name, settings_of, shown
    from sca.errors import UsageError
    from sca.records.task_files import read_tasks
    from sca.stages.training import begin

    if flags.tasks is None:
        raise UsageError("--online needs --tasks FILE: what to attempt, as `sca validate` writes it")
    reading = read_tasks(flags.tasks, setting_name(flags.env, flags.data), skip_bad_lines=skip_bad_lines)
    tell_skipped(reading)
    file, reward = shown(flags.tasks), flags.reward or "check"
    attempting.check_attemptable(reading.records, file, "model", reward)
    work = attempting.prepare(
        "online", settings_of(reading.records, file, flags.env, flags.data), "model",
        engines.EngineFlags(model, options=_options(flags, half=bf16 and settings.lora)), flags.role, flags.user,
        judges.Flags(), attempts=flags.attempts or ATTEMPTS, seed=settings.seed, concurrency=flags.concurrency,
        containers=flags.containers, reward=reward, in_training=True,
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
    with checkpoint.alone():
        sidecar, done = begin(checkpoint, bound, force=force)
        held = sidecar.counts
        if done and (held.get("stopped") or held.get("iterations", 0) >= iterations):
            say(f"nothing to do: {checkpoint.folder} is complete, after {held['iterations']} iterations")
            return
        sidecar.complete = False
        sidecar.save()
        _run(plan, work, settings, checkpoint, sidecar, folder, iterations, bf16=bf16, track=track)


def _options(flags: Flags, *, half: bool) -> list[str]:
    """Of the engine, which runs the model as training holds it."""
    from sca.errors import UsageError

    said = flags.engine_option or []
    for option in said:
        if option.split("=")[0] in ("dtype", "device"):
            raise UsageError(f"--engine-option {option}: online, the engine runs the very weights that are trained")
    return [*said, f"dtype={'bfloat16' if half else 'float32'}"]


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


def _run(
    plan: "Online",
    work: attempting.Work,
    settings: "TrainSettings",
    checkpoint: "Checkpoint",
    sidecar: "Sidecar",
    folder: Path,
    iterations: int,
    *,
    bf16: bool,
    track: str | None,
) -> None:
    from sca.cli.console import say
    from sca.cli.interrupting import leaving_at_once
    from sca.cli.progress import progress
    from sca.errors import ScaError
    from sca.stages.training import lineage, write_checkpoint

    with leaving_at_once():
        import torch
        from safetensors import SafetensorError

        from sca.engines.choice import unlike_plain
        from sca.engines.transformers_engine import TransformersEngine
        from sca.engines.weights import load
        from sca.stages.online import OnlineRun
        from sca.training.algorithms import algorithm_of
        from sca.training.attempts import Reader
        from sca.training.history import History
        from sca.training.learner import Learner
        from sca.training.lora import adapted
        from sca.training.policy import Policy

        half = bf16 and settings.lora
        loaded = load(folder, device=torch.device("cpu"), dtype=torch.bfloat16 if half else torch.float32)
    origin = lineage(sidecar.settings["model"], folder)
    algorithm = algorithm_of(settings)
    model = adapted(loaded.model, settings, origin["trained_from"]["name"]) if settings.lora else loaded.model
    pad = loaded.tokenizer.pad_token_id
    learner = Learner(
        Policy(model, critic=algorithm.critic), algorithm, settings, checkpoint.place,
        pad_id=pad if isinstance(pad, int) else 0, bf16=bf16, plain=unlike_plain(loaded.model),
        track=track, name=checkpoint.folder.name,
    )  # fmt: skip
    assert isinstance(work.engine, TransformersEngine), "without --engine it is this one"
    work.engine.lend(loaded)
    per = min(plan.per_iteration, len(plan.tasks)) * plan.attempts
    with ExitStack() as stack:
        stack.callback(learner.close)
        meter = stack.enter_context(progress("online", total=iterations * per, unit="attempts"))
        run = OnlineRun(
            plan, [_scene(work, setting) for setting, _ in work.places],
            [engine for _, engine in work.engines()], learner,
            lambda: _reader(Reader, settings, loaded),
            History(checkpoint.iterations / "iterations.jsonl", checkpoint.place.metrics, learner.log),
            checkpoint.iterations, work.concurrency, Told(meter, iterations, per),
        )  # fmt: skip
        lines = run.run(iterations)
    counts = {
        "iterations": len(lines),
        "attempts": sum(line["attempts"] for line in lines),
        "steps": sum(line["steps"] for line in lines),
        "retried": sum(line["retried"] for line in lines),
        "stopped": run.guard.stopped,
    }
    about = {**origin, "settings": {**settings.asdict(), "online": sidecar.settings["online"]}, "counts": counts}
    try:
        write_checkpoint(model, loaded, checkpoint, about)
    except (OSError, SafetensorError) as error:
        raise ScaError(f"cannot write {checkpoint.folder}: {error}; the same command goes on") from error
    sidecar.note(counts=counts)
    sidecar.complete = True
    sidecar.save()
    say(
        f"{counts['iterations']} iterations, {counts['attempts']} attempts, {counts['steps']} steps; reward "
        f"{lines[0]['reward']:.1%} → {lines[-1]['reward']:.1%}; the checkpoint is in {checkpoint.folder}, the curve "
        f"in {run.history.iterations}"
    )


def _reader(kind: Any, settings: "TrainSettings", loaded: "Loaded") -> Any:
    return kind(
        max_length=min(settings.max_length, loaded.context),
        vocabulary=loaded.model.config.get_text_config().vocab_size,
        with_logprobs=True,
    )


def _scene(work: attempting.Work, setting: "Setting") -> "Scene":
    """An environment of the tasks."""
    from sca.stages.online import Scene

    def agent(seed: int) -> "Agent":
        return attempting.agent_of(_seeded(work, seed), setting)

    def sandbox() -> "DockerSandbox":
        return work.containers.sandbox(setting, work.plan.limits)

    return Scene(setting.name, agent, attempting.judge_of(work, setting), sandbox)


def _seeded(work: attempting.Work, seed: int) -> attempting.Work:
    """With other random numbers: those of one iteration, also for the users."""
    from sca.dialogue.user import SimulatedUsers

    users = work.users
    if isinstance(users, SimulatedUsers):
        users = replace(users, asker=replace(users.asker, seed=seed))
    return replace(work, plan=replace(work.plan, seed=seed), users=users)


class Told:
    """Puts what it hears on the live line, and a line for each iteration above it."""

    def __init__(self, meter: "Meter", iterations: int, per_iteration: int) -> None:
        self._meter = meter
        self._iterations = iterations
        self._per = per_iteration

    def attempted(self, iteration: int, attempts: int, successes: int, tokens: int) -> None:
        """See `sca.stages.online.Listener`."""
        note = f"iteration {iteration} of {self._iterations}: {successes / attempts:.0%} success"
        self._meter.update(done=(iteration - 1) * self._per + attempts, good=None, tokens=tokens, note=note)

    def learned(self, line: dict[str, Any]) -> None:
        """See `sca.stages.online.Listener`."""
        from sca.cli.console import say

        silent = round(line["zero_signal"] * line["tasks"])
        text = (
            f"iteration {line['iteration']}: reward {line['reward']:.1%} [{line['reward_low']:.1%}, "
            f"{line['reward_high']:.1%}] of {line['attempts']} attempts, {silent} of {line['tasks']} tasks without "
            f"signal, {line['steps']} steps"
        )
        if line["mismatch_max"] is not None:
            text += (
                f"; engine and trainer differ by {line['mismatch_mean']:.1e} nats a token, at most "
                f"{line['mismatch_max']:.1e}"
            )
        say(text)
        if line["guard"]:
            say(f"guard: {line['guard']}; back to the weights of iteration {line['back_to']}", style="yellow")
