"""How fast, and in how much memory, attempts become gradients, beside TRL in the same run.

    .venv/bin/python benchmarks/train.py

Each side is a process of its own on one thread in fp32, and computes loss and gradients of the same 32 attempts;
rates are tokens of the attempts a second of CPU time, memory is the most that the process held. TRL gets the better
of two batch sizes (one at a time has no padding, so there is nothing for `padding_free` to save), and references that
were computed before. SFT has the same loss on both sides, and its gradients are compared; TRL's DPO has no turns and
trains on all that follows the prompt. Takes about ten minutes. The last line is JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from parts import machine
from parts.train_side import SIDES
from safetensors.torch import load_file

HERE = Path(__file__).parent


def main() -> None:
    """Measure each side, and print it as it comes."""
    print(machine.about())
    with tempfile.TemporaryDirectory() as name:
        found = {side: measure(side, Path(name) / side.replace(" ", "-")) for side in SIDES}
        apart = differences(Path(name, "sca-sft"), Path(name, "trl-sft,-1-at-a-time"))
    sft, dpo = best(found, "trl sft"), best(found, "trl dpo")
    print(json.dumps({
        "sft_ratio_trl": round(found["sca sft"]["tokens_per_s"] / sft["tokens_per_s"], 2),
        "dpo_ratio_trl": round(found["sca dpo"]["tokens_per_s"] / dpo["tokens_per_s"], 2),
        "memory_ratio_trl": round(found["sca sft"]["memory_mb"] / sft["memory_mb"], 2),
        "loss_max_diff": abs(found["sca sft"]["loss"] - found["trl sft, 1 at a time"]["loss"]),
        "grad_max_diff": apart,
    }))  # fmt: skip


def measure(side: str, folder: Path) -> dict[str, float]:
    """Run one side. Raises `RuntimeError` with what it said where it fails."""
    folder.mkdir()
    environment = {
        **os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder),
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "parts.train_side", side, str(folder)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{side}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{side:28} {found['tokens_per_s']:7.0f} tokens/s, {found['memory_mb']:6.0f} MB, "
        f"{found['before_mb']:.0f} of them before the first step; loss {found['loss']:.6f}",
        flush=True,
    )
    return found


def best(found: dict[str, dict[str, float]], name: str) -> dict[str, float]:
    """The fastest of some sides."""
    return max((said for side, said in found.items() if side.startswith(name)), key=lambda said: said["tokens_per_s"])


def differences(one: Path, other: Path) -> float:
    """The largest difference between two sides' gradients, as a share of the largest gradient."""
    ours, theirs = (load_file(folder / "gradients.safetensors") for folder in (one, other))
    most = max(float(value.abs().max()) for value in theirs.values())
    return max(float((ours[name] - value).abs().max()) for name, value in theirs.items()) / most


if __name__ == "__main__":
    main()
