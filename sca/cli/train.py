"""`sca train`: from attempts to a checkpoint."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sca.cli import engines, options, roles, users
from sca.cli import online_options as rolling
from sca.cli import training_options as own
from sca.cli.console import hush
from sca.cli.containers import Containers
from sca.cli.given import refuse
from sca.training import processes

if TYPE_CHECKING:
    from sca.engines.weights import Loaded
    from sca.records.contract import Trajectory
    from sca.training.algorithms import Algorithm
    from sca.training.attempts import Selection
    from sca.training.settings import TrainSettings


@processes.one_voice(hush)
def train(
    attempts: own.Inputs = None,
    out: own.Out = Path("checkpoint"),
    model: options.Model = None,
    algo: own.Algo = "rft",
    lr: own.Lr = None,
    batch_size: own.BatchSize = None,
    epochs: own.Epochs = None,
    max_length: own.MaxLength = None,
    max_per_task: own.MaxPerTask = None,
    baseline: own.Baseline = None,
    beta: own.Beta = None,
    pairs: own.Pairs = None,
    max_pairs: own.MaxPairs = None,
    clip_ratio: own.ClipRatio = None,
    kl: own.Kl = None,
    critic_lr: own.CriticLr = None,
    gamma: own.Gamma = None,
    lam: own.Lam = None,
    token_lam: own.TokenLam = None,
    scale: own.Scale = None,
    lora: own.Lora = None,
    lora_rank: own.LoraRank = None,
    lora_alpha: own.LoraAlpha = None,
    lora_targets: own.LoraTargets = None,
    micro_tokens: own.MicroTokens = None,
    retokenize: own.Retokenize = False,
    bf16: own.Bf16 = False,
    num_processes: own.NumProcesses = 1,
    shard: own.Shard = False,
    track: own.Track = None,
    online: rolling.Online = False,
    tasks: rolling.Tasks = None,
    env: rolling.Env = None,
    data: rolling.Data = None,
    iterations: rolling.Iterations = None,
    tasks_per_iteration: rolling.TasksPerIteration = None,
    attempts_per_task: rolling.Attempts = None,
    guard: rolling.Guard = None,
    reward: rolling.RewardName = None,
    engine: rolling.Engine = None,
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
    concurrency: options.Concurrency = None,
    runtime: options.Runtime = None,
    image: options.Image = None,
    seed: options.Seed = 0,
    force: options.Force = False,
    skip_bad_lines: options.SkipBadLines = False,
    dry_run: options.DryRun = False,
) -> None:
    """Train a model on attempts.

    The loss is on the agent's own tokens only, as they were sampled. The checkpoint is a Hugging Face folder, written
    whole or not at all; each step's figures go to `metrics.jsonl` beside it (`NAME.metrics.jsonl` where -o says
    another name than `checkpoint`). Interrupted training goes on by the same command, in float32 on a CPU to the very
    same weights. Several files make one joint model; of judged tasks, the challenger learns to write valid ones.

    \b
    sca train trajectories.jsonl
    sca train retail.jsonl airline.jsonl -o joint --model meta-llama/Llama-3.1-8B-Instruct --bf16
    sca train trajectories.jsonl validated.jsonl              the challenger, too, on its valid tasks
    sca train trajectories.jsonl --max-per-task 4 --epochs 3 --lr 5e-6
    sca train trajectories.jsonl --algo dpo --pairs best
    sca train trajectories.jsonl --num-processes 8 --shard
    sca train trajectories.jsonl --algo grpo --scale none --kl 0 --lora --lora-rank 32 --lr 1e-5
    sca train --online --algo grpo --tasks validated.jsonl --iterations 50      attempts, steps, and so on
    sca train --online --algo ppo --tasks validated.jsonl --engine vllm --engine-option gpu_memory_utilization=0.4
    """
    from sca.cli.console import say
    from sca.cli.interrupting import leaving_at_once
    from sca.cli.online import train_online
    from sca.engines.folders import content_hash, prompts_hash
    from sca.engines.opening import model_folder, model_settings
    from sca.errors import UsageError
    from sca.records.sidecar import Sidecar
    from sca.training.settings import settings_of

    round_flags = rolling.Flags(
        tasks, env, data, iterations, tasks_per_iteration, attempts_per_task, guard, reward, engine, engine_option,
        roles.Flags(style, temperature, top_p, max_tokens, max_turns, observation_limit, observations),
        users.Flags(user, user_model, user_engine, user_base_url, user_temperature, user_max_tokens),
        concurrency, Containers(runtime, image),
    )  # fmt: skip
    shard = processes.sharding_wanted() or shard
    if online:
        refuse({" ".join(map(str, attempts or [])) or "FILE": attempts or None}, "--online makes its attempts itself")
        refuse({"--shard": shard or None}, "online, attempts are made with the whole model; --lora takes less memory")
        refuse({"--retokenize": retokenize or None}, "means nothing with --online, where tokens are recorded")
        refuse({f"--algo {algo}": algo not in ("ppo", "grpo") or None}, "--online goes with ppo and grpo")
    else:
        refuse(round_flags.named(), "only for --online, which makes its attempts itself")
        if not attempts:
            raise UsageError("say which attempts to train on, as `sca train trajectories.jsonl`, or --online")
    together = max(num_processes, processes.count())
    if together > 1:
        refuse({"-": Path("-") in (attempts or []) or None}, "several processes cannot read one stdin; name a file")
    elif shard:
        raise UsageError("--shard spreads the weights over several processes; say how many, as --num-processes 2")
    if num_processes > 1 and processes.count() == 1 and not dry_run:
        sys.exit(processes.start(num_processes, sys.argv[1:]))
    with leaving_at_once():
        from sca.engines.weights import outline
        from sca.stages.training import Checkpoint, begin, binding, look

    records = _read(attempts or [], skip_bad_lines=skip_bad_lines)
    folder = model_folder(model)
    flags = {
        "lr": lr, "batch_size": batch_size, "epochs": epochs, "max_length": max_length, "max_per_task": max_per_task,
        "baseline": baseline, "beta": beta, "pairs": pairs, "max_pairs": max_pairs, "clip_ratio": clip_ratio,
        "kl": kl, "critic_lr": critic_lr, "gamma": gamma, "lam": lam, "token_lam": token_lam, "scale": scale,
        "lora": lora, "lora_rank": lora_rank, "lora_alpha": lora_alpha, "lora_targets": lora_targets,
        "micro_tokens": micro_tokens, "seed": seed,
    }  # fmt: skip
    said = model_settings(model).get("training", {}).get(algo, {})
    settings = settings_of(algo, flags, said, f"{folder / 'sca.json'}")
    facts = {"name": str(model or "tiny"), "weights_sha256": content_hash(folder)}
    if retokenize:
        facts["prompts_sha256"] = prompts_hash(folder)
    checkpoint = Checkpoint(out, online)
    checkpoint.check(folder, force=force)
    if track and not dry_run:
        _check_tracker(track)
    if online:
        _tell_memory(
            [], settings, outline(folder), bf16=bf16, shares=1, always=dry_run, start=getattr(settings, "kl", 0) > 0
        )
        train_online(
            round_flags, settings, checkpoint, folder, model, facts, bf16=bf16, track=track, force=force,
            skip_bad_lines=skip_bad_lines, dry_run=dry_run,
        )  # fmt: skip
        return
    bound = {**binding(settings, facts, records, retokenize=retokenize), "bf16": bf16}
    outlined = outline(folder)
    if dry_run:
        complete = look(checkpoint, bound, force=force)[1]
        _tell_plan(records, settings, outlined, checkpoint, retokenize=retokenize, complete=complete)
    _tell_memory(records, settings, outlined, bf16=bf16, shares=together if shard else 1, always=dry_run)
    if dry_run:
        return
    with ExitStack() as stack:
        if processes.rank():
            sidecar, done = Sidecar(out, bound), False  # never saved; the first process speaks for all
        else:
            stack.enter_context(checkpoint.alone())
            sidecar, done = begin(checkpoint, bound, force=force)
        if processes.agreed(done):
            say(f"nothing to do: {out} is complete")
            return
        with leaving_at_once():
            loaded = _load(folder, half=bf16 and settings.lora)
        algorithm, selection = _select(records, settings, loaded, retokenize=retokenize)
        counts = _run(
            loaded, selection, algorithm, settings, checkpoint, sidecar, bf16=bf16, track=track, shard=shard
        )
        if not processes.rank():
            _tell_end(counts, checkpoint)


def _read(files: list[Path], *, skip_bad_lines: bool) -> "list[Trajectory]":
    from sca.cli.closing import tell_skipped
    from sca.records.episodes import trainable
    from sca.records.reading import one_stdin, refuse_repeated

    one_stdin(files)
    readings = [trainable(path, skip_bad_lines=skip_bad_lines) for path in files]
    for reading in readings:
        tell_skipped(reading.skipped)
    refuse_repeated(files, readings)
    return [attempt for reading in readings for attempt in reading.records]


def _load(folder: Path, *, half: bool) -> "Loaded":
    """In float32, in which small steps are not lost; weights that are not trained may be kept in bfloat16."""
    import torch

    from sca.engines.weights import load

    return load(folder, device=torch.device("cpu"), dtype=torch.bfloat16 if half else torch.float32)


def _select(
    records: "list[Trajectory]", settings: "TrainSettings", loaded: "Loaded", *, retokenize: bool
) -> "tuple[Algorithm, Selection]":
    from sca.dialogue.retokenizing import retokenize as tokens_of
    from sca.engines.rendering import ChatRenderer
    from sca.training.algorithms import algorithm_of, select
    from sca.training.attempts import Reader
    from sca.training.foreign import refuse_foreign

    renderer = ChatRenderer(loaded.tokenizer, loaded.eos)
    algorithm = algorithm_of(settings)
    reader = Reader(
        max_length=min(settings.max_length, loaded.context),
        retokenize=(lambda attempt: tokens_of(attempt, renderer)) if retokenize else None,
        vocabulary=loaded.model.config.get_text_config().vocab_size,
        with_logprobs=algorithm.behaviour,
    )
    selection = select(algorithm, records, reader)
    if not retokenize:
        chosen = {(attempt.run, attempt.id) for attempt in selection.attempts}
        refuse_foreign((record for record in records if (record.run, record.id) in chosen), renderer.decode)
    return algorithm, selection


def _run(
    loaded: "Loaded",
    selection: "Selection",
    algorithm: "Algorithm",
    settings: "TrainSettings",
    checkpoint: Any,
    sidecar: Any,
    *,
    bf16: bool,
    track: str | None,
    shard: bool,
) -> dict[str, Any]:
    from sca.cli.console import say
    from sca.cli.progress import progress
    from sca.stages.training import run_training
    from sca.training.batching import planned

    say(
        f"training on {len(selection.attempts)} attempts, {selection.trained_tokens:,} tokens of the agent's an epoch"
    )
    _tell_dropped(selection)
    tokens = 0
    with progress("train", total=len(planned(selection.items, settings)), unit="steps") as meter:

        def heard(done: int, metrics: dict[str, Any]) -> None:
            nonlocal tokens
            tokens += metrics["trained_tokens"]
            meter.update(done=done, good=None, tokens=tokens, note=f"loss {metrics['loss']:.3f}")

        return run_training(
            loaded, selection, algorithm, settings, checkpoint, sidecar,
            bf16=bf16, heard=heard, track=track, shard=shard,
        )  # fmt: skip


def _tell_plan(
    records: "list[Trajectory]",
    settings: "TrainSettings",
    outlined: "Loaded",
    checkpoint: Any,
    *,
    retokenize: bool,
    complete: bool,
) -> None:
    from sca.cli.console import say
    from sca.training.batching import planned

    if complete:
        say(f"nothing to do: {checkpoint.folder} is complete")
        return
    _, selection = _select(records, settings, outlined, retokenize=retokenize)
    attempts, steps = len(selection.attempts), len(planned(selection.items, settings))
    say(f"would train on {attempts} of {len(records)} attempts in {steps} steps, into {checkpoint.folder}")
    _tell_dropped(selection)


def _tell_dropped(selection: "Selection") -> None:
    from sca.cli.console import say

    for reason, count in selection.dropped.items():
        say(f"  left out: {count} {reason}")


def _tell_memory(
    records: "list[Trajectory]",
    settings: "TrainSettings",
    outlined: "Loaded",
    *,
    bf16: bool,
    shares: int,
    always: bool,
    start: bool = False,
) -> None:
    """Say what it takes where that was asked for or may not do; where it cannot do, that is an error."""
    from sca.cli.console import say
    from sca.training import memory

    lengths = (len(segment.ids) for record in records for segment in record.tokens or [])
    longest = max((length for length in lengths if length <= settings.max_length), default=0)
    need = memory.estimate(outlined.model, settings, longest=longest, bf16=bf16, start=start).shared(shares)
    free = memory.available()
    warning = memory.check(need, free)
    if warning:
        say(f"warning: {warning}")
    elif always:
        say(f"it takes about {need}; {free / memory.GB:.1f} GB are free")


def _check_tracker(track: str) -> None:
    from importlib.util import find_spec

    from sca.errors import UsageError

    if find_spec(track) is None:
        raise UsageError(f"--track {track}: it is not installed; `pip install {track}`")


def _tell_end(counts: dict[str, Any], checkpoint: Any) -> None:
    """The closing line, from the metrics on disk."""
    import json

    from sca.cli.console import say

    lines = checkpoint.place.metrics.read_text("utf-8").splitlines()
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    say(
        f"{counts['steps']} steps on {counts['attempts']} attempts; loss {first['loss']:.3f} → {last['loss']:.3f}; "
        f"the checkpoint is in {checkpoint.folder}, the figures of each step in {checkpoint.place.metrics}"
    )
