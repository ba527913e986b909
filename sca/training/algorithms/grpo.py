"""Group-relative policy optimisation: an attempt's advantage is its reward against the task's other attempts.

    L = −(1/A) Σ_i (1/N_i) Σ_t [ min(ρ_it Â_i, clamp(ρ_it, 1 ± ε) Â_i) − β KL_it ]
    Â_i = (r_i − mean(r)) / (std(r) + 1e-4)   over the group of i;  with `scale` none, r_i − mean(r)

A attempts in the step, N_i trained tokens of attempt i (the mean of each attempt, then of all), ρ the ratio of π to
the model that sampled, by its recorded log-probabilities, KL to the model that training starts from (estimator k3).
Shao et al. 2024, arXiv 2402.03300, equations 3 and 4; without the division, Liu et al. 2025, arXiv 2503.20783. The
standard deviation is that of a sample (n − 1), and 1e-4 as in TRL.
"""

from collections.abc import Sequence

import torch

from sca.records.contract import Trajectory
from sca.training.algorithms import Known, Loss, each
from sca.training.algorithms.clipping import clipped_objective, divergence
from sca.training.attempts import Item, Reader, Selection, by_task, shuffled
from sca.training.outputs import Columns, Outputs
from sca.training.settings import GrpoSettings


class Grpo:
    """Groups of attempts at one task that did not all earn the same."""

    behaviour = True
    critic = whole_items = False

    def __init__(self, settings: GrpoSettings) -> None:
        self.settings = settings
        self.reference = settings.kl > 0

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """Groups without signal are left out: all of their advantages are 0."""
        groups = by_task(shuffled(reader.read(records), self.settings.seed)).values()
        telling = [group for group in groups if len({attempt.reward for attempt in group}) > 1]
        reader.drop("of tasks whose attempts all earned the same", sum(map(len, groups)) - sum(map(len, telling)))
        items = [Item(tuple(group), size=len(group)) for group in telling]
        return Selection(items, reader.dropped)

    def columns(self, items: Sequence[Item], known: Known) -> list[Columns]:
        """`advantage`; `weight` 1/(A N_i)."""
        count = sum(len(item.attempts) for item in items)
        found = []
        for item in items:
            advantages = group_advantages([attempt.reward for attempt in item.attempts], self.settings.scale)
            for attempt, advantage in zip(item.attempts, advantages, strict=True):
                weight = 1 / (count * attempt.trained_tokens)
                found += [
                    {"advantage": each(advantage, example), "weight": each(weight, example)}
                    for example in attempt.examples
                ]
        return found

    def loss(self, outputs: Outputs, columns: Columns) -> Loss:
        """The loss, near 0 on policy; `clip_fraction`: weight of tokens whose gradient the clamp took away."""
        weight = columns["weight"]
        objective, away = clipped_objective(
            outputs.logprobs, columns["behaviour"], columns["advantage"], self.settings.clip_ratio
        )
        if self.reference:
            objective = objective - self.settings.kl * divergence(outputs.logprobs, columns["reference"])
        return Loss(-(weight * objective).sum(), {"clip_fraction": (weight * away).sum()})


def group_advantages(rewards: Sequence[float], scale: str) -> list[float]:
    """Of one group: reward minus the group's mean, divided by its standard deviation where `scale` is `group`."""
    tensor = torch.tensor(rewards)
    centred = tensor - tensor.mean()
    return (centred / (tensor.std() + 1e-4) if scale == "group" else centred).tolist()
