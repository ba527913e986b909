"""What shapes the weights: every setting of a training run, by default the paper's."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from sca.errors import UsageError

Algorithm = Literal["rft"]


@dataclass(frozen=True)
class TrainSettings:
    """Settings of one run. Defaults are the paper's for RFT where it reports them (its table of hyperparameters)."""

    algorithm: Algorithm = "rft"
    lr: float = 1e-5
    batch_size: int = 8
    """Attempts of one optimiser step."""
    epochs: int = 6
    max_length: int = 16_192
    """Tokens of an attempt; longer ones are left out and counted."""
    max_per_task: int | None = None
    """Most successes of one task; None keeps all."""
    warmup: float = 0.03
    """Share of the steps in which the learning rate rises from 0; it then falls linearly to 0 (not reported)."""
    weight_decay: float = 0.0
    """AdamW's (not reported)."""
    clip: float = 1.0
    """Largest norm of a step's gradient (not reported)."""
    micro_tokens: int = 8_192
    """Ids that go through the model at once. Changes memory and speed, and the weights only by rounding."""
    seed: int = 0

    def asdict(self) -> dict[str, Any]:
        """For a sidecar."""
        return asdict(self)

    @classmethod
    def of(cls, algorithm: Algorithm, flags: dict[str, Any], own: dict[str, Any], where: str) -> "TrainSettings":
        """Flags (None where nothing was said) win over the model's own `sca.json`, that over the paper's.

        Raises `UsageError` for what is in `own` and no setting; `where` says which file it comes from.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(own) - known):
            raise UsageError(f"{where}: training.{algorithm}.{unknown[0]}: there is no such setting")
        said = {name: value for name, value in flags.items() if value is not None}
        try:
            return TypeAdapter(cls).validate_python({**own, **said, "algorithm": algorithm})
        except ValidationError as error:
            wrong = error.errors()[0]
            raise UsageError(f"{where}: training.{algorithm}.{wrong['loc'][0]}: {wrong['msg']}") from error

    def learning_rate(self, step: int, steps: int) -> float:
        """Of step `step` (from 0) of `steps`: linear warm-up, then linear decay to 0."""
        warm = max(round(self.warmup * steps), 1) if self.warmup else 0
        if step < warm:
            return self.lr * (step + 1) / warm
        return self.lr * (steps - step) / (steps - warm)
