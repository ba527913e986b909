"""Losses over many turns: only tokens that the agent sampled count."""

import torch
from torch import Tensor
from torch.nn import functional


def token_logprobs(logits: Tensor, ids: Tensor) -> Tensor:
    """Log-probability of each token given those before it, in nats, as float32.

    `logits` are (rows, length, vocabulary), `ids` (rows, length). The result is (rows, length - 1): entry t
    belongs to token t + 1.
    """
    flat = functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return -flat.view(ids.shape[0], ids.shape[1] - 1)


def negative_log_likelihood(logits: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
    """Sum of −log p over the masked tokens: −Σ_t m_t log p(x_t | x_<t).

    `mask` is (rows, length), true where the agent sampled the token. Divided by the number of trained tokens of the
    whole optimiser step this is the maximum-likelihood loss of SFT, and on successful attempts alone that of
    rejection fine-tuning, which is REINFORCE with a 0/1 reward (Zhou et al. 2025, section 3.3).
    """
    kept = token_logprobs(logits, ids)[mask[:, 1:]]
    return -kept.sum() if kept.numel() else torch.zeros((), device=logits.device)
