"""Success rates with error bars: pass@1, pass@k and pass^k over tasks with several trials each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

RESAMPLES = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Tally:
    """Trials of one task."""

    trials: int
    successes: int


@dataclass(frozen=True)
class Estimate:
    """A mean over tasks and its interval, both shares between 0 and 1."""

    value: float
    low: float
    high: float


def pass_at_k(tally: Tally, k: int) -> float:
    """Chance that at least one of k trials succeeds: 1 − C(n−c, k) / C(n, k).

    Unbiased for k ≤ n; Chen et al. 2021, "Evaluating Large Language Models Trained on Code", eq. 1.
    Raises `ValueError` when there are fewer than k trials.
    """
    _check(tally, k)
    return 1.0 - comb(tally.trials - tally.successes, k) / comb(tally.trials, k)


def pass_hat_k(tally: Tally, k: int) -> float:
    """Chance that all of k trials succeed: C(c, k) / C(n, k).

    Unbiased for k ≤ n; Yao et al. 2024, "τ-bench", section 3. Raises `ValueError` when there are fewer than k trials.
    """
    _check(tally, k)
    return comb(tally.successes, k) / comb(tally.trials, k)


def estimate(tallies: Sequence[Tally], k: int, statistic: Callable[[Tally, int], float], seed: int = 0) -> Estimate:
    """Mean of a statistic over tasks with a 95% percentile bootstrap interval over tasks.

    The interval holds the choice of tasks only: not the model's training, not its sampling beyond these trials.
    """
    values = np.array([statistic(tally, k) for tally in tallies], dtype=np.float64)
    if not len(values):
        raise ValueError("there are no tasks to estimate from")
    random = np.random.default_rng(seed)
    means = values[random.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(float(values.mean()), float(low), float(high))


def _check(tally: Tally, k: int) -> None:
    if not 1 <= k <= tally.trials:
        raise ValueError(f"k is {k}, but the task has {tally.trials} trials")
