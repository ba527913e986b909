"""Several processes train what one would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_training import records

ROOT = Path(__file__).parents[2]


def trained(folder: Path, name: str, *flags: str) -> Path:
    """The checkpoint of a run on attempts of unequal length."""
    done = subprocess.run(
        [sys.executable, "-m", "sca", "train", "some.jsonl", "-o", name, "--epochs", "2", "--lr", "1e-3", *flags],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return folder / name


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spread")
    lines = [record.model_dump_json() for record in records()]
    (folder / "some.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    one, two = ("--algo", "grpo", "--batch-size", "8"), ("--num-processes", "2")
    return trained(folder, "one", *one), trained(folder, "two", *one, *two)


def test_two_processes_end_with_the_weights_of_one(checkpoints):
    one, two = (load_file(folder / "model.safetensors") for folder in checkpoints)
    for name, value in one.items():
        # AdamW divides by the size of the gradient, so where that is all rounding a step differs; it is 1e-3 long.
        torch.testing.assert_close(two[name], value, rtol=0, atol=2e-5)


def test_two_processes_tell_the_figures_of_one(checkpoints):
    one, two = (
        [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
        for folder in checkpoints
    )
    names = ("step", "loss", "entropy", "kl", "trained_tokens", "reward", "tokens", "grad_norm")
    for mine, theirs in zip(one, two, strict=True):
        assert [theirs[name] for name in names] == pytest.approx([mine[name] for name in names], rel=1e-4, abs=1e-6)
