"""How good a task is that its own code does not contradict: numbers beside the verdict, not part of it.

- mutation score: of the mutants of the solution, the share that the check rejects; low: the check is lenient;
- grounded: whether all that is needed can be had from the instruction; no: something is missing in it;
- tolerant: whether other ways to do and say the same pass; no: the check is over-strict.

Every number is null where it cannot be said. The same task gets the same numbers each time.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sca.judging.answers import Answers
from sca.judging.grounding import identities, unsupported
from sca.judging.kinship import Kinship
from sca.judging.mutants import ENOUGH, Mutant, Mutator
from sca.judging.programs import Bench, Outcome, UnmeasuredError
from sca.judging.reading import Library, read_up
from sca.judging.rephrasing import intolerance
from sca.judging.replaying import repeatable
from sca.judging.surroundings import Surroundings
from sca.judging.telling import Telling
from sca.judging.verdict import Attempted
from sca.judging.wording import plain
from sca.records.contract import Task
from sca.sandbox import Box

T = TypeVar("T")
AT_ONCE = 8
"""Places whose mutants are tried side by side."""
NAMED = 5
"""Findings of a kind that the record names."""


@dataclass
class Findings:
    """What was found, before it becomes numbers."""

    counted: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    """Place → for each mutant that counts, whether the check rejects it."""
    accepted: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    """Values that the check insists on, though the instruction does not tell them from others."""
    strict: list[str] = field(default_factory=list)
    extras: list[bool] = field(default_factory=list)
    tolerated: int = 0


async def measure(task: Task, attempted: Attempted, box: Box, surroundings: Surroundings) -> dict[str, Any]:
    """Fields of `verdict.quality` for a task whose solution passes. Raises `SandboxError` when the sandbox fails.

    Values too large or too deep to reckon with leave the numbers unknown, as does what takes too long.
    """
    try:
        return await _Measuring(task, attempted, box, surroundings).all()
    except UnmeasuredError as error:
        why = str(error)
    except (ArithmeticError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"
    return {**dict.fromkeys(("mutation_score", "grounded", "tolerant")), "unmeasured": why}


class _Measuring:
    def __init__(self, task: Task, attempted: Attempted, box: Box, surroundings: Surroundings) -> None:
        self.task, self.attempted, self.box, self.surroundings = task, attempted, box, surroundings
        self.instruction = task.instruction or ""
        self.acts = tuple(repeatable(attempted.calls))
        self.bench = Bench(box, task.family, task.evaluation_function or "", attempted.answer, {})
        self.findings = Findings()
        self.idle: set[str] = set()
        """Places where another value comes to the same."""

    async def all(self) -> dict[str, Any]:
        """Read up, try the mutants, then the alternatives."""
        library = await read_up(self.instruction, self.task.family, self.attempted.calls, self.box, self.surroundings)
        self.kinship = Kinship(library)
        self.telling = Telling(self.instruction, self.attempted.calls, self.kinship, self.surroundings)
        self.answers = Answers(
            self.attempted.answer, self.instruction, self.surroundings.environment.user, self.kinship,
            self.surroundings.prose,
        )  # fmt: skip
        self.mutator = Mutator(
            self.task.id, self.acts, self.surroundings.tools(self.task.family), self.surroundings, self.kinship,
            self.telling,
        )  # fmt: skip
        await self._known_states()
        open_places = await self._mutate() if self.acts else set()
        await self._answer()
        missing = [*identities(self.attempted, library, self.kinship, self.surroundings, self.instruction)]
        missing += unsupported(self.attempted, self.task.family, library, self.telling, open_places)
        self.findings.tolerated, strict = await intolerance(self.acts, self.answers, self.bench, self.mutator)
        self.findings.strict += strict
        return self._numbers(library, [*missing, *self.findings.guessed])

    async def _known_states(self) -> None:
        base, nothing = await _together(
            [self.bench.try_calls(self.acts, always=True), self.bench.try_calls((), always=True)]
        )
        if base.refused:
            raise UnmeasuredError("its tool calls cannot be made again")
        self.base = base
        self.bench.known[base.digest] = "same"
        if not self.attempted.answer:
            self.bench.known.setdefault(nothing.digest, "untouched")

    async def _mutate(self) -> set[str]:
        """Try all mutants; the places whose values the check does not care about."""
        groups: list[list[tuple[Mutant, bool]]] = []
        waiting = self.mutator.values()
        while batch := list(islice(waiting, AT_ONCE)):
            groups += await _together(map(self._until_enough, batch))
        structures = [await self._try(mutant) for mutant in self.mutator.structures()]
        tried = [pair for group in groups for pair in group] + [pair for pair in structures if pair]
        accepted: dict[str, list[bool]] = defaultdict(list, {place: [True] for place in self.idle})
        for mutant, passed in tried:
            accepted[mutant.place].append(passed)
            if mutant.apart:
                self.findings.counted[mutant.place].append(not passed)
                if passed:
                    self.findings.accepted.append(str(mutant))
            elif not passed:
                self.findings.guessed.append(f"{mutant.place}: nothing tells {mutant.was!r} from {mutant.now!r}")
        await self._extras([mutant for mutant, _ in tried if mutant.kind == "other_value"])
        return {place for place, passes in accepted.items() if all(passes)}

    async def _until_enough(self, group: Iterable[Mutant]) -> list[tuple[Mutant, bool]]:
        """One after the other, until enough of them were not refused."""
        found: list[tuple[Mutant, bool]] = []
        for mutant in group:
            found += [pair] if (pair := await self._try(mutant)) else []
            if len(found) == ENOUGH:
                break
        return found

    async def _try(self, mutant: Mutant) -> tuple[Mutant, bool] | None:
        """The mutant and whether it passes; None where it is refused or comes to the same."""
        outcome: Outcome = await self.bench.try_calls(mutant.calls)
        if self.bench.known.get(outcome.digest) == "same":
            self.idle.add(mutant.place)
        return None if outcome.refused or outcome.passed is None else (mutant, outcome.passed)

    async def _extras(self, others: Sequence[Mutant]) -> None:
        by_call = {mutant.place.partition(".")[0]: mutant for mutant in reversed(others)}
        for mutant in self.mutator.extras(list(by_call.values())[:ENOUGH]):
            if pair := await self._try(mutant):
                self.findings.extras.append(not pair[1])

    async def _answer(self) -> None:
        """Mutants of the answer. A fact that may be left out is a courtesy, unless it is all that there is."""
        answers = self.answers
        if not answers.answer:
            return
        facts = answers.places()
        tries = {place: [answers.without(fact), *answers.wrong(fact)] for place, fact in facts.items()}
        if not facts and not self.surroundings.environment.user:
            tries = {"answer": answers.corrupted()}
        passed = {place: await self.bench.answers(self.acts, texts) for place, texts in tries.items()}
        if self.acts and not (answers.asked_for and facts):
            return
        idle = {place for place, said in passed.items() if said and said[0]} if facts else set()
        asked = {place for place, fact in facts.items() if fact.amount or answers.asked_by_name(fact)}
        courtesy = idle - asked if idle < set(passed) else set()
        for place, said in passed.items():
            if place not in courtesy:
                self.findings.counted[place] += [not one for one in (said[1:] if facts else said)]
                self.findings.accepted += [f"{place}: another answer"] * any(said[1:] if facts else said)

    def _numbers(self, library: Library, missing: list[str]) -> dict[str, Any]:
        counted = [rejected for place in self.findings.counted.values() for rejected in place]
        extras = self.findings.extras
        return {
            "mutation_score": _share(counted),
            "mutants": len(counted),
            "accepted_mutants": list(dict.fromkeys(self.findings.accepted))[:NAMED],
            "extra_write_score": _share(extras),
            "grounded": not missing,
            "not_grounded": list(dict.fromkeys(missing))[:NAMED],
            "tolerant": not self.findings.strict if self.findings.tolerated else None,
            "refused_alternatives": self.findings.strict[:NAMED],
            "effect": effect(self.task, self.attempted, self.base.digest, self.answers),
            "programs": self.bench.programs + library.programs,
        }


async def _together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What they come to. All have ended when one has raised: their container goes on to the next task."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return [one for one in ended if not isinstance(one, BaseException)]


def _share(rejected: Sequence[bool]) -> float | None:
    return round(sum(rejected) / len(rejected), 3) if rejected else None


def effect(task: Task, attempted: Attempted, digest: str, answers: Answers) -> str:
    """Equal for tasks that do the same: the writes as a set, the state they lead to, and the facts that are said."""
    import hashlib

    writes = [call for call in attempted.calls if call.kind == "write" and call.error is None]
    calls = sorted(json.dumps([call.name, call.arguments], sort_keys=True) for call in writes or attempted.calls)
    said = sorted(plain(fact.text) for fact in answers.facts) or plain(attempted.answer)
    whole = [task.environment, task.family, calls, digest, [] if writes and not answers.asked_for else said]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]
