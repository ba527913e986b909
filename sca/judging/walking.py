"""The way that a solution takes through what it can see: does each move lead to something that was shown before?

A browser's page shows links, a drawer shows letters. What a move is told (a link, a letter) an agent can know if
something on the way showed it, or if looking around from there does: with tools that need no argument, such as
scrolling.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sca.environment import Start
from sca.judging.programs import ask
from sca.judging.surroundings import Surroundings, ToolFacts, named_values
from sca.judging.wording import plain
from sca.sandbox import Box, Call

AROUND = 20
"""Times that a tool without arguments is called to look around from one place."""
PLACES = 12
"""From which is looked around, at most."""
Step = tuple[ToolFacts, dict[str, Any]]


async def shown_on_the_way(
    calls: Sequence[Call], family: str | None, box: Box, surroundings: Surroundings
) -> frozenset[str]:
    """Plain forms of what the moves among `calls` were told after something had shown it, each time.

    Raises `SandboxError` when the sandbox fails.
    """
    if not any(call.kind == "move" for call in calls):
        return frozenset()
    tools = surroundings.tools(family)
    way = [call for call in calls if call.error is None and call.name in tools]
    walk = _Walk(box, family, tools)
    first = surroundings.environment.first_observation(surroundings.state, Start(""))
    said = await walk.go([walk.step(call) for call in way])
    shown: set[str] = set()
    hidden: set[str] = set()
    seen = [first]
    for place, call in enumerate(way):
        for _, value in named_values(call.arguments if call.kind == "move" else {}):
            if not _stands_in(str(value), seen):
                seen += await walk.look_around([walk.step(earlier) for earlier in way[:place]])
            (shown if _stands_in(str(value), seen) else hidden).add(plain(value))
        seen.append(said[place])
    return frozenset(shown - hidden)


@dataclass
class _Walk:
    box: Box
    family: str | None
    tools: Mapping[str, ToolFacts]
    places: int = 0

    def step(self, call: Call) -> Step:
        return self.tools[call.name], call.arguments

    async def go(self, steps: Sequence[Step]) -> list[str]:
        """What is read after each step, from a fresh state on; nothing after a write or a refusal."""
        world = await self.box.world(self.family)
        try:
            said = await ask(world, steps)
        finally:
            await world.close()
        return [
            _text(result) if ending == "returned" and tool.kind in ("read", "move") else ""
            for (tool, _), (ending, result) in zip(steps, said, strict=True)
        ]

    async def look_around(self, steps: Sequence[Step]) -> list[str]:
        """What tools without arguments show after these steps, each called until it shows no more."""
        if self.places >= PLACES:
            return []
        self.places += 1
        bare = [
            tool for tool in self.tools.values() if tool.kind in ("read", "move") and not tool.signature.parameters
        ]
        found: list[str] = []
        for tool in bare:
            found += (await self.go([*steps, *[(tool, {})] * AROUND]))[len(steps) :]
        return found


def _text(result: Any) -> str:
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def _stands_in(value: str, texts: Sequence[str]) -> bool:
    """Whether a text holds a value that is no part of a longer word or address."""
    pattern = re.compile(rf"(?<![\w/-]){re.escape(value)}(?![\w/-])")
    return bool(value) and any(pattern.search(text) for text in texts)
