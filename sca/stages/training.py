"""Train: from attempts to a checkpoint in Hugging Face format, written whole or not at all."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sca.engines.weights import Loaded
from sca.errors import UsageError
from sca.records.contract import Trajectory
from sca.records.sidecar import Sidecar, differences
from sca.training.data import Selection
from sca.training.loop import Heard, Place, train
from sca.training.settings import TrainSettings


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint's folder and what lies beside it while it is being made."""

    folder: Path

    @property
    def place(self) -> Place:
        """State and metrics of the run."""
        return Place(self.folder.with_name(self.folder.name + ".partial"), self.folder.with_name("metrics.jsonl"))


def settings_of(settings: TrainSettings, model: dict[str, Any], attempts: Sequence[Trajectory]) -> dict[str, Any]:
    """What the sidecar holds: settings, the model's name and weights, and a hash of the attempts."""
    data = hashlib.sha256()
    for attempt in attempts:
        tokens = [segment.model_dump() for segment in attempt.tokens or []]
        data.update(json.dumps([attempt.run, attempt.id, attempt.reward, tokens]).encode())
    return {"stage": "train", **settings.asdict(), "model": model, "attempts_sha256": data.hexdigest()}


def begin(checkpoint: Checkpoint, settings: dict[str, Any], *, force: bool) -> tuple[Sidecar, bool]:
    """The sidecar, and whether the checkpoint is there already. Raises `UsageError` when it was made otherwise."""
    checkpoint.folder.parent.mkdir(parents=True, exist_ok=True)
    sidecar = Sidecar(checkpoint.folder, settings)
    held = None if force else sidecar.load()
    if held is None:
        if checkpoint.folder.exists() and not force:
            raise UsageError(f"{checkpoint.folder} is there and nobody knows how it was made; --force replaces it")
        shutil.rmtree(checkpoint.place.state, ignore_errors=True)
    elif differ := differences(held["settings"], sidecar.settings):
        raise UsageError(
            f"{checkpoint.folder} was made with other settings ({'; '.join(differ)}); --force begins afresh"
        )
    else:
        sidecar.go_on(held)
    done = sidecar.complete and checkpoint.folder.exists()
    if not done:
        sidecar.complete = False
        sidecar.save()
    return sidecar, done


def run_training(
    loaded: Loaded,
    selection: Selection,
    settings: TrainSettings,
    checkpoint: Checkpoint,
    sidecar: Sidecar,
    *,
    bf16: bool,
    heard: Heard,
) -> dict[str, Any]:
    """Train, write the checkpoint, and return the figures that the sidecar holds."""
    pad = loaded.tokenizer.pad_token_id
    model = train(
        loaded.model, selection.examples, settings, checkpoint.place,
        pad_id=pad if isinstance(pad, int) else 0, bf16=bf16, heard=heard,
    )  # fmt: skip
    counts = {
        "attempts": selection.attempts,
        "examples": len(selection.examples),
        "trained_tokens": sum(example.trained_tokens for example in selection.examples),
        "dropped": dict(selection.dropped),
        "steps": len(checkpoint.place.metrics.read_text("utf-8").splitlines()),
    }
    _write(model, loaded, checkpoint)
    sidecar.note(counts=counts)
    sidecar.complete = True
    sidecar.save()
    shutil.rmtree(checkpoint.place.state, ignore_errors=True)
    return counts


def _write(model: Any, loaded: Loaded, checkpoint: Checkpoint) -> None:
    fresh = checkpoint.folder.with_name(checkpoint.folder.name + ".tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    model.save_pretrained(fresh)
    loaded.tokenizer.save_pretrained(fresh)
    for name in ("sca.json",):
        if (loaded.folder / name).is_file():
            shutil.copy(loaded.folder / name, fresh / name)
    shutil.copy(checkpoint.place.metrics, fresh / "metrics.jsonl")
    shutil.rmtree(checkpoint.folder, ignore_errors=True)
    fresh.rename(checkpoint.folder)
