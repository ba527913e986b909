"""What `--dry-run` says of dialogues: how many calls and tokens they take, how much memory, and how one knows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sca.engines import Engine, Sampling
    from sca.records.contract import Message

CHARACTERS = 4
"""Of a token: a common rule for English; the estimate needs no tokenizer."""


@dataclass(frozen=True)
class Dialogues:
    """Dialogues to be held with a model."""

    count: int
    turns: int  # at most, of each
    sampling: "Sampling"
    live: int
    first_prompts: "Sequence[Sequence[Message]]"
    """Of some of them."""
    usages: Sequence[Mapping[str, int]] = ()
    """What dialogues of an earlier run took, with `turns` beside the engine's counts."""


def estimate(plan: Dialogues, engine: "Engine") -> list[str]:
    """Lines for a person; each says what it rests on."""
    calls, most = plan.count * plan.turns, plan.count * plan.turns * plan.sampling.max_tokens
    lines = [
        f"calls of the model: at most {calls:,} ({plan.turns} turns each)",
        f"tokens sampled: at most {_short(most)} ({plan.sampling.max_tokens:,} a turn)",
    ]
    if plan.first_prompts:
        size = _mean(sum(len(message.content) for message in prompt) for prompt in plan.first_prompts) / CHARACTERS
        lines.append(
            f"tokens of prompts: about {_short(plan.count * size)} for the first turns ({size:,.0f} each, "
            f"{CHARACTERS} characters a token); a later turn reads all before it, which a prefix cache saves"
        )
    if plan.usages:
        lines.append(_as_before(plan))
    return [*lines, *_memory(plan, engine)]


def _as_before(plan: Dialogues) -> str:
    turns, sampled, read = (
        plan.count * _mean(usage.get(name, 0) for usage in plan.usages)
        for name in ("turns", "completion_tokens", "prompt_tokens")
    )
    return (
        f"if they go as the {len(plan.usages):,} that are there: {turns:,.0f} calls, "
        f"{_short(sampled)} tokens sampled, {_short(read)} of prompts"
    )


def _memory(plan: Dialogues, engine: "Engine") -> list[str]:
    from sca.engines.footprint import BYTES, Footprint
    from sca.engines.opening import model_folder

    if engine.name not in ("transformers", "vllm"):
        return ["memory: none here for the model" + (", its servers hold it" if engine.name == "openai" else "")]
    about: dict[str, Any] = engine.describe()
    kind = str(about.get("dtype"))
    size = BYTES.get(kind, 2)
    found = Footprint.of(model_folder(engine.model))
    weights = f"memory: {_bytes(found.parameters * size)} of weights ({_short(found.parameters)} parameters, {kind})"
    context = engine.context or found.context
    if found.cell is None or context is None:
        return [weights]
    cells = found.cell * size * context
    return [
        f"{weights}; keys and values at most {_bytes(plan.live * cells)} ({plan.live} dialogues at a time of "
        f"{context:,} tokens, {_bytes(cells)} each), less where the engine's own limit is lower"
    ]


def _mean(numbers: Iterable[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found)


def _short(number: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            return f"{number / (1e3 if unit == 'k' else size):,.1f} {unit}"
    return f"{number:,.0f}"


def _bytes(number: float) -> str:
    for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number:,.0f} bytes"
