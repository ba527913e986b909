"""REINFORCE with and without a baseline.

    L = −(1/N) Σ_i (r_i − b_i) Σ_t log π(y_it | x, y_i<t)        N: trained tokens of the step

The gradient is Williams' (1992, Machine Learning 8:229–256) where the attempts were sampled by the model as it is;
from stored attempts it is so at the first step, as nothing corrects for the model's drift (GRPO and PPO do).
The baseline b_i is 0, the mean reward of all attempts (`batch`), or that of the task's other attempts (`task`:
leave-one-out, Kool et al. 2019; Ahmadian et al. 2024, arXiv 2402.14740), which leaves the gradient unbiased. Attempts
that are left out (too long …) count in both means.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from sca.records.contract import Trajectory
from sca.training.algorithms import Known, Loss, each
from sca.training.attempts import Attempt, Item, Reader, Selection, shuffled
from sca.training.outputs import Columns, Outputs
from sca.training.settings import ReinforceSettings


class Reinforce:
    """All attempts, each weighed by its reward above the baseline."""

    reference = behaviour = critic = whole_items = False

    def __init__(self, settings: ReinforceSettings) -> None:
        self.settings = settings
        self.advantages: dict[Attempt, float] = {}

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """Attempts whose advantage is 0 teach nothing and are left out."""
        attempts = shuffled(reader.read(records), self.settings.seed)
        self.advantages = advantages(attempts, reader.rewards, self.settings.baseline)
        kept = [attempt for attempt in attempts if self.advantages[attempt]]
        reader.drop("whose reward is the baseline", len(attempts) - len(kept))
        return Selection([Item((attempt,)) for attempt in kept], reader.dropped)

    def columns(self, items: Sequence[Item], known: Known) -> list[Columns]:
        """`weight` (r − b)/N."""
        attempts = [attempt for item in items for attempt in item.attempts]
        count = sum(attempt.trained_tokens for attempt in attempts)
        return [
            {"weight": each(self.advantages[attempt] / count, example)}
            for attempt in attempts
            for example in attempt.examples
        ]

    def loss(self, outputs: Outputs, columns: Columns) -> Loss:
        """Its value says little (it is 0 on average on policy); its gradient is what counts."""
        return Loss(-(columns["weight"] * outputs.logprobs).sum())


def advantages(
    attempts: Sequence[Attempt], rewards: Mapping[str, Sequence[float]], baseline: str
) -> dict[Attempt, float]:
    """Reward minus baseline, given the `rewards` of each task's attempts, these included.

    With `task` an attempt without others has nothing to be compared with: 0.
    """
    if baseline == "none":
        return {attempt: attempt.reward for attempt in attempts}
    if baseline == "batch":
        every = [*chain(*rewards.values())]
        return {attempt: attempt.reward - sum(every) / len(every) for attempt in attempts}
    found: dict[Attempt, float] = {}
    for attempt in attempts:
        total, others = sum(rewards[attempt.task]), len(rewards[attempt.task]) - 1
        found[attempt] = attempt.reward - (total - attempt.reward) / others if others else 0.0
    return found
