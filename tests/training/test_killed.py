"""Training that is killed while its state is on disk goes on from there, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import small_models
from safetensors.torch import load_file

# Trains on a fixed handful of examples, keeping its state after every step.
SCRIPT = """
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from sca.training import loop
from sca.training.data import Example
from sca.training.settings import TrainSettings

loop.SAVE_EVERY = -1.0
source, folder = Path(sys.argv[1]), Path(sys.argv[2])
examples = [Example(f"e{n}", tuple((7 * n + i) % 50 for i in range(20 + n)), ((4, 20 + n),)) for n in range(16)]
model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
place = loop.Place(folder / "state", folder / "metrics.jsonl")
settings = TrainSettings(lr=1e-3, batch_size=4, epochs=10)
told = []
heard = lambda done, metrics: told.append(done)
trained = loop.train(model, examples, settings, place, pad_id=0, bf16=False, heard=heard)
save_file({name: value.contiguous() for name, value in trained.named_parameters()}, folder / "weights.safetensors")
(folder / "first_step").write_text(str(told[0]))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"))


def start(source, folder):
    folder.mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(source), str(folder)], stderr=subprocess.DEVNULL)


def steps(folder):
    return [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_killed_process_goes_on_to_the_same_weights(source, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert start(source, whole).wait(timeout=200) == 0
    process = start(source, cut)
    while not (cut / "metrics.jsonl").exists() or (cut / "metrics.jsonl").read_bytes().count(b"\n") < 15:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert start(source, cut).wait(timeout=200) == 0
    assert int((cut / "first_step").read_text()) > 5
    one, other = (load_file(folder / "weights.safetensors") for folder in (whole, cut))
    assert all((one[name] == other[name]).all() for name in one)
    assert steps(whole) == steps(cut) == list(range(1, 41))
