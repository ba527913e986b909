"""Sizes of a model from its folder alone."""

import small_models
import torch
from transformers import AutoModelForCausalLM

from sca.engines.footprint import Footprint


def test_parameters_and_cells_are_those_of_the_loaded_model(tmp_path):
    folder = small_models.llama(tmp_path)
    found = Footprint.of(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert found.parameters == sum(parameter.numel() for parameter in model.parameters())
    cache = model(torch.zeros(1, 5, dtype=torch.long), use_cache=True).past_key_values
    kept = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert (found.cell, found.context) == (kept // 5, 512)
