"""The documents of a phase: dialogues of executor and challenger, the same for the same seed."""

import random
from collections.abc import Collection, Iterator, Sequence
from itertools import count

from experiments.leaks import Index, Text
from sca.records.contract import Message, Task
from tiny_model import challenger, executor
from tiny_model.catalog import kinds
from tiny_model.draws import draw
from tiny_model.retail import challenger as retail_challenger
from tiny_model.retail import executor as retail_executor
from tiny_model.retail import kinds as retail_kinds
from tiny_model.retail import shops
from tiny_model.retail.requests import draw_any
from tiny_model.settings import EXECUTOR_SHARE, RETAIL_SHARE, SHOPS, Phase
from tiny_model.wordings import frames_of


def dialogues(phase: Phase, number: int, without: Sequence[Task] = ()) -> Iterator[list[Message]]:
    """`number` dialogues; none has a solution of the tasks `without`, nor an instruction like theirs."""
    held_out = Index([Text(task.id, task.instruction or "") for task in without], same=True)
    solutions = {task.solution or "" for task in without}
    written = 0
    for index in count():
        if written == number:
            return
        instruction, messages = _dialogue(phase, solutions, random.Random(f"{phase.seed} {index}"))
        if held_out.leak(Text("document", instruction)) is None:
            written += 1
            yield messages


def _dialogue(phase: Phase, solutions: Collection[str], rng: random.Random) -> tuple[str, list[Message]]:
    """An instruction and a dialogue about it."""
    executes = rng.random() < EXECUTOR_SHARE
    if rng.random() < RETAIL_SHARE:
        return _retail(phase.mistakes, executes, rng)
    if not executes:
        return challenger.document(challenger.SHARES[phase.mistakes], rng, solutions)
    kind = rng.choice([kind for family in kinds().values() for kind in family])
    frame = rng.choice(frames_of(kind.family, kind.name).seen)
    messages = executor.document(draw(kind, rng, solutions), frame, executor.SHARES[phase.mistakes], rng)
    return messages[1].content, messages


def _retail(mistakes: str, executes: bool, rng: random.Random) -> tuple[str, list[Message]]:
    def anyone() -> shops.Customer:
        return rng.choice(shops.made(rng.randrange(SHOPS)))

    if not executes:
        return retail_challenger.document(retail_challenger.SHARES[mistakes], anyone(), rng)
    kind = rng.choice(list(retail_kinds.kinds().values()))
    frame = rng.choice(retail_kinds.frames_of(kind).seen)
    messages = retail_executor.document(draw_any(kind, anyone, rng), frame, retail_executor.SHARES[mistakes], rng)
    return messages[1].content, messages
