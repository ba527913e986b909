"""Recorded ids of another model's tokenizer: most fit the vocabulary, and would be trained on as noise.

They are told by reading them: through the tokenizer that sampled them, an agent's turn is the text beside it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from sca.errors import ScaError
from sca.records.contract import Trajectory

PROBES = 8
"""Attempts of each run and model that are read."""


def refuse_foreign(records: Iterable[Trajectory], decode: Callable[[Sequence[int]], str]) -> None:
    """Raise `ScaError` where of a run's first attempts no turn reads as its text; `decode` is the model's own."""
    probes: dict[tuple[str | None, str | None], list[Trajectory]] = defaultdict(list)
    for record in records:
        members = probes[record.run, record.model]
        if len(members) < PROBES and record.tokens and _said(record):
            members.append(record)
    for members in probes.values():
        if members and not any(_reads(record, decode) for record in members):
            raise ScaError(
                f"{members[0].id}: tokens: they do not read as the text of the attempt; were they another model's? "
                "--retokenize makes them anew"
            )


def _said(record: Trajectory) -> list[str]:
    return [message.content.strip() for message in record.messages if message.role == "assistant"]


def _reads(record: Trajectory, decode: Callable[[Sequence[int]], str]) -> bool:
    """Whether one turn does: engines may cut a text at its end, or keep thoughts out of it, but not in every turn."""
    spans = (segment.ids[start:end] for segment in record.tokens or [] for start, end in segment.trained)
    told = [decode(ids).strip() for ids in spans]
    return any(text in turn or (turn and turn in text) for text in _said(record) for turn in told)
