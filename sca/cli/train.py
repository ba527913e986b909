"""`sca train`: from attempts to a checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sca.cli import options

if TYPE_CHECKING:
    from sca.engines.weights import Loaded
    from sca.records.contract import Trajectory
    from sca.training.data import Selection
    from sca.training.settings import TrainSettings

OWN = "what the model's sca.json says, else the paper's: "

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the checkpoint goes.")]
Algo = Annotated[
    Literal["rft"], typer.Option("--algo", help="`rft`: maximum likelihood on the successful attempts alone.")
]
Lr = Annotated[float | None, typer.Option("--lr", min=0.0, help="Learning rate.", show_default=f"{OWN}1e-5")]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", min=1, metavar="N", help="Attempts in a step.", show_default=f"{OWN}8"),
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", show_default=f"{OWN}6")]
MaxLength = Annotated[
    int | None,
    typer.Option(
        "--max-length", min=2, metavar="N", help="Longer attempts are left out.", show_default=f"{OWN}16192 tokens"
    ),
]
MaxPerTask = Annotated[
    int | None,
    typer.Option("--max-per-task", min=1, metavar="N", help="Most successes of a task.", show_default=f"{OWN}all"),
]
Retokenize = Annotated[
    bool,
    typer.Option("--retokenize", help="Make tokens from the text, for attempts whose engine did not record them."),
]
Bf16 = Annotated[
    bool, typer.Option("--bf16", help="Compute in bfloat16, with weights in float32; without it, all in float32.")
]


def train(
    attempts: options.Inputs,
    out: Out = Path("checkpoint"),
    model: options.Model = None,
    algo: Algo = "rft",
    lr: Lr = None,
    batch_size: BatchSize = None,
    epochs: Epochs = None,
    max_length: MaxLength = None,
    max_per_task: MaxPerTask = None,
    retokenize: Retokenize = False,
    bf16: Bf16 = False,
    seed: options.Seed = 0,
    force: options.Force = False,
    skip_bad_lines: options.SkipBadLines = False,
    dry_run: options.DryRun = False,
) -> None:
    """Train a model on its successful attempts.

    The loss is on the agent's own tokens only, as they were sampled. The checkpoint is a Hugging Face folder, written
    whole or not at all; each step's figures go to `metrics.jsonl` beside it (`NAME.metrics.jsonl` where -o says
    another name than `checkpoint`). Interrupted training goes on by the same command, in float32 on a CPU to the very
    same weights. Several files make one joint model.

    \b
    sca train trajectories.jsonl
    sca train retail.jsonl airline.jsonl -o joint --model meta-llama/Llama-3.1-8B-Instruct --bf16
    sca train trajectories.jsonl --max-per-task 4 --epochs 3 --lr 5e-6
    """
    from sca.cli.closing import tell_skipped
    from sca.cli.console import say
    from sca.cli.interrupting import leaving_at_once
    from sca.engines.folders import content_hash
    from sca.engines.opening import model_folder, model_settings
    from sca.records.contract import Trajectory
    from sca.records.reading import read, refuse_repeated
    from sca.training.settings import TrainSettings

    with leaving_at_once():
        from sca.stages.training import Checkpoint, begin, settings_of

    readings = [read(path, Trajectory, skip_bad_lines=skip_bad_lines) for path in attempts]
    for reading in readings:
        tell_skipped(reading)
    refuse_repeated(attempts, readings)
    records = [attempt for reading in readings for attempt in reading.records]
    folder = model_folder(model)
    flags = {
        "lr": lr, "batch_size": batch_size, "epochs": epochs, "max_length": max_length, "max_per_task": max_per_task,
        "seed": seed,
    }  # fmt: skip
    own = model_settings(model).get("training", {}).get(algo, {})
    settings = TrainSettings.of(algo, flags, own, f"{folder / 'sca.json'}")
    facts = {"name": str(model or "tiny"), "weights_sha256": content_hash(folder)}
    ways = {"bf16": bf16, "retokenize": retokenize}
    checkpoint = Checkpoint(out)
    checkpoint.check(folder, force=force)
    if dry_run:
        _tell_plan(records, settings, checkpoint)
        return
    with checkpoint.alone():
        sidecar, done = begin(checkpoint, {**settings_of(settings, facts, records), **ways}, force=force)
        if done:
            say(f"nothing to do: {out} is complete")
            return
        with leaving_at_once():
            loaded = _load(folder)
        selection = _select(records, settings, loaded, retokenize=retokenize)
        counts = _run(loaded, selection, settings, checkpoint, sidecar, bf16=bf16)
        _tell_end(counts, checkpoint)


def _load(folder: Path) -> "Loaded":
    import torch

    from sca.engines.weights import load

    return load(folder, device=torch.device("cpu"), dtype=torch.float32)


def _select(
    records: "list[Trajectory]", settings: "TrainSettings", loaded: "Loaded", *, retokenize: bool
) -> "Selection":
    from sca.dialogue.retokenizing import retokenize as tokens_of
    from sca.engines.rendering import ChatRenderer
    from sca.training.data import rejection_sampled

    renderer = ChatRenderer(loaded.tokenizer, loaded.eos)
    return rejection_sampled(
        records,
        max_length=min(settings.max_length, loaded.context),
        max_per_task=settings.max_per_task,
        seed=settings.seed,
        retokenize=(lambda attempt: tokens_of(attempt, renderer)) if retokenize else None,
        vocabulary=loaded.model.config.get_text_config().vocab_size,
    )


def _run(
    loaded: "Loaded", selection: "Selection", settings: "TrainSettings", checkpoint: Any, sidecar: Any, *, bf16: bool
) -> dict[str, Any]:
    from sca.cli.console import say
    from sca.cli.progress import progress
    from sca.stages.training import run_training

    trained = sum(example.trained_tokens for example in selection.examples)
    say(f"training on {selection.attempts} attempts, {trained:,} tokens of the agent's an epoch")
    for reason, count in selection.dropped.items():
        say(f"  left out: {count} {reason}")
    tokens = 0
    total = -(-len(selection.examples) // settings.batch_size) * settings.epochs
    with progress("train", total=total, unit="steps") as meter:

        def heard(done: int, metrics: dict[str, Any]) -> None:
            nonlocal tokens
            tokens += metrics["trained_tokens"]
            meter.update(done=done, good=None, tokens=tokens, note=f"loss {metrics['loss']:.3f}")

        return run_training(loaded, selection, settings, checkpoint, sidecar, bf16=bf16, heard=heard)


def _tell_plan(records: "list[Trajectory]", settings: "TrainSettings", checkpoint: Any) -> None:
    from sca.cli.console import say
    from sca.training.data import successes

    kept, _ = successes(records, max_per_task=settings.max_per_task, seed=settings.seed)
    steps = -(-len(kept) // settings.batch_size) * settings.epochs
    say(f"would train on {len(kept)} of {len(records)} attempts in {steps} steps, into {checkpoint.folder}")


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
