"""Maximum likelihood: SFT on all attempts, and rejection fine-tuning (RFT) on the successful ones.

    L = −(1/N) Σ_i Σ_t log π(y_it | x, y_i<t)        N: trained tokens of the step

SFT with another model's attempts is the paper's distillation, failed ones included; RFT is REINFORCE with a reward
of 0 or 1 and no baseline (Zhou et al. 2025, section 3.3; Yuan et al. 2023, arXiv 2308.01825).
"""

from collections.abc import Sequence

from sca.records.contract import Trajectory
from sca.training.algorithms import Known, Loss, each
from sca.training.attempts import Item, Reader, Selection, by_task, shuffled
from sca.training.outputs import Columns, Outputs
from sca.training.settings import RftSettings, SftSettings


class Sft:
    """All attempts."""

    reference = behaviour = critic = whole_items = False

    def __init__(self, settings: SftSettings | RftSettings) -> None:
        self.seed = settings.seed

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """Every attempt that has tokens."""
        attempts = shuffled(reader.read(records), self.seed)
        return Selection([Item((attempt,)) for attempt in attempts], reader.dropped)

    def columns(self, items: Sequence[Item], known: Known) -> list[Columns]:
        """`weight` 1/N."""
        examples = [example for item in items for example in item.examples]
        count = sum(example.trained_tokens for example in examples)
        return [{"weight": each(1 / count, example)} for example in examples]

    def loss(self, outputs: Outputs, columns: Columns) -> Loss:
        """Mean negative log-likelihood, in nats a token."""
        return Loss(-(columns["weight"] * outputs.logprobs).sum())


class Rft(Sft):
    """The successful attempts, at most `max_per_task` of each task."""

    def __init__(self, settings: RftSettings) -> None:
        super().__init__(settings)
        self.most = settings.max_per_task

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """Which successes of a task are kept follows from the seed and their ids, not from their order."""
        good = [record for record in records if record.reward == 1]
        reader.drop("without reward", len(records) - len(good))
        attempts = shuffled(reader.read(good), self.seed)
        kept = {attempt for members in by_task(attempts).values() for attempt in members[: self.most]}
        reader.drop(f"more than {self.most} successes of a task", len(attempts) - len(kept))
        return Selection([Item((attempt,)) for attempt in attempts if attempt in kept], reader.dropped)
