"""Which decoder a model gets: the batched one where it is shown to compute the same, else one job at a time."""

import logging
import os

import torch
from torch import Tensor
from transformers import PreTrainedModel

from sca.engines.batching import PREFILL_ROWS, ROWS, BatchDecoder, rounded_up
from sca.engines.one_by_one import SingleDecoder
from sca.engines.slot_cache import BLOCK, ON_CPU, ON_GPU, SlotCache, causal_mask
from sca.engines.weights import Loaded

log = logging.getLogger(__name__)

PROBE = 24
"""Tokens of a probe's prompt."""

SHARE_OF_MEMORY = {"cuda": 0.8, "cpu": 0.25}
"""For keys and values: of what is free once the model is loaded on a GPU, of all there is on a CPU."""

UNFIT = (NotImplementedError, TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError)
"""What a model raises that does not know our cache or our attention."""


def choose_decoder(loaded: Loaded, *, max_rows: int) -> BatchDecoder | SingleDecoder:
    """The decoder for a model, and a logged line where that is the slow one."""
    model = loaded.model
    reason = _unfit(model)
    bytes_per_cell = 0
    if reason is None:
        plain = model.config._attn_implementation
        try:
            bytes_per_cell = _probe(model)
        except UNFIT as error:
            reason = f"its attention does not fit ({error})"
            model.set_attn_implementation(plain)
    if reason is not None:
        log.warning("%s is decoded one at a time, which is slow: %s", loaded.folder.name, reason)
        return SingleDecoder(model)
    on_cpu = model.device.type == "cpu"
    if on_cpu and model.dtype == torch.float32 and torch.get_num_threads() > 2:
        _keep_batches_equal(model, max_rows)
    return BatchDecoder(
        model,
        context=loaded.context,
        max_rows=max_rows,
        max_cells=max(int(_memory(model.device)) // bytes_per_cell, ROWS[0] * BLOCK),
        chunk=32 if on_cpu else 512,
    )


def _unfit(model: PreTrainedModel) -> str | None:
    """Why the configuration alone rules batching out."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        return f"it has layers of {', '.join(sorted(kinds - {'full_attention'}))}"
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return "it attends to a sliding window"
    return None


def _probe(model: PreTrainedModel) -> int:
    """Compare our cache and attention with the model's own; bytes of cache a token of a row takes.

    Raises one of `UNFIT` where the model cannot be run so, or computes something else.
    """
    vocabulary = model.config.get_text_config().vocab_size
    tokens = (torch.arange(ROWS[0] * (PROBE + 1), device=model.device) * 7919 % vocabulary).view(ROWS[0], PROBE + 1)
    with torch.inference_mode():
        expected = model(input_ids=tokens, use_cache=False, logits_to_keep=1).logits[:, -1].float()
        model.set_attn_implementation(ON_CPU if model.device.type == "cpu" else ON_GPU)
        cache = SlotCache(max_cells=ROWS[0] * BLOCK)
        _feed(model, cache, tokens[:, :PROBE], start=0)
        found = _feed(model, cache, tokens[:, PROBE:], start=PROBE).float()
    tolerance = 1e-3 if model.dtype == torch.float32 else 5e-2
    difference = float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-3))
    if not difference <= tolerance:
        raise ValueError(f"logits differ by {difference:.1%}")
    return cache.bytes_per_cell


def _feed(model: PreTrainedModel, cache: SlotCache, tokens: Tensor, start: int) -> Tensor:
    """Logits (rows, vocabulary) behind `tokens` (rows, n), which stand at `start` and after in every row."""
    positions = (start + torch.arange(tokens.shape[1], device=tokens.device)).expand(tokens.shape)
    cache.place(positions, BLOCK)
    mask = causal_mask(positions, BLOCK)
    output = model(
        input_ids=tokens,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    logits: Tensor = output.logits[:, -1]
    return logits


def _keep_batches_equal(model: PreTrainedModel, max_rows: int) -> None:
    """Many threads may share a row, and its bits then depend on the batch: look, and use two if it is so."""
    if not batches_agree(model, max_rows):
        log.warning("with %d threads a row's bits depend on its batch; going on with 2", torch.get_num_threads())
        torch.set_num_threads(2)


def batches_agree(model: PreTrainedModel, max_rows: int) -> bool:
    """Whether one row gives the same bits in every slot of every size of batch, for prompts and for single tokens."""
    vocabulary = model.config.get_text_config().vocab_size
    prompt = torch.arange(32, device=model.device) * 7919 % vocabulary
    filled: list[Tensor] = []
    decoded: list[Tensor] = []
    with torch.inference_mode():
        for rows in PREFILL_ROWS:
            cache = SlotCache(max_cells=rows * BLOCK)
            _feed(model, cache, prompt.expand(rows, -1), start=0)
            filled.append(torch.cat([cache.keys[-1], cache.values[-1]], dim=-1))
        for rows in ROWS[: ROWS.index(rounded_up(min(max_rows, ROWS[-1]), ROWS)) + 1]:
            decoded.append(_feed(model, SlotCache(max_cells=rows * BLOCK), prompt[:1].expand(rows, -1), start=0))
    return _all_equal(torch.cat(filled)) and _all_equal(torch.cat(decoded))


def _all_equal(rows: Tensor) -> bool:
    return bool((rows == rows[0]).all())


def _memory(device: torch.device) -> float:
    """Bytes that keys and values may take."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] * SHARE_OF_MEMORY["cuda"]
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * SHARE_OF_MEMORY["cpu"]
