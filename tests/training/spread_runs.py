"""What `test_spread` compares: runs on a small model, alone or as one of several processes.

python -m torch.distributed.run --nproc-per-node=2 spread_runs.py MODEL FOLDER
"""

import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from small_training import records, run

from sca.cli import main as sca
from sca.dialogue.attempts import ModelAgent
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import Sampling
from sca.engines.opening import SHIPPED
from sca.engines.transformers_engine import TransformersEngine
from sca.engines.weights import load
from sca.judging.reward import Judge
from sca.records.contract import Task
from sca.records.reading import read
from sca.sandbox.host.double import SubprocessSandbox
from sca.stages.online import Online, OnlineRun, Scene
from sca.training import loop, processes, state
from sca.training.algorithms.ppo import Ppo
from sca.training.attempts import Reader
from sca.training.guard import GuardRules
from sca.training.history import History
from sca.training.learner import Learner
from sca.training.policy import Policy
from sca.training.settings import DpoSettings, GrpoSettings, PpoSettings, RftSettings, SftSettings

# Pieces of 64 tokens are one or two attempts each, so the processes have unequal numbers of pieces and of tokens.
SMALL = {"lr": 1e-3, "batch_size": 4, "epochs": 2, "micro_tokens": 64}
RUNS = {
    "sft": SftSettings(**SMALL),
    "rft": RftSettings(**SMALL | {"batch_size": 1}),  # one attempt in a step: the second process has none
    "dpo": DpoSettings(**SMALL),
    "ppo": PpoSettings(**SMALL, critic_lr=1e-3),
    "grpo": GrpoSettings(**SMALL),
    "lora": GrpoSettings(**SMALL, lora=True, lora_rank=4),
}
COMMAND = ("--algo", "ppo", "--batch-size", "8", "--epochs", "2", "--lr", "1e-3", "--lora", "--shard")
STOPPED = 2
"""The step after which the state is kept that other runs go on from."""


def trained(model: Path, folder: Path, name: str, *, shard: bool = False, since: Path | None = None) -> None:
    """Leave weights.safetensors, metrics.jsonl and stopped/ in `folder`; go on from the stopped/ of `since`."""
    if not processes.rank():
        folder.mkdir(parents=True)
        if since:
            shutil.copytree(since / "stopped", folder / "state")
    processes.agreed(None)

    def save(place: Path, step: int, *rest: object) -> None:
        kept(place, step, *rest)
        if step == STOPPED and not processes.rank():
            shutil.copytree(place, folder / "stopped")

    kept, usual = state.save, loop.SAVE_EVERY
    state.save, loop.SAVE_EVERY = save, -1.0
    try:
        weights = run(model, folder, RUNS[name], records(), shard=shard)
    finally:
        state.save, loop.SAVE_EVERY = kept, usual
    if not processes.rank():
        save_file(weights, folder / "weights.safetensors")


class Deaf:
    """Hears how an online run goes on."""

    def attempted(self, *_: object) -> None:
        """Nobody looks."""

    def learned(self, line: dict) -> None:
        """Nobody looks."""


def online(folder: Path) -> None:
    """Two iterations of the model that ships; the first process has the attempts made.

    In float64: Adam divides a gradient by its size, so that in float32 the order of a sum alone shows in weights
    whose gradient is almost nothing.
    """
    settings = PpoSettings(lr=1e-4, critic_lr=1e-3, seed=5)
    setting = Setting.open("calculation")
    loaded = load(SHIPPED, device=torch.device("cpu"), dtype=torch.float64)
    engine = TransformersEngine(SHIPPED, device="cpu", dtype="float32")
    engine.lend(loaded)
    place = loop.Place(folder / "state", folder / "metrics.jsonl")
    learner = Learner(
        Policy(loaded.model, critic=True), Ppo(settings), settings, place, pad_id=0, bf16=False, plain=None
    )
    rules, sampling = ExecutorRules("brief", 3), Sampling(max_tokens=80)
    scene = Scene(
        setting.name,
        lambda seed: ModelAgent(setting, Asker(engine, sampling, seed), rules),
        Judge("check"),
        lambda: SubprocessSandbox(setting.folder),
    )
    tasks = read(setting.test_tasks, Task).records[::20]
    plan = Online(tasks, per_iteration=2, attempts=4, seed=5, guard=GuardRules(), rollouts={})
    history = History(folder / "iterations.jsonl", place.metrics, lambda *_: None, writes=not processes.rank())
    OnlineRun(
        plan, [scene], [engine], learner, lambda: Reader(1024, with_logprobs=True), history, folder, 8, Deaf()
    ).run(2)


def main(model: Path, folder: Path) -> None:
    """All that needs several processes, in the end a command; `folder` holds what one process left."""
    for name in RUNS:
        trained(model, folder / "shard" / name, name, shard=True)
    trained(model, folder / "plain" / "grpo", "grpo")
    for way in ("plain", "shard"):
        for since in ("one", "plain", "shard"):
            trained(
                model, folder / f"{way}-since-{since}", "grpo", shard=way == "shard", since=folder / since / "grpo"
            )
    trained(model, folder / "lora-since-shard", "lora", shard=True, since=folder / "shard" / "lora")
    online(folder / "two-online")
    sys.argv = ["sca", "train", "some.jsonl", "--model", "model", *COMMAND]
    sca()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
