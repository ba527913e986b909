"""The documents of a phase: dialogues of executor and challenger, the same for the same seed."""

import random
from collections.abc import Collection, Iterator
from itertools import count

from sca.records.contract import Message
from tiny_model import challenger, executor
from tiny_model.catalog import kinds
from tiny_model.draws import draw
from tiny_model.settings import EXECUTOR_SHARE, Phase
from tiny_model.wordings import frames_of

_SHARES = {"scattered": executor.scattered, "systematic": executor.systematic}


def dialogues(phase: Phase, number: int, without: Collection[str]) -> Iterator[list[Message]]:
    """`number` dialogues, none with an instruction of `without` (the held-out tasks)."""
    written = 0
    for index in count():
        if written == number:
            return
        instruction, messages = _dialogue(phase, random.Random(f"{phase.seed} {index}"))
        if instruction not in without:
            written += 1
            yield messages


def _dialogue(phase: Phase, rng: random.Random) -> tuple[str, list[Message]]:
    if rng.random() >= EXECUTOR_SHARE:
        return challenger.document(rng)
    kind = rng.choice([kind for family in kinds().values() for kind in family])
    frame = rng.choice(frames_of(kind.family, kind.name).seen)
    messages = executor.document(draw(kind, rng), frame, _SHARES[phase.name], rng)
    return messages[1].content, messages
