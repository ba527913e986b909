"""The algorithms, a page each: which attempts, what is known of each token beforehand, and the loss.

An algorithm never sees ids, padding or batches. What the model says of the trained tokens comes to it flat, as
`Outputs` of (tokens,) each, in the order in which the columns that it made come back to it. The loss of a step is a
sum over its tokens (DPO: pairs) of shares whose weights the algorithm fixed beforehand for the whole step. So it is
the same number whatever pieces the step is computed in, and on however many processes.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from sca.errors import ScaError
from sca.records.contract import Trajectory
from sca.training.attempts import Example, Item, Reader, Selection, listed
from sca.training.outputs import Columns, Outputs
from sca.training.settings import TrainSettings

Known = Mapping[Example, Columns]
"""Of each sequence: `behaviour`, `reference` and `values`, as far as the algorithm asked for them; (tokens,) each."""


@dataclass(frozen=True)
class Loss:
    """Part of a step's loss, with further figures for the metrics."""

    value: Tensor
    """Scalar; the parts of a step add up to the step's loss."""
    figures: dict[str, Tensor] = field(default_factory=dict)
    """Scalars without gradient that add up likewise."""


class Algorithm(Protocol):
    """One algorithm with its settings."""

    reference: bool
    """Needs log-probabilities of the model that training starts from."""
    behaviour: bool
    """Needs log-probabilities of the model that sampled the attempts."""
    critic: bool
    """Needs a value head, and its values at the beginning of each step."""
    whole_items: bool
    """Its loss needs all sequences of an item at once; else each may come alone."""

    def select(self, records: Sequence[Trajectory], reader: Reader) -> Selection:
        """What is trained on; the rest is counted in `reader.dropped`."""

    def columns(self, items: Sequence[Item], known: Known) -> list[Columns]:
        """What the loss needs beside what is known, for each sequence of the items of a step, in their order."""

    def loss(self, outputs: Outputs, columns: Columns) -> Loss:
        """Of some of the step's sequences, or items where they come whole.

        Everything is (tokens,); `columns` holds what is known, too.
        """


def algorithm_of(settings: TrainSettings) -> Algorithm:
    """The algorithm whose settings these are."""
    from sca.training.algorithms.dpo import Dpo
    from sca.training.algorithms.grpo import Grpo
    from sca.training.algorithms.likelihood import Rft, Sft
    from sca.training.algorithms.ppo import Ppo
    from sca.training.algorithms.reinforce import Reinforce

    kinds: dict[str, Callable[[Any], Algorithm]] = {
        "sft": Sft, "rft": Rft, "reinforce": Reinforce, "dpo": Dpo, "ppo": Ppo, "grpo": Grpo,
    }  # fmt: skip
    return kinds[settings.algorithm](settings)


def each(value: float, example: Example) -> Tensor:
    """One number for every trained token of a sequence: (tokens,)."""
    return torch.full((example.trained_tokens,), value)


def select(algorithm: Algorithm, records: Sequence[Trajectory], reader: Reader) -> Selection:
    """What an algorithm trains on. Raises `ScaError` where no token is left."""
    selection = algorithm.select(records, reader)
    if not selection.trained_tokens:
        raise ScaError(f"there is nothing to train on in {len(records)} attempts: {listed(selection.dropped)}")
    selection.zero_signal = zero_signal(records)
    return selection


def zero_signal(records: Sequence[Trajectory]) -> float:
    """Share of the tasks all of whose attempts earned the same: a comparison learns nothing from them."""
    rewards: dict[str, set[int]] = defaultdict(set)
    for record in records:
        rewards[record.task_id].add(record.reward)
    return sum(len(seen) == 1 for seen in rewards.values()) / max(len(rewards), 1)
