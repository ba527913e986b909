"""What PPO and GRPO share: the clipped objective and the divergence from a reference."""

import torch
from torch import Tensor


def clipped_objective(logprobs: Tensor, behaviour: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """min(ρA, clamp(ρ, 1 − clip, 1 + clip) A) with ρ = exp(logprobs − behaviour); all are (tokens,).

    Schulman et al. 2017, arXiv 1707.06347, equation 7. Also returns where the clamp took the gradient away.
    """
    ratio = (logprobs - behaviour).exp()
    objective = torch.min(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    away = ((ratio > 1 + clip) & (advantages > 0)) | ((ratio < 1 - clip) & (advantages < 0))
    return objective, away


def divergence(logprobs: Tensor, reference: Tensor) -> Tensor:
    """exp(d) − d − 1 with d = reference − logprobs, (tokens,): KL(π‖reference) in nats, estimated from π's samples.

    Never negative and unbiased where the tokens are π's own; "k3" of Schulman 2020 (joschu.net/blog/kl-approx.html).
    """
    difference = reference - logprobs
    return difference.exp() - difference - 1
