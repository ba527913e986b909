"""What watches over an online run: policies that learn from themselves may collapse, from which none comes back."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Action = Literal["stop", "rollback", "none"]


@dataclass(frozen=True)
class GuardRules:
    """When it acts. The figures are ours; the paper reports a collapse of GRPO, and no guard."""

    action: Action = "stop"
    """End with the best weights so far; go on from them at half the learning rate; or nothing."""
    share: float = 0.5
    """Of the best moving average of the reward: below it for `patience` iterations in a row is a collapse."""
    patience: int = 3
    window: int = 3
    """Iterations that the moving average is of."""
    kl: float = 1.0
    """Nats a token from the model at the start; above it is one, too."""
    entropy_low: float = 1e-4
    """Nats a token: below it the model says one thing only, and attempts no longer differ."""
    entropy_rise: float = 1.0
    """Nats a token above the first iteration's: the model becomes random."""
    rollbacks: int = 3
    """So often it goes back; then it stops."""

    def asdict(self) -> dict[str, Any]:
        """For a sidecar."""
        return asdict(self)


class Guard:
    """Hears of each iteration in order; it knows nothing else, so a run that goes on tells it all again."""

    def __init__(self, rules: GuardRules) -> None:
        self.rules = rules
        self.best: int | None = None
        """The iteration (from 1) up to which the moving average was the highest: its weights are the best ones. The
        first until there is an average over a whole window, or one lucky draw might be the best for good."""
        self.rollbacks = 0
        self.stopped = False
        self._best_average = 0.0
        self._recent: deque[float] = deque(maxlen=rules.window)
        self._low = 0
        self._first_entropy: float | None = None

    @property
    def rate(self) -> float:
        """Share of the learning rate: halved with each time that it went back."""
        return 0.5**self.rollbacks

    def rewarded(self, iteration: int, reward: float) -> bool:
        """What the attempts of an iteration earned; True where the weights that made them are the best so far."""
        self._recent.append(reward)
        average = sum(self._recent) / len(self._recent)
        self._low = self._low + 1 if reward < self.rules.share * self._best_average else 0
        whole = len(self._recent) == self.rules.window
        if whole and average > self._best_average:
            self.best, self._best_average = iteration, average
        elif self.best is None:
            self.best = iteration
        return self.best == iteration

    def updated(self, figures: Mapping[str, Any]) -> str | None:
        """Means over the iteration's steps (`kl`, `entropy`; None or absent where there are none).

        Returns what is wrong where the guard has to act, which the caller then does: `stopped` says which way.
        """
        wrong = self._problem(figures.get("kl"), figures.get("entropy"))
        if wrong is None or self.rules.action == "none":
            return None
        if self.rules.action == "stop" or self.rollbacks == self.rules.rollbacks:
            self.stopped = True
        else:
            self.rollbacks += 1
            self._recent.clear()
            self._low = 0
        return wrong

    def _problem(self, kl: float | None, entropy: float | None) -> str | None:
        if self._low >= self.rules.patience:
            return (
                f"the reward was below {self.rules.share:.0%} of its best average, {self._best_average:.1%}, "
                f"{self._low} times in a row"
            )
        if kl is not None and kl > self.rules.kl:
            return f"the model is {kl:.2f} nats a token away from where it started; {self.rules.kl:g} is the limit"
        if entropy is None:
            return None
        if self._first_entropy is None:
            self._first_entropy = entropy
        if self.rules.entropy_low <= entropy <= self._first_entropy + self.rules.entropy_rise:
            return None
        return f"the entropy is {entropy:.3g} nats a token, {self._first_entropy:.3g} at first"
