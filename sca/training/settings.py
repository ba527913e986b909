"""What shapes the weights: every setting of a training run, by default the paper's.

Each algorithm has a class of its own, so that a setting that means nothing to an algorithm cannot be given to it.
Loads no torch.
"""

from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from sca.errors import UsageError

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Share
"""A learning rate; above 1 it bursts any model."""
ADAPTERS = ("lora_rank", "lora_alpha", "lora_targets")
Algorithm = Literal["rft", "sft", "reinforce", "dpo", "ppo", "grpo"]


@dataclass(frozen=True)
class TrainSettings:
    """Settings of one run that all algorithms share. Defaults are the paper's where it reports them (section 3.3 and
    its table of hyperparameters)."""

    __pydantic_config__: ClassVar = ConfigDict(allow_inf_nan=False)
    algorithm: ClassVar[Algorithm]
    lr: Rate = 1e-5
    batch_size: Count = 8
    """Attempts (DPO: pairs) of one optimiser step."""
    epochs: Count = 6
    max_length: Annotated[int, Field(ge=2)] = 16_192
    """Tokens of an attempt; longer ones are left out and counted."""
    warmup: Share = 0.03
    """Share of the steps in which the learning rate rises from 0; it then falls linearly to 0 (not reported)."""
    weight_decay: Positive = 0.0
    """AdamW's (not reported)."""
    clip: Positive = 1.0
    """Largest norm of a step's gradient (not reported)."""
    micro_tokens: Count = 8_192
    """Ids that go through the model at once. Changes memory and speed, and the weights only by rounding."""
    lora: bool = False
    """Train adapters of low rank and leave the model's own weights as they are."""
    lora_rank: Count = 16
    lora_alpha: Positive = 32.0
    """What an adapter says counts alpha / rank times."""
    lora_targets: str = "all-linear"
    """Which layers get adapters: all linear ones but the output, or names with commas between them."""
    seed: int = 0

    def asdict(self) -> dict[str, Any]:
        """For a sidecar: what binds the run that goes on from an interrupted one."""
        said = {"algorithm": self.algorithm, **asdict(self)}
        silent = {"micro_tokens"} | (set() if self.lora else {"lora", *ADAPTERS})
        return {name: value for name, value in said.items() if name not in silent}

    def learning_rate(self, step: int, steps: int) -> float:
        """Of step `step` (from 0) of `steps`, as a share of `lr`: linear warm-up, then linear decay to 0."""
        warm = max(round(self.warmup * steps), 1) if self.warmup else 0
        if step < warm:
            return (step + 1) / warm
        return (steps - step) / (steps - warm)


@dataclass(frozen=True)
class SftSettings(TrainSettings):
    """Distillation: all attempts (its settings are not reported; RFT's)."""

    algorithm = "sft"


@dataclass(frozen=True)
class RftSettings(TrainSettings):
    """Rejection fine-tuning: the successful attempts."""

    algorithm = "rft"
    max_per_task: Count | None = None
    """Most successes of one task; None keeps all."""


@dataclass(frozen=True)
class ReinforceSettings(TrainSettings):
    """REINFORCE (RFT's settings: it is RFT where there is no baseline)."""

    algorithm = "reinforce"
    baseline: Literal["none", "batch", "task"] = "none"
    """What is taken off the reward: nothing, the mean of all attempts, or that of the task's other attempts."""


@dataclass(frozen=True)
class DpoSettings(TrainSettings):
    """Direct preference optimisation."""

    algorithm = "dpo"
    lr: Rate = 2e-7
    beta: Positive = 0.1
    pairs: Literal["all", "best"] = "all"
    """Each success against each failure of its task, or one pair a task (the paper's way is not reported)."""
    max_pairs: Count | None = 4
    """Most pairs of one task; None keeps all (not reported)."""


@dataclass(frozen=True)
class ClippedSettings(TrainSettings):
    """What PPO and GRPO share: the paper's online settings, 32 tasks × 8 attempts in a step."""

    lr: Rate = 1e-6
    batch_size: Count = 256
    epochs: Count = 1
    clip_ratio: Positive = 0.1
    """A token's importance ratio counts within 1 ± this."""
    kl: Positive = 0.001
    """Weight of the divergence from the model that training starts from."""


@dataclass(frozen=True)
class PpoSettings(ClippedSettings):
    """Proximal policy optimisation with a value head."""

    algorithm = "ppo"
    critic_lr: Rate = 1e-5
    gamma: Share = 1.0
    """Discount from one turn to the next (not reported)."""
    lam: Share = 0.95
    """λ of GAE from one turn to the next (not reported)."""
    token_lam: Share = 1.0
    """λ of GAE from token to token within a turn, where nothing is discounted (not reported)."""
    value_coef: Positive = 0.1
    """Weight of the value loss (not reported)."""
    whiten: bool = True
    """Advantages of a step have mean 0 and, where any attempt taught something, variance 1 (not reported)."""


@dataclass(frozen=True)
class GrpoSettings(ClippedSettings):
    """Group-relative policy optimisation."""

    algorithm = "grpo"
    scale: Literal["group", "none"] = "group"
    """Whether advantages are divided by their group's standard deviation (not reported)."""


KINDS: dict[str, type[TrainSettings]] = {
    kind.algorithm: kind
    for kind in (RftSettings, SftSettings, ReinforceSettings, DpoSettings, PpoSettings, GrpoSettings)
}


def settings_of(algorithm: str, flags: dict[str, Any], own: dict[str, Any], where: str) -> TrainSettings:
    """Flags (None where nothing was said) win over the model's own `sca.json`, that over the paper's.

    Raises `UsageError` for a flag or a setting in `own` that the algorithm has no use for, or that has the wrong
    type; `where` says which file `own` comes from.
    """
    kind = KINDS[algorithm]
    known = {field.name for field in fields(kind)}
    said = {name: value for name, value in flags.items() if value is not None}
    if unknown := sorted(set(said) - known):
        flag = f"--{unknown[0].replace('_', '-')}"
        users = [name for name, other in KINDS.items() if unknown[0] in {field.name for field in fields(other)}]
        raise UsageError(f"{flag} means nothing to --algo {algorithm}; it belongs to {', '.join(users)}")
    if unknown := sorted(set(own) - known):
        raise UsageError(f"{where}: training.{algorithm}.{unknown[0]}: there is no such setting")
    if not {**own, **said}.get("lora"):
        for name in ADAPTERS:
            if name in said:
                raise UsageError(f"--{name.replace('_', '-')} means nothing without --lora")
    try:
        return TypeAdapter(kind).validate_python({**own, **said})
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        place = f"--{name.replace('_', '-')}" if name in said else f"{where}: training.{algorithm}.{name}"
        raise UsageError(f"{place}: {wrong['msg']}") from error
