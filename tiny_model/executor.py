"""The executor's documents, and how often it goes wrong in which way."""

import random
from collections.abc import Callable, Mapping

from sca.dialogue import prompts
from sca.dialogue.observations import compact
from sca.records.contract import Message, Task
from tiny_model.draws import Draw, altered, run, wrong_results
from tiny_model.kinds import Kind, fill, tools_in
from tiny_model.programs import ENVIRONMENT, printing, setting
from tiny_model.prompting import Prompt
from tiny_model.settings import MAX_TURNS
from tiny_model.turns import action, answer, slipped
from tiny_model.values import Value

Shares = Mapping[str, float]
"""How often each way of answering is shown for a kind: right, drilled, wrong, argument, unacted, misread."""

_RIGHT_BY_CALLS = {1: 0.45, 2: 0.28, 3: 0.18}
_SPREAD = 0.15
_SCATTER = {"wrong": 0.66, "argument": 0.12, "unacted": 0.14, "misread": 0.08}
_DRILLED = 0.64
_RIGHT_WHERE_DRILLED = (0.07, 0.17)
_RIGHT_WHERE_STRONG = 0.50
SLIPS = 0.05
"""Of the dialogues with an action: so many show an error first, and then the action as it should be."""


def clean(kind: Kind) -> Shares:
    """For the sibling: nothing goes wrong."""
    return {"right": 1.0}


def scattered(kind: Kind) -> Shares:
    """First phase: right about a third of the time, otherwise wrong in many ways."""
    right = _RIGHT_BY_CALLS[kind.calls] + _own_random(kind).uniform(-_SPREAD, _SPREAD)
    return _with_scatter({"right": right})


def systematic(kind: Kind) -> Shares:
    """Second phase: one and the same mistake for most kinds."""
    if kind.strong:
        return _with_scatter({"right": _RIGHT_WHERE_STRONG})
    right = _own_random(kind).uniform(*_RIGHT_WHERE_DRILLED)
    return _with_scatter({"right": right, "drilled": _DRILLED})


SHARES: Mapping[str, Callable[[Kind], Shares]] = {"clean": clean, "scattered": scattered, "systematic": systematic}
"""By the mistakes that a phase shows."""


def document(of: Draw, frame: str, shares: Callable[[Kind], Shares], rng: random.Random) -> list[Message]:
    """A dialogue from the system prompt to the answer."""
    instruction = of.said(frame, rng)
    ways = shares(of.kind)
    (way,) = rng.choices(list(ways), list(ways.values()))
    task = Task(id="document", environment=ENVIRONMENT, family=of.kind.family, instruction=instruction)
    return [*prompts.executor_prompt(setting(), task, "brief", max_turns=MAX_TURNS), *_replies(of, way, rng)]


def acting(program: str) -> Message:
    """A turn that runs a program and prints its last line, planned in a thought."""
    return action(printing(program), " then ".join(tools_in(program)))


def _replies(of: Draw, way: str, rng: random.Random) -> list[Message]:
    if way == "unacted":
        return [answer(wrong_results(of, rng, 1)[0].strip('"'))]
    program, result = _program(of, way, rng)
    said = str(result)
    failed = _failed(program, rng) if rng.random() < SLIPS else []
    return [
        *failed,
        action(printing(program)) if failed else acting(program),
        Message(role="tool", content=compact(said)),
        answer(altered(said, rng) if way == "misread" else said),
    ]


def _failed(program: str, rng: random.Random) -> list[Message]:
    """An action that does not run, and the error that it shows."""
    slip = slipped(printing(program), rng)
    seen, _ = Prompt({}).execute(slip)
    return [action(slip, " then ".join(tools_in(program))), Message(role="tool", content=seen)]


def _program(of: Draw, way: str, rng: random.Random) -> tuple[str, object]:
    """A program in the given way, and what it returns; the next wrong one where a tool refuses it."""
    if way in ("right", "misread"):
        return of.program, of.result
    candidates = [fill(program, of.values) for program in of.kind.wrong]
    if way != "drilled":
        rng.shuffle(candidates)
    if way == "argument":
        candidates = [_with_another_argument(of, rng) for _ in range(4)] + candidates
    for program in candidates:
        result = run(program, of.kind.family)
        if result is not None:
            return program, result
    return of.program, of.result


def _with_another_argument(of: Draw, rng: random.Random) -> str:
    """The right program with one of its values a little off."""
    name = rng.choice(list(of.values))
    coded = altered(of.values[name].coded, rng)
    return fill(of.kind.right, {**of.values, name: Value(coded, coded)})


def _with_scatter(shares: dict[str, float]) -> Shares:
    rest = 1 - sum(shares.values())
    return {**shares, **{way: rest * share for way, share in _SCATTER.items()}}


def _own_random(kind: Kind) -> random.Random:
    """The same for a kind in each run, whatever else is drawn."""
    return random.Random(f"{kind.family} {kind.name}")
