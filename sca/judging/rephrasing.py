"""Alternative solutions: what does and says the same as the solution must pass too.

Independent writes in another order, items named in another order, the same facts in other words. States are the same
if they differ in the last digits of a number or in the order of a list at most: who acts in another order cannot help
that, so a check that minds it is over-strict.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sca.judging.answers import Answers
from sca.judging.mutants import Mutator
from sca.judging.programs import Bench
from sca.sandbox import Call

_DIGITS = 6
"""Decimals that count when states are compared."""
MOST = 6
"""Orders that are tried."""


async def intolerance(
    acts: Sequence[Call], answers: Answers, bench: Bench, mutator: Mutator
) -> tuple[int, list[str]]:
    """How many alternatives there are, and those that the check refuses. Raises `SandboxError`."""
    tried, refused = 0, []
    wanted: Any = None
    for way, calls in list(_orders(acts, mutator))[:MOST]:
        outcome = await bench.try_calls(calls, always=True)
        if outcome.refused:
            continue
        if bench.known.get(outcome.digest) != "same":
            wanted = wanted if wanted is not None else canonical(await bench.state_after(acts))
            if canonical(await bench.state_after(calls)) != wanted:
                continue
        tried += 1
        refused += [way] * (not outcome.passed)
    if answers.answer and (not acts or not (await bench.answers(acts, [""]))[0]):
        ways = answers.equivalent()
        said = await bench.answers(acts, list(ways.values()))
        tried += len(said)
        refused += [f"the answer {way}" for way, passed in zip(ways, said, strict=True) if not passed]
    return tried, refused


def _orders(acts: Sequence[Call], mutator: Mutator) -> Iterator[tuple[str, list[Call]]]:
    for i, (one, other) in enumerate(itertools.pairwise(acts)):
        swapped = [*acts[:i], other, one, *acts[i + 2 :]]
        yield f"{other.name} before {one.name}", swapped
    for i, call in enumerate(acts):
        lists = {name: value for name, value in call.arguments.items() if isinstance(value, list)}
        turned = {name: value[::-1] for name, value in lists.items()}
        moved = {name: [*value[1:], *value[:1]] for name, value in lists.items()}
        for order in [one for one in (turned, moved) if one != lists][: 1 if turned == moved else 2]:
            changed = mutator.with_arguments(call, {**call.arguments, **order})
            yield f"the items of {call.name} in another order", [*acts[:i], changed, *acts[i + 1 :]]


def canonical(state: Any) -> Any:
    """Equal for states that differ in rounding or in the order of lists at most."""
    if isinstance(state, dict):
        return {key: canonical(value) for key, value in sorted(state.items())}
    if isinstance(state, list):
        return sorted((canonical(value) for value in state), key=lambda value: json.dumps(value, sort_keys=True))
    return round(state, _DIGITS) if isinstance(state, float) else state
