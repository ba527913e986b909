"""Fresh tasks to measure on: seen wording with new values, and wordings that no document ever used."""

import random
from collections.abc import Iterator, Sequence

from sca.records.contract import Task
from tiny_model.catalog import kinds
from tiny_model.draws import Draw, draw, run, wrong_results
from tiny_model.kinds import Kind, fill
from tiny_model.programs import ENVIRONMENT, literal, solving
from tiny_model.settings import HELD_OUT_SEED
from tiny_model.wordings import frames_of

SORTS = ("seen", "rephrased", "oblique")
"""Frames of the documents; other sentences of the same words; words that no document has."""
SEEN_OF_A_KIND = 4


def tasks() -> list[Task]:
    """All of them, each a complete Code-as-Task; the same on every call."""
    rng = random.Random(HELD_OUT_SEED)
    found: dict[str, Task] = {}
    for of, frame, sort in _draws(rng):
        instruction = of.said(frame, rng)
        found.setdefault(instruction, _task(of, instruction, sort, len(found) + 1, rng))
    return list(found.values())


def _draws(rng: random.Random) -> Iterator[tuple[Draw, str, str]]:
    everything = [kind for family in kinds().values() for kind in family]
    for sort in SORTS:
        for kind in everything:
            for frame in _frames(kind, sort, rng):
                yield draw(kind, rng), frame, sort


def _frames(kind: Kind, sort: str, rng: random.Random) -> Sequence[str]:
    own = frames_of(kind.family, kind.name)
    if sort == "seen":
        return rng.sample(own.seen, SEEN_OF_A_KIND)
    return own.rephrased if sort == "rephrased" else own.oblique


def _task(of: Draw, instruction: str, sort: str, number: int, rng: random.Random) -> Task:
    return Task(
        id=f"{ENVIRONMENT}-fresh-{number:06}",
        environment=ENVIRONMENT,
        family=of.kind.family,
        instruction=instruction,
        evaluation_function=f"def evaluate(answer):\n    return same(answer, {literal(of.result)})",
        solution=solving(of.program),
        failure_cases=_failures(of, rng),
        start=of.kind.family,
        origin={
            "method": "tiny_model",
            "kind": of.kind.name,
            "wording": "seen" if sort == "seen" else "held-out",
            "frame": sort,
        },
    )


def _failures(of: Draw, rng: random.Random) -> list[str]:
    """The tempting wrong programs where they come out wrong, and wrong results for the rest."""
    programs = [fill(program, of.values) for program in of.kind.wrong]
    wrong = [solving(program) for program in programs if run(program, of.kind.family) not in (None, of.result)]
    return [*wrong, *(f"result = {result}" for result in wrong_results(of, rng))][:3]
