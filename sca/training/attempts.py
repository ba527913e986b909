"""From attempts on disk to sequences of tokens: ids, and which of them the agent sampled.

Ids are those that were recorded when the model was sampled, never a second tokenisation, unless that is asked for.
Every attempt that is left out is counted with its reason.
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sca.errors import ScaError
from sca.records.contract import Segment, Trajectory

Retokenize = Callable[[Trajectory], list[Segment]]


@dataclass(frozen=True, eq=False)
class Example:
    """One unbroken sequence to train on. Two are the same only if they are the same object."""

    id: str
    """Of the attempt, with the number of the segment where it has several."""
    ids: tuple[int, ...]
    trained: tuple[tuple[int, int], ...]
    """Half-open spans of `ids` that the agent sampled; the loss is on these alone. None begins at 0, for the first
    token of a sequence has nothing to be predicted from."""
    logprobs: tuple[float, ...] = ()
    """Of each trained token, as the sampling model gave it, in nats; empty where nobody recorded them."""

    @property
    def trained_tokens(self) -> int:
        """How many tokens carry loss."""
        return sum(end - start for start, end in self.trained)


@dataclass(frozen=True, eq=False)
class Attempt:
    """One attempt with its reward. Where a chat template rewrites history it has several sequences."""

    id: str
    task: str
    reward: float
    examples: tuple[Example, ...]
    run: str | None = None
    """Of two runs at one task, attempts may share an id."""

    @property
    def trained_tokens(self) -> int:
        """Over all of its sequences."""
        return sum(example.trained_tokens for example in self.examples)


@dataclass
class Reader:
    """Makes attempts of records, and counts those it leaves out."""

    max_length: int
    retokenize: Retokenize | None = None
    vocabulary: int | None = None
    """Number of tokens that the model knows."""
    with_logprobs: bool = False
    """Leave out attempts whose log-probabilities were not recorded."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason → attempts."""
    rewards: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Task → what its attempts earned, those that are left out included: too long ones are mostly failures, and
    the others are to be compared with all."""

    def read(self, records: Iterable[Trajectory]) -> list[Attempt]:
        """Raises `ScaError` where spans do not fit their ids, and where ids are not in the vocabulary."""
        attempts = []
        for record in records:
            self.rewards[record.task_id].append(float(record.reward))
            found = self._attempt(record)
            if isinstance(found, Attempt):
                attempts.append(found)
            else:
                self.drop(found)
        return attempts

    def drop(self, reason: str, count: int = 1) -> None:
        """Count attempts that are left out."""
        if count:
            self.dropped[reason] += count

    def _attempt(self, record: Trajectory) -> Attempt | str:
        """The attempt, or why there is none."""
        if self.retokenize and not (record.messages and record.messages[0].role != "assistant"):
            return "without a prompt, as an oracle's"
        segments = self.retokenize(record) if self.retokenize else record.tokens
        if segments is None:
            return "without recorded tokens (--retokenize makes them from the text)"
        if wrong := next(filter(None, (_problem(segment, self.vocabulary) for segment in segments)), None):
            raise ScaError(f"{record.id}: tokens: {wrong}")
        examples = [
            _example(segment, f"{record.id}.{number}" if len(segments) > 1 else record.id)
            for number, segment in enumerate(segments)
        ]
        trained = tuple(example for example in examples if example.trained_tokens)
        if any(len(example.ids) > self.max_length for example in examples):
            return f"longer than {self.max_length} tokens"
        if not trained:
            return "without a token of the agent's"
        if self.with_logprobs and not all(example.logprobs for example in trained):
            return "without recorded log-probabilities, which importance ratios need"
        return Attempt(record.id, record.task_id, float(record.reward), trained, record.run)


def by_task(attempts: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    """The attempts at each task, in their order."""
    tasks: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        tasks[attempt.task].append(attempt)
    return dict(tasks)


def shuffled(attempts: Iterable[Attempt], seed: int) -> list[Attempt]:
    """In an order that follows from the seed and the attempts, and not from their order in the files."""

    def rank(attempt: Attempt) -> bytes:
        return hashlib.sha256(f"{seed}\0{attempt.run}\0{attempt.id}".encode()).digest()

    return sorted(attempts, key=rank)


def _example(segment: Segment, name: str) -> Example:
    logprobs = tuple(segment.logprobs)
    spans = tuple((max(start, 1), end) for start, end in segment.trained if end > 1)
    first = bool(segment.trained) and segment.trained[0][0] == 0
    return Example(name, tuple(segment.ids), spans, logprobs[1:] if first else logprobs)


def _problem(segment: Segment, vocabulary: int | None) -> str | None:
    """What is wrong with a segment, or None: what does not fit must never be trained on in silence."""
    lowest, highest = min(segment.ids, default=0), max(segment.ids, default=0)
    if lowest < 0 or (vocabulary is not None and highest >= vocabulary):
        strange = lowest if lowest < 0 else highest
        return f"{strange} is not in the model's vocabulary; were they another model's? --retokenize makes them anew"
    last = 0
    for start, end in segment.trained:
        if not last <= start < end <= len(segment.ids):
            return f"the span {start}–{end} does not fit {len(segment.ids)} ids or the span before it"
        last = end
    count = sum(end - start for start, end in segment.trained)
    if segment.logprobs and len(segment.logprobs) != count:
        return f"{len(segment.logprobs)} log-probabilities for {count} sampled tokens"
    if not all(math.isfinite(value) and value <= 1e-3 for value in segment.logprobs):
        return "a log-probability is above 0 or no number"
    return None


def listed(dropped: Counter[str]) -> str:
    """Reasons and counts for a sentence."""
    return ", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "none"


@dataclass(frozen=True)
class Item:
    """What stays together in one optimiser step: an attempt, a pair (better, worse), or a task's group."""

    attempts: tuple[Attempt, ...]
    size: int = 1
    """What it counts for in `batch_size`."""

    @property
    def examples(self) -> list[Example]:
        """The sequences of its attempts, in order."""
        return [example for attempt in self.attempts for example in attempt.examples]


@dataclass
class Selection:
    """What is trained on, and what was left out."""

    items: list[Item] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason → attempts."""
    zero_signal: float = 0.0
    """Share of the tasks all of whose attempts earned the same."""

    @property
    def attempts(self) -> Sequence[Attempt]:
        """Each attempt once."""
        return list(dict.fromkeys(attempt for item in self.items for attempt in item.attempts))

    @property
    def examples(self) -> Sequence[Example]:
        """Each sequence once."""
        return [example for attempt in self.attempts for example in attempt.examples]

    @property
    def trained_tokens(self) -> int:
        """Of an epoch; an attempt in two pairs counts twice."""
        return sum(attempt.trained_tokens for item in self.items for attempt in item.attempts)
