"""From attempts on disk to examples: token ids, and which of them the agent sampled.

Ids are those that were recorded when the model was sampled, never a second tokenisation, unless that is asked for.
Every attempt that is left out is counted with its reason.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sca.errors import ScaError
from sca.records.contract import Segment, Trajectory

Retokenize = Callable[[Trajectory], list[Segment]]


@dataclass(frozen=True)
class Example:
    """One unbroken sequence to train on."""

    id: str
    """Of the attempt, with the number of the segment where it has several."""
    ids: tuple[int, ...]
    trained: tuple[tuple[int, int], ...]
    """Half-open spans of `ids` that the agent sampled; the loss is on these alone."""

    @property
    def trained_tokens(self) -> int:
        """How many tokens carry loss; the first token of a sequence has nothing to be predicted from."""
        return sum(end - max(start, 1) for start, end in self.trained)


@dataclass
class Selection:
    """What is trained on, and what was left out."""

    examples: list[Example] = field(default_factory=list)
    attempts: int = 0
    """Attempts that the examples come from."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason → attempts."""


def successes(attempts: Sequence[Trajectory], *, max_per_task: int | None, seed: int) -> tuple[list[Trajectory], int]:
    """The successful attempts, at most `max_per_task` of each task, and how many were over that number.

    Which ones are kept follows from the seed and their ids, not from their order in the files.
    """
    tasks: dict[str, list[Trajectory]] = defaultdict(list)
    for attempt in attempts:
        if attempt.reward == 1:
            tasks[attempt.task_id].append(attempt)
    kept = [
        attempt
        for members in tasks.values()
        for attempt in sorted(members, key=lambda attempt: _rank(seed, attempt))[:max_per_task]
    ]
    total = sum(len(members) for members in tasks.values())
    return sorted(kept, key=lambda attempt: _rank(seed, attempt)), total - len(kept)


def rejection_sampled(
    attempts: Sequence[Trajectory],
    *,
    max_length: int,
    max_per_task: int | None = None,
    seed: int = 0,
    retokenize: Retokenize | None = None,
    vocabulary: int | None = None,
) -> Selection:
    """What rejection fine-tuning (RFT) trains on: the successful attempts.

    Raises `ScaError` where no token is left to train on, where spans do not fit, and where ids are not below
    `vocabulary`, the number of tokens that the model knows.
    """
    kept, over = successes(attempts, max_per_task=max_per_task, seed=seed)
    selection = Selection()
    failed = len(attempts) - len(kept) - over
    for reason, count in (("without reward", failed), (f"more than {max_per_task} successes of a task", over)):
        if count:
            selection.dropped[reason] = count
    for attempt in kept:
        _take(attempt, selection, max_length, retokenize, vocabulary)
    if not sum(example.trained_tokens for example in selection.examples):
        raise ScaError(f"there is nothing to train on in {len(attempts)} attempts: {_listed(selection.dropped)}")
    return selection


def _take(
    attempt: Trajectory,
    selection: Selection,
    max_length: int,
    retokenize: Retokenize | None,
    vocabulary: int | None,
) -> None:
    if retokenize and not (attempt.messages and attempt.messages[0].role != "assistant"):
        selection.dropped["without a prompt, as an oracle's"] += 1
        return
    segments = retokenize(attempt) if retokenize else attempt.tokens
    if segments is None:
        selection.dropped["without recorded tokens (--retokenize makes them from the text)"] += 1
        return
    examples = [
        Example(f"{attempt.id}.{number}" if len(segments) > 1 else attempt.id, tuple(s.ids), tuple(s.trained))
        for number, s in enumerate(segments)
    ]
    if wrong := next(filter(None, (_problem(example, vocabulary) for example in examples)), None):
        raise ScaError(f"{attempt.id}: tokens: {wrong}")
    if any(len(example.ids) > max_length for example in examples):
        selection.dropped[f"longer than {max_length} tokens"] += 1
    elif not sum(example.trained_tokens for example in examples):
        selection.dropped["without a token of the agent's"] += 1
    else:
        selection.attempts += 1
        selection.examples += [example for example in examples if example.trained_tokens]


def _problem(example: Example, vocabulary: int | None) -> str | None:
    """What is wrong with ids or spans, or None: what does not fit must never be trained on in silence."""
    strange = max(example.ids, default=0)
    if min(example.ids, default=0) < 0 or (vocabulary is not None and strange >= vocabulary):
        return f"{strange} is not in the model's vocabulary; were they another model's? --retokenize makes them anew"
    last = 0
    for start, end in example.trained:
        if not last <= start < end <= len(example.ids):
            return f"the span {start}–{end} does not fit {len(example.ids)} ids or the span before it"
        last = end
    return None


def _rank(seed: int, attempt: Trajectory) -> str:
    return hashlib.sha256(f"{seed}\0{attempt.run}\0{attempt.id}".encode()).hexdigest()


def _listed(dropped: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "none"
