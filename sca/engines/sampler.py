"""From logits to a token: seeded by the request alone, so the batch cannot change it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sca.engines import Sampling


class Draws:
    """Uniform numbers in [0, 1) of one request, from the counter-based generator Philox4x64 keyed by its seed."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.Philox(key=seed))

    def next(self) -> float:
        """The number for the next token."""
        return float(self._generator.random())


def sample(logits: Tensor, settings: Sequence[Sampling], draws: Sequence[float]) -> tuple[list[int], list[float]]:
    """A token for each row, and its log-probability (nats) under the model at temperature 1.

    `logits` is (rows, vocabulary). A token is where the cumulative distribution passes the row's draw (inversion), at
    the row's temperature and within its nucleus `top_p` (Holtzman et al. 2020: the fewest most likely tokens that
    hold at least that mass). Temperature 0 takes the most likely token. Works in float64, row by row independent.
    """
    logits = logits.double()
    rows = logits.shape[0]
    temperatures = logits.new_tensor([one.temperature or 1.0 for one in settings])[:, None]
    probabilities = torch.softmax(logits / temperatures, dim=-1)
    narrow = [row for row in range(rows) if settings[row].top_p < 1.0]
    if narrow:
        top_p = logits.new_tensor([settings[row].top_p for row in narrow])[:, None]
        probabilities[narrow] = _nucleus(probabilities[narrow], top_p)
    cumulative = probabilities.cumsum(dim=-1)
    total = cumulative[:, -1:]
    # A draw close to 1 may round up to the total, behind the last token that has any probability.
    target = torch.minimum(logits.new_tensor(draws)[:, None] * total, torch.nextafter(total, total.new_zeros(())))
    # Where the model gives NaN no sum passes the draw; its log-probability tells, and no GPU survives such an index.
    tokens = torch.searchsorted(cumulative, target, right=True).clamp(max=logits.shape[-1] - 1)
    greedy = torch.tensor([one.temperature == 0 for one in settings], device=logits.device)[:, None]
    tokens = torch.where(greedy, logits.argmax(dim=-1, keepdim=True), tokens)
    logprobs = torch.log_softmax(logits, dim=-1).gather(-1, tokens)
    return tokens[:, 0].tolist(), logprobs[:, 0].tolist()


def _nucleus(probabilities: Tensor, top_p: Tensor) -> Tensor:
    """Set to 0 what lies outside the nucleus: tokens before which the mass is already `top_p`."""
    descending, order = probabilities.sort(dim=-1, descending=True, stable=True)
    outside = descending.cumsum(dim=-1) - descending >= top_p
    return torch.zeros_like(probabilities).scatter_(-1, order, descending.masked_fill(outside, 0.0))
