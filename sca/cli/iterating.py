"""What an online run is put together from: one model for engine and learner, environments, a live line."""

import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sca.cli import attempting
from sca.training import processes

if TYPE_CHECKING:
    from sca.cli.progress import Meter
    from sca.dialogue.attempts import Agent
    from sca.dialogue.setting import Setting
    from sca.engines import Engine
    from sca.engines.resident import Resident
    from sca.engines.weights import Loaded
    from sca.records.sidecar import Sidecar
    from sca.sandbox.host import DockerSandbox
    from sca.stages.online import Online, Scene
    from sca.stages.training import Checkpoint
    from sca.training.learner import Learner
    from sca.training.settings import TrainSettings


def iterate(
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
    """Run the iterations that are missing, and write the checkpoint. `folder` is the model that it starts from."""
    from sca.cli.console import say
    from sca.cli.interrupting import leaving_at_once
    from sca.cli.progress import progress
    from sca.stages.training import lineage

    with leaving_at_once():
        from sca.stages.online import OnlineRun
        from sca.training.attempts import Reader
        from sca.training.history import History

        loaded = _load(folder, half=bf16 and settings.lora)
    origin = lineage(sidecar.settings["model"], folder)
    learner = _learner(loaded, settings, checkpoint, origin["trained_from"]["name"], bf16=bf16, track=track)

    def reader() -> Reader:
        vocabulary = loaded.model.config.get_text_config().vocab_size
        return Reader(min(settings.max_length, loaded.context), vocabulary=vocabulary, with_logprobs=True)

    per = min(plan.per_iteration, len(plan.tasks)) * plan.attempts
    with ExitStack() as stack:
        stack.callback(learner.close)
        meter = stack.enter_context(progress("online", total=iterations * per, unit="attempts"))
        run = OnlineRun(
            plan, [_scene(work, setting) for setting, _ in work.places], _engines(work, learner, loaded, checkpoint),
            learner, reader,
            History(
                checkpoint.iterations / "iterations.jsonl", checkpoint.place.metrics, learner.log,
                writes=not processes.rank(),
            ),
            checkpoint.iterations, work.concurrency, Told(meter, iterations, per),
        )  # fmt: skip
        lines = run.run(iterations)
    if processes.rank():
        return
    counts = {
        "iterations": len(lines),
        **{name: sum(line[name] for line in lines) for name in ("attempts", "steps", "retried")},
        "stopped": run.guard.stopped,
    }
    _finish(learner, loaded, checkpoint, sidecar, origin, counts)
    say(
        f"{counts['iterations']} iterations, {counts['attempts']} attempts, {counts['steps']} steps; reward "
        f"{lines[0]['reward']:.1%} → {lines[-1]['reward']:.1%}; the checkpoint is in {checkpoint.folder}, the curve "
        f"in {run.history.iterations}"
    )


def _engines(
    work: attempting.Work, learner: "Learner", loaded: "Loaded", checkpoint: "Checkpoint"
) -> "list[Engine | Resident]":
    """All that attempts need. The agent's runs the model in training, or is handed its weights."""
    from sca.cli.console import say
    from sca.engines.resident import Resident
    from sca.engines.transformers_engine import TransformersEngine
    from sca.engines.vllm_engine import VLLMEngine

    def export() -> Path:
        return learner.export(checkpoint.iterations / "engine")

    found: list[Engine | Resident] = []
    for _, engine in work.engines():
        own = engine is work.engine
        if isinstance(engine, VLLMEngine):
            say(f"starting vLLM with {engine.model} when it is needed, which takes half a minute and more")
            if own and learner.settings.lora:
                engine.make_room(learner.settings.lora_rank)
            found.append(Resident(engine, export if own else None))
            continue
        if own:
            assert isinstance(engine, TransformersEngine), "--engine says one of the two"
            engine.lend(loaded)
        found.append(engine)
    return found


def _load(folder: Path, *, half: bool) -> "Loaded":
    import torch

    from sca.engines.weights import load

    return load(folder, device=torch.device("cpu"), dtype=torch.bfloat16 if half else torch.float32)


def _learner(
    loaded: "Loaded",
    settings: "TrainSettings",
    checkpoint: "Checkpoint",
    name: str,
    *,
    bf16: bool,
    track: str | None,
) -> "Learner":
    from sca.engines.choice import unlike_plain
    from sca.training.algorithms import algorithm_of
    from sca.training.learner import Learner
    from sca.training.lora import adapted
    from sca.training.policy import Policy

    algorithm = algorithm_of(settings)
    model = adapted(loaded.model, settings, name) if settings.lora else loaded.model
    pad = loaded.tokenizer.pad_token_id
    return Learner(
        Policy(model, critic=algorithm.critic), algorithm, settings, checkpoint.place,
        pad_id=pad if isinstance(pad, int) else 0, bf16=bf16, plain=unlike_plain(loaded.model),
        track=track, name=checkpoint.folder.name,
    )  # fmt: skip


def _finish(
    learner: "Learner",
    loaded: "Loaded",
    checkpoint: "Checkpoint",
    sidecar: "Sidecar",
    origin: dict[str, Any],
    counts: dict[str, Any],
) -> None:
    from safetensors import SafetensorError

    from sca.errors import ScaError
    from sca.stages.training import write_checkpoint

    settings = {**learner.settings.asdict(), "online": sidecar.settings["online"]}
    try:
        write_checkpoint(learner.policy.model, loaded, checkpoint, {**origin, "settings": settings, "counts": counts})
    except (OSError, SafetensorError) as error:
        raise ScaError(f"cannot write {checkpoint.folder}: {error}; the same command goes on") from error
    shutil.rmtree(checkpoint.iterations / "engine", ignore_errors=True)
    sidecar.note(counts=counts)
    sidecar.complete = True
    sidecar.save()


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
