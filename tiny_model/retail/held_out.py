"""Fresh tasks in the small shop that ships, whose customers no document knows."""

import random
from collections.abc import Sequence

from sca.records.contract import Task
from tiny_model.held_out import SEEN_OF_A_KIND, SORTS
from tiny_model.retail.challenger import task_code
from tiny_model.retail.kinds import Kind, frames_of, kinds
from tiny_model.retail.requests import Request, draw_any
from tiny_model.retail.shops import ENVIRONMENT, Customer, customers, shipped
from tiny_model.settings import HELD_OUT_SEED

_TRIES = 50


def tasks() -> list[Task]:
    """All of them, each a complete Code-as-Task; the same on every call."""
    rng = random.Random(f"retail {HELD_OUT_SEED}")
    people = customers(shipped())
    found: list[Task] = []
    known: set[str] = set()
    for sort in SORTS:
        for kind in kinds().values():
            for frame in _frames(kind, sort, rng):
                of = _new(kind, people, known, rng)
                found.append(_task(of, of.said(frame, rng), sort, len(found) + 1))
    return found


def _new(kind: Kind, people: Sequence[Customer], known: set[str], rng: random.Random) -> Request:
    """A request that no task has yet, while there are such."""
    for _ in range(_TRIES):
        of = draw_any(kind, lambda: rng.choice(people), rng)
        if of.code(of.kind.solve) not in known:
            break
    known.add(of.code(of.kind.solve))
    return of


def _frames(kind: Kind, sort: str, rng: random.Random) -> Sequence[str]:
    own = frames_of(kind)
    if sort == "seen":
        return rng.sample(own.seen, SEEN_OF_A_KIND)
    return own.rephrased if sort == "rephrased" else own.oblique


def _task(of: Request, instruction: str, sort: str, number: int) -> Task:
    check, solution, failures = task_code(of)
    return Task(
        id=f"{ENVIRONMENT}-fresh-{number:06}",
        environment=ENVIRONMENT,
        instruction=instruction,
        evaluation_function=check,
        solution=solution,
        failure_cases=failures[:3],
        start=of.customer.user_id,
        origin={
            "method": "tiny_model",
            "kind": of.kind.name,
            "wording": "seen" if sort == "seen" else "held-out",
            "frame": sort,
        },
    )
