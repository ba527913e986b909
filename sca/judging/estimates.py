"""Success rates with error bars: pass@1, pass@k and pass^k over tasks with several trials each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

RESAMPLES = 10_000
CONFIDENCE = 0.95
_AT_ONCE = 4_000_000  # draws in memory


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


Statistic = Callable[[Tally, int], float]


def estimate(tallies: Sequence[Tally], k: int, statistic: Statistic, seed: int = 0) -> Estimate:
    """Mean of a statistic over tasks with a 95% percentile bootstrap interval over tasks.

    The interval holds the choice of tasks only: not the model's training, not its sampling beyond these trials.
    """
    return bootstrap([statistic(tally, k) for tally in tallies], seed)


def difference(pairs: Sequence[tuple[Tally, Tally]], k: int, statistic: Statistic, seed: int = 0) -> Estimate:
    """Mean over tasks of the second's statistic less the first's; the interval is paired, over the same tasks.

    What makes a task hard for both falls out of it, so it is narrower than two intervals side by side suggest.
    """
    return bootstrap([statistic(other, k) - statistic(one, k) for one, other in pairs], seed)


def bootstrap(values: Sequence[float], seed: int = 0) -> Estimate:
    """The mean and its 95% percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    Raises `ValueError` where there is nothing to take the mean of.
    """
    if not len(values):
        raise ValueError("there are no tasks to estimate from")
    of = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(seed)
    rows = max(1, _AT_ONCE // len(of))  # so that 100,000 tasks do not take gigabytes
    means = np.concatenate(
        [
            of[random.integers(len(of), size=(min(rows, RESAMPLES - begun), len(of)))].mean(axis=1)
            for begun in range(0, RESAMPLES, rows)
        ]
    )
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(float(of.mean()), float(low), float(high))


def _check(tally: Tally, k: int) -> None:
    if not 1 <= k <= tally.trials:
        raise ValueError(f"k is {k}, but the task has {tally.trials} trials")
