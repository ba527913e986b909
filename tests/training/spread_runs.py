"""What `test_spread` compares: runs on a small model, alone or as one of several processes.

python -m torch.distributed.run --nproc-per-node=2 spread_runs.py MODEL FOLDER
"""

import shutil
import sys
from pathlib import Path

from safetensors.torch import save_file
from small_training import records, run

from sca.training import loop, processes, state
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


def main(model: Path, folder: Path) -> None:
    """All that needs several processes; `folder` holds what one process left."""
    for name in RUNS:
        trained(model, folder / "shard" / name, name, shard=True)
    trained(model, folder / "plain" / "grpo", "grpo")
    for way in ("plain", "shard"):
        for since in ("one", "plain", "shard"):
            trained(
                model, folder / f"{way}-since-{since}", "grpo", shard=way == "shard", since=folder / since / "grpo"
            )
    trained(model, folder / "lora-since-shard", "lora", shard=True, since=folder / "shard" / "lora")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
