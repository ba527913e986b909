"""The model as training sees it: from ids to figures of the trained tokens."""

import inspect
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from sca.training.outputs import Outputs

CHUNK = 1024
"""Rows of logits whose entropy is computed at once: bounds the memory that it takes."""


class Policy(nn.Module):
    """A causal language model, with a value head where a critic is asked for.

    The head is linear on the last hidden state before each trained token and starts at 0, so that all values do.
    """

    def __init__(self, model: nn.Module, *, critic: bool = False) -> None:
        super().__init__()
        self.model = model
        self.value_head: nn.Linear | None = None
        output = cast(Any, model).get_output_embeddings()
        if critic:
            self.value_head = nn.Linear(output.weight.shape[1], 1, device=output.weight.device)
            nn.init.zeros_(self.value_head.weight)
            nn.init.zeros_(self.value_head.bias)
        self._keeps = "logits_to_keep" in inspect.signature(_innermost(model).forward).parameters

    def forward(self, ids: Tensor, mask: Tensor) -> Outputs:
        """Figures of the masked tokens, row after row.

        `ids` is (rows, length) int64, padded at the end, which causal attention does not see; `mask` is bool of the
        same shape, with nothing in its first column.
        """
        wanted = mask[:, 1:]  # position t − 1 predicts token t
        columns = wanted.any(0).nonzero().flatten()
        hidden: list[Tensor] = []
        head = cast(Any, self.model).get_output_embeddings()
        hook = head.register_forward_pre_hook(lambda module, given: hidden.append(given[0]))
        try:
            if self._keeps:
                logits = self.model(input_ids=ids, use_cache=False, logits_to_keep=columns).logits
                chosen = wanted[:, columns]
            else:
                logits = self.model(input_ids=ids, use_cache=False).logits[:, :-1]
                chosen = wanted
        finally:
            hook.remove()
        values = None
        if self.value_head is not None:
            states = hidden[0] if self._keeps else hidden[0][:, :-1]
            with torch.autocast(ids.device.type, enabled=False):
                values = self.value_head(states[chosen].float()).squeeze(-1)
        return Outputs(*token_figures(logits[chosen], ids[:, 1:][wanted]), values)


def token_figures(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probability of each target, and the entropy of its distribution without gradient: both (N,) float32.

    `logits` are (N, vocabulary), `targets` (N,).
    """
    logits = logits.float()
    logprobs = -functional.cross_entropy(logits, targets, reduction="none")
    with torch.no_grad():
        parts = [_entropy(part) for part in torch.split(logits, CHUNK)]
    return logprobs, torch.cat(parts) if parts else logits.new_zeros(0)


def _entropy(logits: Tensor) -> Tensor:
    logprobs = logits.log_softmax(-1)
    return -(logprobs * logprobs.exp()).nan_to_num(0.0).sum(-1)  # 0 · log 0 is 0


def _innermost(model: nn.Module) -> nn.Module:
    """The model itself, where adapters are wrapped around it."""
    return cast(nn.Module, cast(Any, model).get_base_model()) if hasattr(model, "get_base_model") else model
