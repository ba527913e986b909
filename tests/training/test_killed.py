"""Training that is killed while its state is on disk goes on from there, in a process of its own."""

import json
import time

import pytest
import small_models
from forked import Forked
from safetensors.torch import load_file, save_file
from small_training import records, run

from sca.training import loop
from sca.training.settings import GrpoSettings


def train(source, folders):
    """Trains on a fixed handful of examples, keeping its state after every step, in one folder after the other."""
    loop.SAVE_EVERY = -1.0
    settings = GrpoSettings(lr=1e-3, batch_size=4, epochs=10)
    for folder in folders:
        told = []
        weights = run(source, folder, settings, records(tasks=4), lambda done, _, told=told: told.append(done))
        save_file(weights, folder / "weights.safetensors")
        (folder / "first_step").write_text(str(told[0]))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"))


def start(source, *folders):
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return Forked(folders[0], train, source, folders)


def steps(folder):
    return [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_killed_process_goes_on_to_the_same_weights(source, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    process = start(source, whole, cut)
    while not (cut / "metrics.jsonl").exists() or (cut / "metrics.jsonl").read_bytes().count(b"\n") < 15:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    code, said = start(source, cut).wait(timeout=200)
    assert code == 0, said
    assert int((cut / "first_step").read_text()) > 5
    one, other = (load_file(folder / "weights.safetensors") for folder in (whole, cut))
    assert all((one[name] == other[name]).all() for name in one)
    assert steps(whole) == steps(cut) == list(range(1, 41))
