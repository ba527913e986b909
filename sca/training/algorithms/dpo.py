"""Direct preference optimisation over many turns.

    L = −(1/P) Σ_p log σ( β (Δ(better_p) − Δ(worse_p)) ),    Δ(y) = Σ_t log π(y_t | …) − log π_ref(y_t | …)

P pairs in the step; t runs over the tokens that the agent sampled, in both attempts: what the environment said is
context, as it does not depend on the policy and cancels (Rafailov et al. 2023, arXiv 2305.18290; over turns, Shani
et al. 2024, arXiv 2405.14655). π_ref is the model that training starts from; its Δ is computed once.
"""

import math
from collections.abc import Sequence

import torch
from torch.nn import functional

from sca.records.contract import Trajectory
from sca.training.algorithms import Known, Loss, each
from sca.training.attempts import Attempt, Item, Reader, Selection, by_task, shuffled
from sca.training.outputs import Columns, Outputs
from sca.training.settings import DpoSettings


class Dpo:
    """Pairs of a success and a failure at one task."""

    reference = whole_items = True
    behaviour = critic = False

    def __init__(self, settings: DpoSettings) -> None:
        self.settings = settings

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """Attempts at tasks that have no success, or no failure, make no pair."""
        tasks = by_task(shuffled(reader.read(records), self.settings.seed))
        most = 1 if self.settings.pairs == "best" else self.settings.max_pairs
        found = {task: pairs(members)[:most] for task, members in tasks.items()}
        silent = [task for task in tasks if not found[task]]
        used = {attempt for made in found.values() for pair in made for attempt in pair}
        reader.drop("of tasks without both a better and a worse attempt", sum(len(tasks[task]) for task in silent))
        spare = [a for task, members in tasks.items() if found[task] for a in members if a not in used]
        reader.drop("over the number of pairs of a task", len(spare))
        items = [Item(pair) for made in found.values() for pair in made]
        return Selection(items, reader.dropped)

    def columns(self, items: Sequence[Item], known: Known) -> list[Columns]:
        """`sign` 1 or −1; `pair`, counted from 0; `weight` 1/P."""
        return [
            {
                "sign": each(sign, example),
                "pair": each(number, example),
                "weight": each(1 / len(items), example),
            }
            for number, item in enumerate(items)
            for attempt, sign in zip(item.attempts, (1.0, -1.0), strict=True)
            for example in attempt.examples
        ]

    def loss(self, outputs: Outputs, columns: Columns) -> Loss:
        """Whole pairs. `margin`: mean of β (Δ(better) − Δ(worse)); `accuracy`: share of pairs where it is above 0."""
        pair = columns["pair"].long()
        delta = columns["sign"] * (outputs.logprobs - columns["reference"])
        sums = delta.new_zeros(int(pair.max()) + 1).index_add(0, pair, delta)
        margins = self.settings.beta * sums[pair.bincount() > 0]  # (pairs,) of those that came
        weight = columns["weight"][0]
        with torch.no_grad():
            figures = {"margin": (weight * margins).sum(), "accuracy": (weight * (margins > 0)).sum()}
        return Loss(-(weight * functional.logsigmoid(margins)).sum(), figures)


def pairs(members: Sequence[Attempt]) -> list[tuple[Attempt, Attempt]]:
    """Each (better, worse) of a task's attempts; those of each kind come once before any of that kind comes twice."""
    best = max(attempt.reward for attempt in members)
    better = [attempt for attempt in members if attempt.reward == best]
    worse = [attempt for attempt in members if attempt.reward < best]
    if not worse:
        return []
    # Both lists go round side by side; when both are at their ends together, one of them moves on by one.
    round_ = math.lcm(len(better), len(worse))
    count = len(better) * len(worse)
    return [(better[k % len(better)], worse[(k + k // round_) % len(worse)]) for k in range(count)]
