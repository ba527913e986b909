"""The model as training sees it: from ids to figures of the trained tokens."""

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from sca.training.outputs import Outputs

if TYPE_CHECKING:
    from sca.training.tree_attention import Scene

CHUNK = 1024
"""Rows of logits whose entropy is computed at once: bounds the memory that it takes."""


@dataclass(frozen=True)
class Piece:
    """What `Policy` needs beside the ids of one row that is part of a forest of sequences."""

    positions: Tensor
    """(1, length) int64."""
    scene: "Scene"
    """Told to every layer's attention."""
    predictors: Tensor
    """(N,) int64: after which tokens of the row those stand whose figures are wanted."""
    targets: Tensor
    """(N,) int64: these tokens."""


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
        self.keeps = "logits_to_keep" in inspect.signature(innermost(model).forward).parameters

    def forward(self, ids: Tensor, mask: Tensor | None = None, *, piece: Piece | None = None) -> Outputs:
        """Figures of the tokens that a mask or a piece names."""
        if piece is not None:
            return self._piece(ids, piece)
        assert mask is not None, "a mask or a piece"
        return self._rows(ids, mask)

    def _piece(self, ids: Tensor, piece: Piece) -> Outputs:
        """Figures of the piece's targets; `ids` is (1, length) int64."""
        states, logits = self._run(
            input_ids=ids, position_ids=piece.positions, logits_to_keep=piece.predictors, scene=piece.scene
        )
        return self._figures(logits[0], piece.targets, states[0])

    def _rows(self, ids: Tensor, mask: Tensor) -> Outputs:
        """Figures of the masked tokens, row after row.

        `ids` is (rows, length) int64, padded at the end, which causal attention does not see; `mask` is bool of the
        same shape, with nothing in its first column.
        """
        wanted = mask[:, 1:]  # position t − 1 predicts token t
        if self.keeps:
            columns = wanted.any(0).nonzero().flatten()
            states, logits = self._run(input_ids=ids, logits_to_keep=columns)
            chosen = wanted[:, columns]
        else:
            states, logits = (every[:, :-1] for every in self._run(input_ids=ids))
            chosen = wanted
        return self._figures(logits[chosen], ids[:, 1:][wanted], states[chosen])

    def _run(self, **inputs: Any) -> tuple[Tensor, Tensor]:
        """Last hidden states and logits, both (rows, kept positions, …)."""
        hidden: list[Tensor] = []
        head = cast(Any, self.model).get_output_embeddings()
        hook = head.register_forward_pre_hook(lambda module, given: hidden.append(given[0]))
        try:
            logits: Tensor = self.model(use_cache=False, **inputs).logits
        finally:
            hook.remove()
        return hidden[0], logits

    def _figures(self, logits: Tensor, targets: Tensor, states: Tensor) -> Outputs:
        values = None
        if self.value_head is not None:
            with torch.autocast(logits.device.type, enabled=False):
                values = self.value_head(states.float()).squeeze(-1).clone()  # FSDP hooks on to no views
        return Outputs(*token_figures(logits, targets), values)


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


def innermost(model: nn.Module) -> Any:
    """The model itself, where adapters are wrapped around it."""
    return cast(Any, model).get_base_model() if hasattr(model, "get_base_model") else model
