"""Train: from attempts to a checkpoint in Hugging Face format, written whole or not at all."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from sca.engines.choice import unlike_plain
from sca.engines.weights import Loaded, load
from sca.errors import ScaError, UsageError
from sca.records.contract import Trajectory
from sca.records.sidecar import Sidecar, differences
from sca.records.whole import behind
from sca.training import processes, state
from sca.training.algorithms import Algorithm
from sca.training.attempts import Selection
from sca.training.loop import Heard, Place, train
from sca.training.lora import adapted, merged
from sca.training.policy import Policy
from sca.training.settings import TrainSettings

ABOUT = "training.json"
"""In a checkpoint: the model that it was made of, the settings and the counts."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint's folder and what lies beside it while it is being made."""

    folder: Path
    online: bool = False
    """Whether its attempts are made while it is being made; they are kept, and so is its state."""

    @property
    def place(self) -> Place:
        """State and metrics of the run; of two checkpoints side by side each has its own."""
        name = self.folder.name
        metrics = "metrics.jsonl" if name == "checkpoint" else f"{name}.metrics.jsonl"
        state = self.iterations / "state" if self.online else self.folder.with_name(f"{name}.partial")
        return Place(state, self.folder.with_name(metrics))

    @property
    def iterations(self) -> Path:
        """Online: the folder of attempts and states."""
        return self.folder.with_name(f"{self.folder.name}.online")

    @property
    def interrupted(self) -> bool:
        """Whether a run left its state behind, online or not: neither is to wipe out the other's in silence."""
        name = self.folder.name
        places = (f"{name}.partial", f"{name}.partial.old", f"{name}.online")
        return any(self.folder.with_name(place).exists() for place in places)

    def forget(self) -> None:
        """Take the state of an interrupted run off the disk."""
        for ending in (".partial", ".partial.old", ".partial.tmp", ".online"):
            shutil.rmtree(self.folder.with_name(self.folder.name + ending), ignore_errors=True)
        self.place.failed.unlink(missing_ok=True)

    def check(self, model: Path, *, force: bool) -> None:
        """Raise `UsageError` where a checkpoint cannot go to this folder, or would take something else's place."""
        if self.folder.name in ("", "..", "-"):
            raise UsageError(f"{self.folder}: a checkpoint is a folder of its own; name one with -o")
        if behind(self.folder) == model.resolve():
            raise UsageError(f"{self.folder} is the model that training starts from; name another folder with -o")
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise UsageError(f"{self.folder} is a file; name a folder with -o")
        if force and any(self.folder.iterdir()) and not (self.folder / "config.json").is_file():
            raise UsageError(f"{self.folder} is there and holds no model; --force replaces nothing else")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other commands from writing this checkpoint. Raises `UsageError` where one does, or nobody can."""
        metrics = self.place.metrics
        with ExitStack() as stack:
            try:
                metrics.parent.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context(metrics.open("a"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"{self.folder} is being written by another command; wait for it, or name another folder"
                ) from error
            except OSError as error:
                raise UsageError(f"cannot write {metrics}: {error.strerror}") from error
            try:
                yield
            finally:
                if metrics.exists() and not metrics.stat().st_size:
                    metrics.unlink()


def binding(
    settings: TrainSettings, model: dict[str, Any], attempts: Sequence[Trajectory], *, retokenize: bool
) -> dict[str, Any]:
    """What the sidecar holds: settings, the model's name and weights, and a hash of what is learnt from.

    That is the attempts' recorded tokens or, with `retokenize`, their text; `model` then holds a hash of what makes
    tokens of it.
    """
    data = hashlib.sha256()
    for attempt in attempts:
        parts = attempt.messages if retokenize else attempt.tokens or []
        told = [attempt.run, attempt.id, attempt.task_id, attempt.reward, [part.model_dump() for part in parts]]
        data.update(json.dumps(told).encode())
    about = {"model": model, "retokenize": retokenize, "attempts_sha256": data.hexdigest()}
    return {"stage": "train", **settings.asdict(), **about}


def look(checkpoint: Checkpoint, settings: dict[str, Any], *, force: bool) -> tuple[Sidecar, bool, bool]:
    """The sidecar, whether the checkpoint is complete, and whether it is begun afresh; changes nothing on the disk.

    Raises `UsageError` when it was made otherwise.
    """
    sidecar = Sidecar(checkpoint.folder, settings)
    begun = checkpoint.folder.exists() or checkpoint.interrupted
    held = sidecar.load() if begun and not force else None  # what left nothing does not bind anybody
    if held is None:
        if checkpoint.folder.exists() and not force:
            raise UsageError(f"{checkpoint.folder} is there and nobody knows how it was made; --force replaces it")
        return sidecar, False, True
    if differ := differences(held["settings"], sidecar.settings):
        raise UsageError(
            f"{checkpoint.folder} was made with other settings ({'; '.join(differ)}); --force begins afresh"
        )
    sidecar.go_on(held)
    return sidecar, sidecar.complete and checkpoint.folder.exists(), False


def begin(checkpoint: Checkpoint, settings: dict[str, Any], *, force: bool) -> tuple[Sidecar, bool]:
    """The sidecar, and whether the checkpoint is there already. Raises as `look` does."""
    sidecar, done, fresh = look(checkpoint, settings, force=force)
    if fresh:
        checkpoint.forget()
        if checkpoint.place.metrics.exists():  # kept with the checkpoint that they are of
            os.truncate(checkpoint.place.metrics, 0)  # not removed: its lock keeps others out
    if not done:
        sidecar.complete = False
        sidecar.save()
    return sidecar, done


def run_training(
    loaded: Loaded,
    selection: Selection,
    algorithm: Algorithm,
    settings: TrainSettings,
    checkpoint: Checkpoint,
    sidecar: Sidecar,
    *,
    bf16: bool,
    heard: Heard,
    track: str | None = None,
    shard: bool = False,
) -> dict[str, Any]:
    """Train, write the checkpoint, and return the figures that the sidecar holds.

    Of several processes, only the first writes and returns any; `shard` spreads the weights over them.
    """
    pad = loaded.tokenizer.pad_token_id
    origin = lineage(sidecar.settings["model"], loaded.folder)
    name = origin["trained_from"]["name"]
    base = name if "/" in name else str(loaded.folder)  # what peft can find: a name of the hub, or a folder
    model = adapted(loaded.model, settings, base) if settings.lora else loaded.model
    policy = Policy(model, critic=algorithm.critic)
    train(
        policy, selection, algorithm, settings, checkpoint.place,
        pad_id=pad if isinstance(pad, int) else 0, bf16=bf16, heard=heard, plain=unlike_plain(loaded.model),
        track=track, shard=shard,
    )  # fmt: skip
    whole = state.gathered(policy) if shard else {}
    if processes.rank():
        return {}
    if shard:
        model = _put_together(whole, loaded, settings, base, critic=algorithm.critic)
    counts = {
        "attempts": len(selection.attempts),
        "examples": len(selection.examples),
        "trained_tokens": selection.trained_tokens,
        "dropped": dict(selection.dropped),
        "steps": len(checkpoint.place.metrics.read_text("utf-8").splitlines()),
    }
    about = {**origin, "settings": settings.asdict(), "counts": counts}
    try:
        write_checkpoint(model, loaded, checkpoint, about)
    except (OSError, SafetensorError) as error:
        raise ScaError(f"cannot write {checkpoint.folder}: {error}; the same command goes on") from error
    sidecar.note(counts=counts)
    sidecar.complete = True
    sidecar.save()
    checkpoint.forget()
    return counts


def _put_together(
    whole: dict[str, Tensor], loaded: Loaded, settings: TrainSettings, base: str, *, critic: bool
) -> Any:
    """The model on the CPU of this process alone, with the weights that were spread over all."""
    fresh = load(loaded.folder, device=torch.device("cpu"), dtype=loaded.model.dtype).model
    model = adapted(fresh, settings, base) if settings.lora else fresh
    state.put(whole, Policy(model, critic=critic))
    return model


def lineage(model: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Of which model a checkpoint was made, and of which that one was, back to the first: names and weights."""
    name = str(folder.resolve()) if Path(model["name"]).expanduser().is_dir() else model["name"]
    trained_from = {"name": name, "weights_sha256": model["weights_sha256"]}
    try:
        base = json.loads((folder / ABOUT).read_text("utf-8"))["base"]
    except (OSError, ValueError, KeyError, TypeError):
        base = trained_from
    return {"base": base, "trained_from": trained_from}


def write_checkpoint(model: Any, loaded: Loaded, checkpoint: Checkpoint, about: dict[str, Any]) -> None:
    """Put the checkpoint in its place, whole or not at all; `model` may be used up. Raises `OSError`."""
    fresh = checkpoint.folder.with_name(checkpoint.folder.name + ".tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    if about["settings"].get("lora"):
        model = merged(model, fresh / "adapter")
    model.save_pretrained(fresh)
    (fresh / ABOUT).write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", "utf-8")
    loaded.tokenizer.save_pretrained(fresh)
    for name in ("sca.json",):
        if (loaded.folder / name).is_file():
            shutil.copy(loaded.folder / name, fresh / name)
    shutil.copy(checkpoint.place.metrics, fresh / "metrics.jsonl")
    for weights in fresh.rglob("*.safetensors"):  # their library lets nobody else read them
        weights.chmod((fresh / ABOUT).stat().st_mode)
    shutil.rmtree(checkpoint.folder, ignore_errors=True)
    fresh.rename(checkpoint.folder)
