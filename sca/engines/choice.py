"""Which decoder a model gets: the batched one where it is shown to compute the same, else one job at a time."""

import logging
import os
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from sca.engines.batching import PREFILL_ROWS, ROWS, BatchDecoder, rounded_up
from sca.engines.one_by_one import SingleDecoder
from sca.engines.slot_cache import BLOCK, ON_CPU, ON_GPU, SlotCache, causal_mask
from sca.engines.weights import Loaded

log = logging.getLogger(__name__)

CHUNK = 32
"""Tokens of a prompt that go through a model on a CPU at once."""

PROBE = 24
"""Tokens of a probe's prompt."""

SHARE_OF_MEMORY = {"cuda": 0.8, "cpu": 0.25}
"""For keys and values: of what is free once the model is loaded on a GPU, of all there is on a CPU."""

UNFIT = (NotImplementedError, TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError)
"""What a model raises that does not know our cache or our attention."""


def choose_decoder(loaded: Loaded, *, max_rows: int) -> BatchDecoder | SingleDecoder:
    """The decoder for a model, and a logged line where that is the slow one."""
    model = loaded.model
    on_cpu = model.device.type == "cpu"
    reason = unlike_plain(model)
    bytes_per_cell = 0
    if reason is None:
        plain = model.config._attn_implementation
        try:
            bytes_per_cell = _probe(model)
        except UNFIT as error:
            reason = f"its attention does not fit ({error})"
        if reason is None and on_cpu and model.dtype == torch.float32 and not _is_repeatable(model, max_rows):
            reason = "its rows are not the same bits in every batch"
        if reason is not None:
            model.set_attn_implementation(plain)
    if reason is not None:
        log.warning("%s is decoded one at a time, which is slow: %s", loaded.folder.name, reason)
        return SingleDecoder(model)
    return BatchDecoder(
        model,
        context=loaded.context,
        max_rows=max_rows,
        max_cells=max(int(_memory(model.device)) // bytes_per_cell, ROWS[0] * BLOCK),
        chunk=CHUNK if on_cpu else 512,
    )


def unlike_plain(model: PreTrainedModel) -> str | None:
    """How a model's attention differs from plain causal attention, as far as its configuration tells; else None."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        return f"it has layers of {', '.join(sorted(kinds - {'full_attention'}))}"
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return "it attends to a sliding window"
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kind = rope.get("rope_type", rope.get("type")) if isinstance(rope, dict) else None
    if kind in ("longrope", "dynamic"):
        return f"its positions depend on the longest sequence beside it ({kind} RoPE)"
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


def _is_repeatable(model: PreTrainedModel, max_rows: int) -> bool:
    """Whether batches leave rows alone; goes down to two threads for it, as more may share the work of one row."""
    if torch.get_num_threads() > 2:
        if batches_agree(model, PREFILL_ROWS, ROWS[: ROWS.index(rounded_up(min(max_rows, ROWS[-1]), ROWS)) + 1]):
            return True
        log.warning("with %d threads a row's bits depend on its batch; going on with 2", torch.get_num_threads())
        torch.set_num_threads(2)
    return batches_agree(model, PREFILL_ROWS[:4], ROWS[:2])


def batches_agree(model: PreTrainedModel, prefill_rows: Sequence[int], rows: Sequence[int]) -> bool:
    """Whether prompts, and single tokens, give the same bits in batches of these sizes, in any slot and company.

    Experts that get only the tokens routed to them are an example of what does not.
    """
    vocabulary = model.config.get_text_config().vocab_size
    prompts = torch.arange(4 * CHUNK, device=model.device).view(4, CHUNK) * 7919 % vocabulary
    order = torch.Generator().manual_seed(0)
    filled: dict[int, list[Tensor]] = {}
    decoded: dict[int, list[Tensor]] = {}
    with torch.inference_mode():
        for count in prefill_rows:
            cache = SlotCache(max_cells=count * BLOCK)
            chosen = torch.randint(4, (count,), generator=order)
            _feed(model, cache, prompts[chosen], start=0)
            _add(filled, chosen, torch.cat([cache.keys[-1], cache.values[-1]], dim=-1))
        for count in rows:
            chosen = torch.randint(4, (count,), generator=order)
            _add(decoded, chosen, _feed(model, SlotCache(max_cells=count * BLOCK), prompts[chosen][:, :1], start=0))
    return all(torch.equal(row, rows[0]) for rows in [*filled.values(), *decoded.values()] for row in rows)


def _add(results: dict[int, list[Tensor]], chosen: Tensor, rows: Tensor) -> None:
    for which, row in zip(chosen.tolist(), rows, strict=True):
        results.setdefault(which, []).append(row)


def _memory(device: torch.device) -> float:
    """Bytes that keys and values may take."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] * SHARE_OF_MEMORY["cuda"]
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * SHARE_OF_MEMORY["cpu"]
