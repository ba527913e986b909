"""A Python prompt over the environment's real tools, which shows what an agent in the sandbox would see.

Programs come from `texts/` and from nowhere else: nothing that a model wrote is ever run here.
"""

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sca.dialogue.observations import shown
from sca.dialogue.turns import OBSERVATION_LIMIT
from sca.environment import ToolError
from sca.sandbox import Limits
from sca.sandbox.guest import program


@dataclass
class Prompt:
    """Variables live on from one action to the next."""

    tools: Mapping[str, Callable[..., Any]]
    names: dict[str, Any] = field(init=False)
    actions: int = 0

    def __post_init__(self) -> None:
        stubs = {name: _stub(tool) for name, tool in self.tools.items()}
        self.names = {"__name__": "__main__", "ToolError": program.ToolError, **stubs}

    def execute(self, source: str) -> tuple[str, bool]:
        """What the agent sees, compactly, and whether the action ran to its end."""
        self.actions += 1
        printed = io.StringIO()
        job = {"mode": "action", "source": source}
        with contextlib.redirect_stdout(printed):
            told = program.do(job, self.names, f"<action {self.actions}>", Limits().asdict())
        trace = told["exception"]["traceback"] if "exception" in told else ""
        seen = printed.getvalue() + told.get("shown", "") + trace
        return shown(seen.removesuffix("\n"), "compact", OBSERVATION_LIMIT), not trace


def _stub(tool: Callable[..., Any]) -> Callable[..., Any]:
    """The tool as code in the sandbox has it: a refusal is that of the process it runs in."""

    def stub(*args: Any) -> Any:
        try:
            return tool(*args)
        except ToolError as refusal:
            message = str(refusal)
        raise program.ToolError(message)

    return stub
