"""Loss and gradients are TRL's on the same single-turn batch, for the algorithms that both have."""

import subprocess
import sys
from pathlib import Path

import pytest
import small_models
import torch
from safetensors.torch import load_file, save_file
from small_training import chosen, gradients, load, measured, record

from sca.training.settings import DpoSettings, GrpoSettings, SftSettings

PROMPT = 5
ENDS = [9, 16, 12, 14]  # attempts 0 and 1 succeed; DPO pairs 0 with 2 and 1 with 3
BEHAVIOUR = -4.0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Both models, the batch, and what TRL made of it."""
    folder = tmp_path_factory.mktemp("parity")
    for seed, name in enumerate(("model", "reference")):
        small_models.llama(folder / name, seed=seed, initializer_range=0.08)
    attempts = single_turn()
    known = measured(load(folder / "reference"), [attempt.examples[0] for attempt in attempts])
    rewards = torch.tensor([attempt.reward for attempt in attempts])
    save_file(
        {
            "ids": padded([attempt.examples[0].ids for attempt in attempts]),
            "mask": padded([[0] * PROMPT + [1] * (end - PROMPT) for end in ENDS]),
            "attention": padded([[1] * end for end in ENDS]),
            "reference": padded([one.tolist() for one in known], torch.float32),
            "behaviour": padded([[BEHAVIOUR] * (end - PROMPT) for end in ENDS], torch.float32),
            "advantages": (rewards - rewards.mean()) / (rewards.std() + 1e-4),
            "prompt": torch.tensor(PROMPT),
        },
        folder / "batch.safetensors",
    )
    script = Path(__file__).with_name("trl_losses.py")
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def records(tasks=1):
    return [
        record(
            number,
            task=f"t{number % tasks}",
            reward=int(number < 2),
            spans=((PROMPT, end),),
            length=end,
            logprob=BEHAVIOUR,
        )
        for number, end in enumerate(ENDS)
    ]


def single_turn():
    _, selection = chosen(SftSettings(), records())
    return sorted(selection.attempts, key=lambda attempt: attempt.id)


def padded(lists, dtype=torch.int64):
    longest = max(map(len, lists))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in lists], dtype=dtype)


@pytest.mark.parametrize(
    "settings",
    [SftSettings(), DpoSettings(beta=0.1), GrpoSettings(clip_ratio=0.1, kl=0.05)],
    ids=lambda settings: settings.algorithm,
)
def test_loss_and_gradients_are_those_of_trl(place, settings):
    algorithm, selection = chosen(settings, records(tasks=2 if settings.algorithm == "dpo" else 1))
    known = {example: {"behaviour": torch.tensor(example.logprobs)} for example in selection.examples}
    for example, reference in zip(known, measured(load(place / "reference"), list(known)), strict=True):
        known[example]["reference"] = reference
    loss, found = gradients(load(place / "model"), algorithm, selection.items, known)
    theirs = load_file(place / f"{settings.algorithm}.safetensors")
    assert loss == pytest.approx(theirs.pop("loss").item(), abs=1e-5)
    assert abs(loss) > 1e-3
    assert found.keys() == {f"model.{name}" for name in theirs}
    for name, gradient in theirs.items():
        torch.testing.assert_close(found[f"model.{name}"], gradient, rtol=1e-5, atol=1e-5)
    assert max(gradient.abs().max() for gradient in theirs.values()) > 1e-2
