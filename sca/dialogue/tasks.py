"""From an episode that wrote a task to its record."""

from collections.abc import Mapping
from typing import Any

from sca.dialogue.conversation import Conversation
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker, Ending
from sca.environment import Start
from sca.records.contract import Task


def task_of(key: str, setting: Setting, start: Start, parts: Mapping[str, Any], origin: Mapping[str, Any]) -> Task:
    """A task from parts that were handed in, its instruction without ids that its user would not know.

    The instruction as it was written is then `origin.unredacted_instruction`.
    """
    written = parts.get("instruction")
    if written and (instruction := setting.redacted(start, written)) != written:
        parts, origin = {**parts, "instruction": instruction}, {"unredacted_instruction": written, **origin}
    return Task(
        id=key, environment=setting.name, family=start.family, **parts, start=start.label, origin=dict(origin)
    )


def origin_of(method: str, asker: Asker, conversation: Conversation, ending: Ending, **more: Any) -> dict[str, Any]:
    """How a task was written; bulky parts last."""
    tokens = conversation.tokens()
    return {
        "method": method,
        "model": asker.engine.model,
        "turns": sum(message.role == "assistant" for message in conversation.messages),
        "ending": ending,
        **more,
        "usage": conversation.usage,
        "messages": conversation.transcript(),
        "tokens": [segment.model_dump() for segment in tokens] if tokens else None,
    }
