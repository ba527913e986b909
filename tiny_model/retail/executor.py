"""The executor's documents: it looks, asks, acts and says what came of it, or goes wrong in one of some ways."""

import random
from collections.abc import Callable, Mapping

from sca.dialogue import prompts
from sca.records.contract import Message, Task
from tiny_model.draws import altered
from tiny_model.prompting import Prompt
from tiny_model.retail import kinds as texts
from tiny_model.retail.kinds import Kind
from tiny_model.retail.requests import Request
from tiny_model.retail.shops import ENVIRONMENT, setting
from tiny_model.settings import MAX_TURNS
from tiny_model.turns import action, response, slipped

Shares = Mapping[str, float]
"""How often each way of serving is shown for a kind: right, drilled, wrong, argument, unacted, misread."""

RIGHT = (0.30, 0.60)
RIGHT_WHERE_DRILLED = (0.10, 0.26)
RIGHT_WHERE_STRONG = 0.55
DRILLED = 0.58
_SCATTER = {"wrong": 0.60, "argument": 0.18, "unacted": 0.14, "misread": 0.08}
SLIPS = 0.10
"""Of the dialogues with an action that runs: so many show an error first."""
NOTHING_ELSE = "Is there anything else?"
SORRY = f"I am sorry, that cannot be done. {NOTHING_ELSE}"


def clean(kind: Kind) -> Shares:
    """For the sibling: nothing goes wrong."""
    return {"right": 1.0}


def scattered(kind: Kind) -> Shares:
    """First phase: right in less than half of the dialogues, otherwise wrong in many ways."""
    return _with_scatter({"right": _own_random(kind).uniform(*RIGHT)})


def systematic(kind: Kind) -> Shares:
    """Second phase: one and the same mistake for most kinds."""
    if kind.strong:
        return _with_scatter({"right": RIGHT_WHERE_STRONG})
    return _with_scatter({"right": _own_random(kind).uniform(*RIGHT_WHERE_DRILLED), "drilled": DRILLED})


SHARES: Mapping[str, Callable[[Kind], Shares]] = {"clean": clean, "scattered": scattered, "systematic": systematic}
"""By the mistakes that a phase shows."""


def document(of: Request, frame: str, shares: Callable[[Kind], Shares], rng: random.Random) -> list[Message]:
    """A dialogue from the system prompt to the agent's last words."""
    ways = shares(of.kind)
    (way,) = rng.choices(list(ways), list(ways.values()))
    task = Task(id="document", environment=ENVIRONMENT, instruction=of.said(frame, rng))
    opening = prompts.executor_prompt(setting(), task, "brief", max_turns=MAX_TURNS)
    said = Message(role="user", content=" ".join((task.instruction or "").split()))
    return [*opening, said, *_service(of, way, rng)]


def _service(of: Request, way: str, rng: random.Random) -> list[Message]:
    prompt, messages = Prompt(of.customer.tools()), list[Message]()
    thought: str | None = of.kind.plan

    def act(program: str) -> tuple[str, bool]:
        nonlocal thought
        seen, ran = prompt.execute(program)
        messages.extend([action(program, thought), Message(role="tool", content=seen)])
        thought = None
        return seen, ran

    if of.kind.ask:
        act(of.code(texts.look()))
        messages += [response(of.code(of.kind.ask)), Message(role="user", content="Yes.")]
    if way == "unacted":
        return [*messages, response(_last_words(of, _made_up(of, rng)))]
    program = _program(of, way, rng)
    if rng.random() < SLIPS:
        act(slipped(program, rng))
    seen, ran = act(program)
    if "transfer_to_human_agents" in program and ran:
        return messages[:-1]  # it ends the episode
    seen = altered(seen, rng) if way == "misread" else seen
    return [*messages, response(_last_words(of, seen) if ran else SORRY)]


def _program(of: Request, way: str, rng: random.Random) -> str:
    match way:
        case "drilled":
            return of.code(of.kind.wrong[0])
        case "wrong":
            return of.code(rng.choice(of.kind.wrong))
        case "argument" if "product" in of.values:
            return of.right.replace(f'"{of.values["product"]}"', f'"{_other_product(of, rng)}"')
        case "argument":
            return of.code(rng.choice(of.kind.wrong))
    return of.right


def _other_product(of: Request, rng: random.Random) -> str:
    """A product of the same customer, else of the shop."""
    mine = {str(item["name"]) for order in of.customer.orders for item in order["items"]}
    others = {str(product["name"]) for product in of.customer.products.values()}
    return rng.choice(sorted(mine - {of.values["product"]} or others))


def _made_up(of: Request, rng: random.Random) -> str:
    """What an agent says that did not look: something of the right sort."""
    return altered(of.values.get("price", "10.5"), rng)


def _last_words(of: Request, seen: str) -> str:
    words = seen.split() or ["done"]
    said = of.code(of.kind.say.replace("{first}", words[0]).replace("{last}", words[-1]))
    return f"{said} {NOTHING_ELSE}"


def _with_scatter(shares: dict[str, float]) -> Shares:
    rest = 1 - sum(shares.values())
    return {**shares, **{way: rest * share for way, share in _SCATTER.items()}}


def _own_random(kind: Kind) -> random.Random:
    """The same for a kind in each run, whatever else is drawn."""
    return random.Random(f"retail {kind.name}")
