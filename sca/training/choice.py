"""Which passes a run gets: shared prefixes where they save work and the model's attention allows them."""

import logging
from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import nn

from sca.training.attempts import Example
from sca.training.forest import grow
from sca.training.passes import PaddedPasses, Passes
from sca.training.policy import Policy, innermost
from sca.training.sharding import EvenPasses, is_sharded
from sca.training.shared import SharedPasses
from sca.training.spread import SpreadPasses
from sca.training.tree_attention import NAME

log = logging.getLogger(__name__)

WORTH = 0.8
"""Of the tokens, at most this share may be left where prefixes are shared; else rows side by side are faster."""

UNFIT = (NotImplementedError, TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError)
"""What a model raises that does not know our attention."""


def choose_passes(
    accelerator: Accelerator,
    prepared: nn.Module,
    batches: Sequence[Sequence[Example]],
    *,
    tokens: int,
    pad_id: int,
    bf16: bool,
    plain: str | None,
) -> Passes:
    """For the sequences of each step in `batches`; `plain` says how the model's attention is unlike plain causal one.

    `prepared` is the policy as accelerate gave it back. Follows from the model and the data alone, so a run that goes
    on gets the same. Where sharing would be worth it but cannot be had, a logged line says why.
    """
    passes = _choose(accelerator, prepared, batches, tokens=tokens, pad_id=pad_id, bf16=bf16, plain=plain)
    return passes if accelerator.num_processes == 1 else SpreadPasses(accelerator, passes, prepared)


def _choose(
    accelerator: Accelerator,
    prepared: nn.Module,
    batches: Sequence[Sequence[Example]],
    *,
    tokens: int,
    pad_id: int,
    bf16: bool,
    plain: str | None,
) -> PaddedPasses | SharedPasses:
    sharded = is_sharded(prepared)
    kind = EvenPasses if sharded else PaddedPasses
    padded = kind(accelerator, prepared, tokens=tokens, pad_id=pad_id, bf16=bf16)
    left = share_left(batches)
    if left > WORTH:
        return padded
    shared = SharedPasses(accelerator, prepared, tokens=tokens, bf16=bf16)
    # Its passes are as many as the data have branches, and inside each other; processes would not stay side by side.
    reason = "--shard spreads the weights over the processes" if sharded else plain
    reason = reason or _unfit(accelerator.unwrap_model(prepared), padded, shared)
    if reason is None:
        log.info("shared prefixes are computed once, which leaves %.0f%% of the tokens", 100 * left)
        return shared
    log.warning("every attempt is computed by itself, which takes %.1f times as long: %s", 1 / left, reason)
    return padded


def share_left(batches: Sequence[Sequence[Example]]) -> float:
    """Share of the tokens that is left where each step computes common prefixes once."""
    whole = sum(len(example.ids) for batch in batches for example in batch)
    return sum(len(grow([example.ids for example in batch]).ids) for batch in batches) / max(whole, 1)


def _unfit(policy: Policy, padded: PaddedPasses, shared: SharedPasses) -> str | None:
    """Why a model computes something else, or nothing, with our attention; None where it fits, and then has it."""
    if not policy.keeps:
        return "it computes logits of all positions"
    model = innermost(policy.model)
    usual = model.config._attn_implementation
    vocabulary = model.config.get_text_config().vocab_size
    ids = tuple((torch.arange(1, 97) * 7919 % vocabulary).tolist())
    probes = [Example(str(end), ids[:64] + ids[end:] + ids[:end], ((60, 90),)) for end in (70, 80)]
    try:
        expected = torch.cat([outputs.logprobs for outputs in padded.measure(probes)])
        model.set_attn_implementation(NAME)
        found = torch.cat([outputs.logprobs for outputs in shared.measure(probes)])
    except UNFIT as error:
        model.set_attn_implementation(usual)
        return f"its attention does not fit ({error})"
    tolerance = 1e-3 if model.dtype == torch.float32 and padded.accelerator.mixed_precision == "no" else 5e-2
    difference = float((found - expected).abs().max() / expected.abs().max())
    if difference <= tolerance:
        return None
    model.set_attn_implementation(usual)
    return f"its figures differ by {difference:.1%}"
