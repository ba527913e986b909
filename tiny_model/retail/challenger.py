"""The challenger's documents: it looks at a customer's orders and hands in a task, often a spoiled one."""

import random
from collections.abc import Mapping
from functools import cache

from sca.dialogue import hand_in, prompts
from sca.environment import Start
from sca.records.contract import Message
from tiny_model.challenger import SHARES as CALCULATION
from tiny_model.challenger import Shares, drawn_defect
from tiny_model.draws import altered
from tiny_model.prompting import Prompt
from tiny_model.retail.kinds import Kind, frames_of, kinds
from tiny_model.retail.requests import Request, draw, feasible
from tiny_model.retail.shops import Customer, setting
from tiny_model.settings import MAX_TURNS
from tiny_model.turns import action, answer
from tiny_model.wordings import sections, themes

SHARES: Mapping[str, Shares] = {**CALCULATION, "systematic": CALCULATION["scattered"]}
"""No more defects in the second phase: this is hard for the model as it is, and few of its tasks are valid."""
_HEEDS_THEME = 0.7
_LENIENT = ("return True", "return not transferred()", 'return get_user_details("{user}")["email"] != ""')


def document(shares: Shares, customer: Customer, rng: random.Random) -> tuple[str, list[Message]]:
    """An instruction and the dialogue that leads to it."""
    start = Start(customer.user_id, theme=rng.choice(setting().environment.themes))
    of = _request(customer, start.theme, rng)
    defect = drawn_defect(shares, rng)
    instruction = _instruction(of, defect, rng)
    heard = _looks(of)
    thought = " ".join([of.kind.plan, *(of.values[name] for name in ("order", "product") if name in of.values)])
    body = hand_in.render(instruction, *_parts(of, defect, rng))
    return instruction, [
        _system(),
        Message(role="user", content=start.label),
        *heard,
        answer(body, thought),
    ]


@cache
def _system() -> Message:
    return prompts.challenger_prompt(setting(), 0, "brief", max_turns=MAX_TURNS, feedback="none")[0]


def task_code(of: Request) -> tuple[str, str, list[str]]:
    """Evaluation function, solution and failure cases as they should be."""
    argument = "answer" if "answer" in of.kind.check else ""
    check = "\n    ".join([f"def evaluate({argument}):", *of.code(of.kind.check).splitlines()])
    return check, of.code(of.kind.solve), [of.code(failure) for failure in of.kind.fail]


def _request(customer: Customer, theme: str, rng: random.Random) -> Request:
    """One that fits the theme where the customer can have it."""
    possible = {request.kind.name: request for request in feasible(customer, rng)}
    fit = next((names for words, names in themes("retail").items() if words in theme), [])
    fitting = [name for name in fit if name in possible]
    if fitting and rng.random() < _HEEDS_THEME:
        return possible[rng.choice(fitting)]
    return possible[rng.choice(list(possible))]


def _instruction(of: Request, defect: str, rng: random.Random) -> str:
    if defect != "mismatch":
        return of.said(rng.choice(frames_of(of.kind).seen), rng)
    others = [kind for kind in kinds().values() if kind is not of.kind]
    rng.shuffle(others)
    other = next(filter(None, (_alike(kind, of, rng) for kind in others)))
    return other.said(rng.choice(frames_of(other.kind).seen), rng)


def _alike(kind: Kind, of: Request, rng: random.Random) -> Request | None:
    """Another request of the same customer, with the same values where it has them."""
    if (other := draw(kind, of.customer, rng)) is None:
        return None
    kept: dict[str, str] = {name: of.values[name] for name in ("product", "find") if name in of.values}
    return Request(kind, of.customer, {**other.values, **kept})


def _looks(of: Request) -> list[Message]:
    """One action that shows the customer, and for some kinds another one."""
    prompt, messages = Prompt(of.customer.tools()), list[Message]()
    looks = sections("retail_looks")
    for program in (of.code("\n".join(looks[name])) for name in ("customer", of.kind.name) if name in looks):
        messages += [action(program), Message(role="tool", content=prompt.execute(program)[0])]
    return messages


def _parts(of: Request, defect: str, rng: random.Random) -> tuple[str, str, list[str]]:
    """Evaluation function, solution and failure cases, one of them spoiled unless there is no defect."""
    check, solution, failures = task_code(of)
    failures = rng.sample(failures, 3)
    if defect == "wrong_expected":
        check = _with_another_value(check, rng)
    elif defect == "lenient":
        check = f"{check.splitlines()[0]}\n    {of.code(rng.choice(_LENIENT))}"
    elif defect == "broken_solution":
        solution = of.code(rng.choice(of.kind.fail))
    elif defect == "failure_is_answer":
        failures[rng.randrange(len(failures))] = solution
    elif defect == "syntax":
        solution = solution[:-1] if solution.endswith((")", '"')) else solution + ")"
    return check, solution, failures


def _with_another_value(check: str, rng: random.Random) -> str:
    """The check with what it compares with a little off: a letter or digit of its last quotation."""
    before, value, after = check.rsplit('"', 2)
    return f'{before}"{altered(value, rng)}"{after}'
