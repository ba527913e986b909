"""Group-relative policy optimisation: an attempt's advantage is its reward against the task's other attempts.

    L = −(1/A) Σ_i (1/N_i) Σ_t [ min(ρ_it Â_i, clamp(ρ_it, 1 ± ε) Â_i) − β KL_it ]
    Â_i = (r_i − mean(r)) / (std(r) + 1e-4)   over the group of i;  with `scale` none, r_i − mean(r)

r are the rewards of all attempts at the task, those that are left out (too long …) included; A attempts in the
step, N_i trained tokens of attempt i (the mean of each attempt, then of all), ρ the ratio of π to the model that
sampled, by its recorded log-probabilities, KL to the model that training starts from (estimator k3). Shao et al.
2024, arXiv 2402.03300, equations 3 and 4; without the division, Liu et al. 2025, arXiv 2503.20783. The standard
deviation is that of a sample (n − 1), and 1e-4 as in TRL.
"""

from collections.abc import Sequence
from statistics import fmean, stdev

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
        self.rewards: dict[str, list[float]] = {}
        """Of each task."""

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """Groups without signal are left out: all of their advantages are 0, so they would only hold the model back
        (`kl`)."""
        groups = by_task(shuffled(reader.read(records), self.settings.seed))
        self.rewards = reader.rewards
        telling = [group for task, group in groups.items() if len(set(self.rewards[task])) > 1]
        silent = sum(map(len, groups.values())) - sum(map(len, telling))
        reader.drop("of tasks whose attempts all earned the same", silent)
        items = [Item(tuple(group), size=len(group)) for group in telling]
        return Selection(items, reader.dropped)

    def columns(self, items: Sequence[Item], known: Known) -> list[Columns]:
        """`advantage`; `weight` 1/(A N_i)."""
        count = sum(len(item.attempts) for item in items)
        found = []
        for item in items:
            for attempt in item.attempts:
                advantage = group_advantage(attempt.reward, self.rewards[attempt.task], self.settings.scale)
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


def group_advantage(reward: float, group: Sequence[float], scale: str) -> float:
    """A reward minus its group's mean, divided by the group's standard deviation where `scale` is `group`."""
    centred = reward - fmean(group)
    return centred / (stdev(group) + 1e-4) if scale == "group" else centred
