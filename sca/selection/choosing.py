"""From records to those that are kept, and how many each step left."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sca.errors import UsageError
from sca.records.contract import JudgedTask, Trajectory
from sca.selection.facts import Kept, facts_of, group, names, rank
from sca.selection.language import Condition


@dataclass(frozen=True)
class Wanted:
    """What to keep. The steps are made in this order; facts such as `avg` are those before any of them."""

    conditions: tuple[str, ...] = ()
    tasks: frozenset[tuple[str, str]] | None = None
    """Environment and id of the tasks whose attempts are kept."""
    dedup: bool = False
    """Of records with the same content only the first: attempts that say the same, tasks that ask or do the same."""
    best: int | None = None
    """Attempts kept of each task, the best ones."""
    max_per_task: int | None = None
    """Attempts kept of each task, by lot."""
    number: int | None = None
    """Records kept in all, by lot."""
    seed: int = 0


@dataclass
class Choice:
    """What is left, and the steps that led to it."""

    kept: list[Kept]
    steps: list[tuple[str, int, int]] = field(default_factory=list)
    """What was done, records left, tasks left."""

    def step(self, what: str, kept: Iterable[Kept]) -> None:
        """Go on with these."""
        self.kept = list(kept)
        self.steps.append((what, len(self.kept), len({group(record) for record in self.kept})))


def choose(records: Sequence[Kept], wanted: Wanted) -> Choice:
    """Raises `UsageError` for a condition that is not understood, and for what means nothing to tasks."""
    attempts = any(isinstance(record, Trajectory) for record in records)
    if not attempts and records and (wanted.best or wanted.max_per_task):
        raise UsageError("--best and --max-per-task choose among the attempts at a task; these records are tasks")
    choice = Choice(list(records))
    choice.step("read", records)
    facts = {id(record): found for record, found in zip(records, facts_of(records), strict=True)}
    known = names(records)
    for text in wanted.conditions:
        condition = Condition(text, known)
        choice.step(f"--filter {text!r}", [one for one in choice.kept if condition.holds(facts[id(one)])])
    if wanted.tasks is not None:
        choice.step("--tasks", [one for one in choice.kept if group(one) in wanted.tasks])
    if wanted.dedup:
        choice.step("--dedup", _different(choice.kept))
    if wanted.best:
        choice.step(f"--best {wanted.best}", _of_each_task(choice.kept, wanted.best, None))
    if wanted.max_per_task:
        choice.step(
            f"--max-per-task {wanted.max_per_task}", _of_each_task(choice.kept, wanted.max_per_task, wanted.seed)
        )
    if wanted.number:
        choice.step(f"-n {wanted.number}", _by_lot(choice.kept, wanted.number, wanted.seed))
    return choice


def _by_lot(records: Sequence[Kept], most: int, seed: int) -> list[Kept]:
    """At most so many, in the order of the file."""
    chosen = {id(record) for record in sorted(records, key=lambda one: _lot(one, seed))[:most]}
    return [record for record in records if id(record) in chosen]


def _different(records: Sequence[Kept]) -> list[Kept]:
    seen: set[object] = set()
    kept: list[Kept] = []
    for record in records:
        same = {_content(record)}
        if isinstance(record, JudgedTask):  # the one that it repeats need not be among these
            same.add((record.environment, record.verdict.quality.get("duplicate_of") or record.id))
        if not same & seen:
            seen |= same
            kept.append(record)
    return kept


def _content(record: Kept) -> object:
    if isinstance(record, Trajectory):
        said = [_plain(message.content) for message in record.messages if message.role == "assistant"]
        return (*group(record), *said)
    return record.environment, _plain(record.instruction or "").lower(), record.id if not record.instruction else ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _of_each_task(records: Sequence[Kept], most: int, seed: int | None) -> list[Kept]:
    """At most so many of each task, in the order of the file: the best, or by a lot that a seed draws."""
    members: dict[tuple[str, str], list[Trajectory]] = defaultdict(list)
    for record in records:
        if isinstance(record, Trajectory):
            members[group(record)].append(record)
    chosen = {
        id(attempt)
        for attempts in members.values()
        for attempt in sorted(attempts, key=rank if seed is None else lambda one: _lot(one, seed))[:most]
    }
    return [record for record in records if id(record) in chosen]


def _lot(record: Kept, seed: int | None) -> str:
    run = record.run if isinstance(record, Trajectory) else None
    return hashlib.sha256(f"{seed}\0{run}\0{record.id}".encode()).hexdigest()
