"""The baseline of Proposer-Agent-Evaluator (arXiv 2412.13194): an instruction from documentation, without acting.

There is no code to check it by, so its attempts are judged by a model: `sca rollout --reward judge`.
"""

from dataclasses import dataclass

from sca.dialogue import hand_in, prompts
from sca.dialogue.conversation import Conversation
from sca.dialogue.markers import Turn
from sca.dialogue.setting import Setting
from sca.dialogue.tasks import origin_of, task_of
from sca.dialogue.turns import BAD_TURNS, Asker, Reaction, converse
from sca.records.contract import Task


@dataclass(frozen=True)
class ProposerRules:
    """What holds for every episode of a run."""

    style: prompts.Style = "full"


async def propose(key: str, index: int, setting: Setting, asker: Asker, rules: ProposerRules) -> Task:
    """Have instruction number `index` written; the code fields of the task are null. Raises `EngineError`."""
    conversation = Conversation(prompts.proposer_prompt(setting, index, rules.style), asker.engine.renderer)
    parts: dict[str, str | None] = {}

    async def take(turn: Turn) -> Reaction:
        parts["instruction"] = hand_in.parse(turn.body).instruction
        return Reaction(ending="done")

    ending = await converse(key, conversation, asker, {"answer": take}, BAD_TURNS)
    return task_of(key, setting, setting.start(index), parts, origin_of("pae", asker, conversation, ending))
