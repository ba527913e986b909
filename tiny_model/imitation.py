"""How often a perfect imitation of the corpus would be right: what the base's weakness is set by.

A model that learned a phase by heart, and copied without an error, would score this on fresh draws of seen wording.
"""

import random
from collections.abc import Mapping
from typing import Any

from sca.dialogue.markers import BadTurn, Turn, parse
from sca.environment import same
from sca.records.contract import Message
from tiny_model import executor
from tiny_model.catalog import kinds
from tiny_model.draws import draw
from tiny_model.prompting import Prompt
from tiny_model.retail import executor as retail_executor
from tiny_model.retail import kinds as retail_kinds
from tiny_model.retail import shops
from tiny_model.retail.challenger import task_code
from tiny_model.retail.requests import Request, draw_any
from tiny_model.wordings import frames_of

Right = Mapping[str, float]
"""Kind → share of dialogues that come out right, 0 to 1."""
_NOT_PASSED = (LookupError, TypeError, ValueError, AttributeError)
"""Of a check on a state that is not what it expects."""


def calculation(mistakes: str, of_a_kind: int, seed: int = 0) -> Right:
    """By family and kind; `mistakes` is that of a phase."""
    rng, found = random.Random(seed), {}
    for kind in (kind for family in kinds().values() for kind in family):
        frame = frames_of(kind.family, kind.name).seen[0]
        right = 0
        for _ in range(of_a_kind):
            of = draw(kind, rng)
            messages = executor.document(of, frame, executor.SHARES[mistakes], rng)
            right += same(_turns(messages)[-1].body, of.result)
        found[f"{kind.family} {kind.name}"] = right / of_a_kind
    return found


def retail(mistakes: str, of_a_kind: int, seed: int = 0) -> Right:
    """By kind."""
    rng, found = random.Random(seed), {}
    for kind in retail_kinds.kinds().values():
        frame = retail_kinds.frames_of(kind).seen[0]
        right = 0
        for _ in range(of_a_kind):
            of = draw_any(kind, lambda: rng.choice(shops.made(rng.randrange(10))), rng)
            right += passes(of, retail_executor.document(of, frame, retail_executor.SHARES[mistakes], rng))
        found[kind.name] = right / of_a_kind
    return found


def passes(of: Request, messages: list[Message]) -> bool:
    """Whether the task's check passes after a dialogue, whose actions are made again."""
    desk = of.customer.desk()
    prompt = Prompt(of.customer.tools(desk))
    said = []
    for turn in _turns(messages):
        if turn.kind == "action":
            prompt.execute(turn.body)
        else:
            said.append(turn.body)
    checks = {tool.name: getattr(desk, tool.name) for tool in shops.setting().checks(None)}
    names: dict[str, Any] = {**prompt.names, **checks}
    check, *_ = task_code(of)
    exec(check, names)
    try:
        return bool(names["evaluate"](*(["\n".join(said)] if "(answer)" in check else [])))
    except _NOT_PASSED:
        return False


def _turns(messages: list[Message]) -> list[Turn]:
    parsed = [parse(m.content, ("action", "answer", "response")) for m in messages if m.role == "assistant"]
    return [turn for turn in parsed if not isinstance(turn, BadTurn)]
