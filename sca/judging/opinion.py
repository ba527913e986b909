"""A model's opinion in place of a check, as in PAE (arXiv 2412.13194): was done what was asked?

The judge sees the instruction and the dialogue and nothing else of a task. As in the paper it is told to be
generous, or strict for comparison.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

from sca.controls import strip_controls
from sca.engines import ContextOverflow, Engine, Request, Sampling
from sca.judging.reward import Reward
from sca.records.contract import Message
from sca.records.ids import seed_for
from sca.templates import render

Manner = Literal["generous", "strict"]
SAMPLING = Sampling(temperature=0.0, max_tokens=512)
_render = partial(render, "sca.judging")
_SPEAKERS = {"user": "USER", "assistant": "AGENT", "tool": "OUTPUT"}
_STATUS = re.compile(
    r"^[^\w\n]*status\W+(not[\s_-]+success\w*|unsuccess\w*|success\w*)\W*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class ModelJudge:
    """A model that judges attempts."""

    engine: Engine
    manner: Manner
    seed: int
    """The run's."""
    base_of: str | None = None
    """The checkpoint whose base model this is, where it was chosen for that."""

    async def opinion(self, key: str, instruction: str, messages: Sequence[Message]) -> Reward:
        """Of the attempt with the id `key`; what the judge said is the detail. Raises `EngineError`."""
        chat = judge_prompt(self.manner, instruction, messages)
        renderer = self.engine.renderer
        request = Request(
            key=f"{key}:judge:0",
            messages=chat,
            prompt_ids=renderer.prompt(chat) if renderer else None,
            sampling=SAMPLING,
            seed=seed_for(self.seed, f"{key}:judge", 0),
        )
        try:
            said = await self.engine.complete(request)
        except ContextOverflow:
            return Reward(0, "judge: the dialogue does not fit into its model's context")
        found = _STATUS.findall(said.text)
        text = strip_controls(f"judge: {said.text.strip()}")
        if not found:
            return Reward(0, f"{text}\n(no status: counted as no success)", usage=said.usage)
        return Reward(1 if found[-1].lower().startswith("success") else 0, text, usage=said.usage)

    def describe(self) -> dict[str, Any]:
        """What a sidecar says of it."""
        base = {"base_of": self.base_of} if self.base_of else {}
        return {"manner": self.manner, **base, "engine": self.engine.describe(), "sampling": asdict(SAMPLING)}


def judge_prompt(manner: Manner, instruction: str, messages: Sequence[Message]) -> list[dict[str, str]]:
    """The chat that a judge is sent; of the dialogue all but what the agent was told at first."""
    lines = [(_SPEAKERS[message.role], message.content) for message in messages if message.role != "system"]
    return [
        {"role": "system", "content": _render("judge", manner=manner)},
        {"role": "user", "content": _render("dialogue", instruction=instruction, lines=lines)},
    ]
