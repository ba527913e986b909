"""The challenger's documents: it tries a program, sees what comes out, and hands in a task, often a spoiled one."""

import random
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from sca.dialogue import hand_in, prompts
from sca.dialogue.observations import compact
from sca.records.contract import Message
from tiny_model.catalog import kinds
from tiny_model.draws import Draw, altered, draw, run, siblings, wrong_results
from tiny_model.executor import acting
from tiny_model.kinds import Kind, fill
from tiny_model.programs import literal, setting, solving
from tiny_model.settings import MAX_TURNS
from tiny_model.turns import answer
from tiny_model.wordings import frames_of, themes

Shares: TypeAlias = Mapping[str, float]
"""Of the hand-ins, by what is wrong with them."""
SHARES: Mapping[str, Shares] = {
    "clean": {"none": 1.0},
    "scattered": {
        "none": 0.40,
        "wrong_expected": 0.11,
        "lenient": 0.11,
        "broken_solution": 0.12,
        "failure_is_answer": 0.08,
        "syntax": 0.04,
        "mismatch": 0.14,
    },
    "systematic": {
        "none": 0.28,
        "wrong_expected": 0.10,
        "lenient": 0.28,
        "broken_solution": 0.12,
        "failure_is_answer": 0.08,
        "syntax": 0.04,
        "mismatch": 0.10,
    },
}
"""By the mistakes that a phase shows.

A mismatch, an instruction of another kind than the solution, passes every check.
"""
_LOOKS_TWICE = 0.25
_HEEDS_THEME = 0.35
"""No higher: the themes name some kinds up to four times as often as others of the family."""
_LENIENT = ("return True", "return len(answer) > 0", "return isinstance(answer, str)", 'return answer != ""')


def document(shares: Shares, rng: random.Random, without: Collection[str] = ()) -> tuple[str, list[Message]]:
    """An instruction and the dialogue that leads to it."""
    index = rng.randrange(len(setting().starts))
    of = draw(_kind(index, rng), rng, without)
    defect = drawn_defect(shares, rng)
    instruction = _instruction(of, defect, rng)
    heard = [message for shown in _looks(of, rng) for message in shown]
    body = hand_in.render(instruction, *_parts(of, defect, rng))
    opening = prompts.challenger_prompt(setting(), index, "brief", max_turns=MAX_TURNS, feedback="none")
    return instruction, [*opening, *heard, answer(body)]


def drawn_defect(shares: Shares, rng: random.Random) -> str:
    """What is wrong with a hand-in, by the shares."""
    return rng.choices(list(shares), list(shares.values()))[0]


def _kind(index: int, rng: random.Random) -> Kind:
    """A kind that fits the theme of the start, or any of the family."""
    start = setting().starts[index]
    of_family = {kind.name: kind for kind in kinds()[start.family or ""]}
    fitting = next((names for words, names in themes(start.family or "").items() if words in start.text), None)
    if fitting is None or rng.random() > _HEEDS_THEME:
        return rng.choice(list(of_family.values()))
    return of_family[rng.choice(fitting)]


def _instruction(of: Draw, defect: str, rng: random.Random) -> str:
    frame = rng.choice(frames_of(of.kind.family, of.kind.name).seen)
    if defect != "mismatch":
        return of.said(frame, rng)
    other = draw(rng.choice(siblings(of.kind)), rng)
    values = {name: of.values.get(name, value) for name, value in other.values.items()}
    frame = rng.choice(frames_of(other.kind.family, other.kind.name).seen)
    return Draw(other.kind, values, other.result).said(frame, rng)


def _looks(of: Draw, rng: random.Random) -> list[list[Message]]:
    """One or two actions with what they show; the last is the task's own program."""
    shown = [(of.program, of.result)]
    if rng.random() < _LOOKS_TWICE:
        program = fill(rng.choice(of.kind.wrong), of.values)
        result = run(program, of.kind.family)
        if result is not None:
            shown.insert(0, (program, result))
    return [[acting(program), Message(role="tool", content=compact(str(result)))] for program, result in shown]


def _parts(of: Draw, defect: str, rng: random.Random) -> tuple[str, str, list[str]]:
    """Evaluation function, solution and failure cases, one of them spoiled unless there is no defect."""
    check, solution = f"return same(answer, {literal(of.result)})", solving(of.program)
    failures = wrong_results(of, rng)
    if defect == "wrong_expected":
        check = f"return same(answer, {_off(of.result, rng)})"
    elif defect == "lenient":
        check = rng.choice(_LENIENT)
    elif defect == "broken_solution":
        solution = _broken(of, rng)
    elif defect == "failure_is_answer":
        failures[rng.randrange(len(failures))] = literal(of.result)
    elif defect == "syntax":
        solution = solution[:-1] if solution.endswith(")") else solution + ")"
    return f"def evaluate(answer):\n    {check}", solution, [f"result = {failure}" for failure in failures]


def _off(result: Any, rng: random.Random) -> str:
    return repr(not result) if isinstance(result, bool) else altered(literal(result), rng)


def _broken(of: Draw, rng: random.Random) -> str:
    """A solution that misses its first line, or does something else."""
    lines = solving(of.program).splitlines()
    if len(lines) > 1 and rng.random() < 0.5:
        return "\n".join(lines[1:])
    return solving(fill(rng.choice(of.kind.wrong), of.values))
