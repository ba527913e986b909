"""Proximal policy optimisation with a value head.

    L = −(1/N) Σ_t min(ρ_t Â_t, clamp(ρ_t, 1 ± ε) Â_t)  +  c (1/N) Σ_t ½ (V_t − R_t)²

over the N tokens that the agent sampled in the step; ρ is the ratio of π to the model that sampled, by its recorded
log-probabilities; V_t is the value before token t is sampled. Each token earns −β (log π_sampled − log π_ref), the
last one also the attempt's reward (Ziegler et al. 2019, arXiv 1909.08593). With δ_t = r_t + γ_t V_{t+1} − V_t,

    Â_t = δ_t + γ_t λ_t Â_{t+1},    R_t = Â_t + V_t        GAE: Schulman et al. 2015, arXiv 1506.02438, equation 16

from token to token within a turn γ_t = 1 and λ_t = `token_lam`; from the last token of a turn to the first of the
next, over what the environment said, γ_t = `gamma` and λ_t = `lam`. So time is counted in turns,
and with `token_lam` 1 all tokens of a turn share the credit for what came after it. Clipping: Schulman et al. 2017,
arXiv 1707.06347. Values are measured at the beginning of each step, so the clipping of values that its reference
implementation has (openai/baselines, ppo2) would have nothing to clip.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from sca.records.contract import Trajectory
from sca.training.algorithms import Known, Loss
from sca.training.algorithms.clipping import clipped_objective
from sca.training.attempts import Attempt, Item, Reader, Selection, shuffled
from sca.training.outputs import Columns, Outputs, pieces
from sca.training.settings import PpoSettings

QUIET = 1e-3
"""Advantages of a step that deviate by less are not scaled up: rewards are 0 or 1, so nothing was learnt from these,
and what is left of them is rounding, of which an optimiser such as AdamW would make a whole step."""


class Ppo:
    """All attempts, each token weighed by how much better things went than the critic had expected."""

    behaviour = critic = True
    whole_items = False

    def __init__(self, settings: PpoSettings) -> None:
        self.settings = settings
        self.reference = settings.kl > 0

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """Every attempt that has tokens and their log-probabilities."""
        attempts = shuffled(reader.read(records), self.settings.seed)
        return Selection([Item((attempt,)) for attempt in attempts], reader.dropped)

    def columns(self, items: Sequence[Item], known: Known) -> list[Columns]:
        """`advantage`; `returns`; `weight` 1/N."""
        attempts = [attempt for item in items for attempt in item.attempts]
        found = [columns for attempt in attempts for columns in self._estimated(attempt, known)]
        every = torch.cat([columns["advantage"] for columns in found])
        if self.settings.whiten and len(every) > 1:
            mean, deviation = every.mean(), every.std()
            scale = deviation if deviation > QUIET else 1.0
            for columns in found:
                columns["advantage"] = (columns["advantage"] - mean) / scale
        for columns in found:
            columns["weight"] = torch.full_like(columns["advantage"], 1 / len(every))
        return found

    def _estimated(self, attempt: Attempt, known: Known) -> list[Columns]:
        """Advantages and returns of an attempt, whose sequences follow each other in time."""
        columns = [known[example] for example in attempt.examples]
        values = torch.cat([one["values"] for one in columns])
        rewards = torch.zeros_like(values)
        if self.reference:
            rewards -= self.settings.kl * torch.cat([one["behaviour"] - one["reference"] for one in columns])
        rewards[-1] += attempt.reward
        ends = torch.cat([turn_ends(example.trained) for example in attempt.examples])
        advantages = gae(
            rewards, values, ends, gamma=self.settings.gamma, lam=self.settings.lam, token_lam=self.settings.token_lam
        )
        sizes = [example.trained_tokens for example in attempt.examples]
        parts = zip(pieces(advantages, sizes), pieces(advantages + values, sizes), strict=True)
        return [{"advantage": advantage, "returns": returns} for advantage, returns in parts]

    def loss(self, outputs: Outputs, columns: Columns) -> Loss:
        """Policy and value loss together; `value_loss` alone; `clip_fraction`."""
        assert outputs.values is not None, "PPO's model has a value head"
        weight = columns["weight"]
        objective, away = clipped_objective(
            outputs.logprobs, columns["behaviour"], columns["advantage"], self.settings.clip_ratio
        )
        value_loss = (weight * 0.5 * (outputs.values - columns["returns"]) ** 2).sum()
        figures = {"value_loss": value_loss.detach(), "clip_fraction": (weight * away).sum()}
        return Loss(self.settings.value_coef * value_loss - (weight * objective).sum(), figures)


def turn_ends(trained: Sequence[tuple[int, int]]) -> Tensor:
    """(tokens,) bool: which trained tokens of a sequence are the last of their turn."""
    ends = torch.zeros(sum(end - start for start, end in trained), dtype=torch.bool)
    ends[torch.tensor([end - start for start, end in trained]).cumsum(0) - 1] = True
    return ends


def gae(rewards: Tensor, values: Tensor, ends: Tensor, *, gamma: float, lam: float, token_lam: float) -> Tensor:
    """Generalised advantage estimates of one attempt, (tokens,) like its rewards and values."""
    advantages = []
    later, ahead = 0.0, 0.0
    steps = zip(rewards.tolist(), values.tolist(), ends.tolist(), strict=True)
    for reward, value, end in reversed(list(steps)):
        discount, trace = (gamma, lam) if end else (1.0, token_lam)
        later = reward + discount * ahead - value + discount * trace * later
        ahead = value
        advantages.append(later)
    return torch.tensor(advantages[::-1], dtype=values.dtype)
