"""Sizes of a model from its folder alone, and which files of a folder are the model."""

import shutil

import pytest
import small_models
import torch
from transformers import AutoModelForCausalLM

from sca.engines.folders import INDEX, content_hash, fetch, prompts_hash, weights
from sca.engines.footprint import Footprint
from sca.errors import ScaError


def test_parameters_and_cells_are_those_of_the_loaded_model(tmp_path):
    folder = small_models.llama(tmp_path)
    found = Footprint.of(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert found.parameters == sum(parameter.numel() for parameter in model.parameters())
    cache = model(torch.zeros(1, 5, dtype=torch.long), use_cache=True).past_key_values
    kept = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert (found.cell, found.context) == (kept // 5, 512)


@pytest.fixture
def sharded(tmp_path):
    """A model in several files, and once more in one, as some publishers have it."""
    folder = small_models.llama(tmp_path / "whole")
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(tmp_path / "sharded", max_shard_size="100KB")
    shutil.copy(folder / "model.safetensors", tmp_path / "sharded" / "consolidated.safetensors")
    return tmp_path / "sharded"


def test_weights_that_lie_there_twice_count_once(tmp_path, sharded):
    assert Footprint.of(sharded) == Footprint.of(tmp_path / "whole")
    before = content_hash(sharded)
    (sharded / "consolidated.safetensors").unlink()
    assert content_hash(sharded) == before
    assert len(weights(sharded)) > 1


def test_a_download_that_was_cut_off_names_what_is_missing(sharded):
    lost = weights(sharded)[1]
    lost.unlink()
    with pytest.raises(ScaError, match=rf"{lost.name} is missing, which {INDEX} names"):
        fetch(sharded)
    (sharded / INDEX).write_text("[]")
    with pytest.raises(ScaError, match=rf"{INDEX}: names no weights"):
        fetch(sharded)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt", "vocab.txt", "spiece.model", "tokenizer.json"])
def test_another_vocabulary_makes_other_prompts(tmp_path, name):
    (tmp_path / name).write_text("one")
    before = prompts_hash(tmp_path)
    (tmp_path / name).write_text("another")
    assert prompts_hash(tmp_path) != before
