"""One episode of the challenger: look around, hand in a task, hear what the checks say, revise."""

from dataclasses import dataclass, field
from typing import Any

from sca.dialogue import hand_in, prompts
from sca.dialogue.conversation import Conversation
from sca.dialogue.hand_in import HandIn
from sca.dialogue.markers import Kind, Turn
from sca.dialogue.observations import Observations, shown
from sca.dialogue.setting import Setting
from sca.dialogue.tasks import origin_of, task_of
from sca.dialogue.turns import OBSERVATION_LIMIT, Asker, Handler, Reaction, converse, cut
from sca.environment import Start
from sca.judging.verdict import judge
from sca.records.contract import Message, Task
from sca.sandbox import Box, Limits, Session, World


@dataclass(frozen=True)
class ChallengerRules:
    """What holds for every episode of a run."""

    style: prompts.Style = "full"
    max_turns: int = 10
    feedback: prompts.Feedback = "full"
    """`none`: the first hand-in ends the episode, and nothing is said of it."""
    observation_limit: int = OBSERVATION_LIMIT  # characters
    observations: Observations = "plain"


@dataclass
class _Desk:
    """Where the challenger works: a session that starts afresh after each hand-in, and what was handed in."""

    box: Box
    setting: Setting
    start: Start
    rules: ChallengerRules
    limits: Limits
    key: str
    world: World | None = None
    session: Session | None = None
    handed_in: list[HandIn] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)

    async def act(self, turn: Turn) -> Reaction:
        if self.session is None:
            self.world = await self.box.world(self.start.family)
            self.session = await self.world.session()
        observation = await self.session.execute(turn.body)
        seen = shown(observation.text, self.rules.observations, self.rules.observation_limit)
        return Reaction(Message(role="tool", content=seen))

    async def hand_in(self, turn: Turn) -> Reaction:
        await self.leave()
        self.handed_in.append(hand_in.parse(turn.body))
        if self.rules.feedback == "none":
            return Reaction(ending="done")
        judgement = await judge(self.task({}), self.box, self.limits)
        verdict = judgement.verdict()
        self.reasons.append(verdict.reason)
        if verdict.valid:
            return Reaction(ending="done")
        return Reaction(
            Message(role="tool", content=cut(prompts.feedback_text(verdict), self.rules.observation_limit))
        )

    async def leave(self) -> None:
        """End the session: the next action begins with fresh state and no variables."""
        if self.session is not None:
            await self.session.close()
        if self.world is not None:
            await self.world.close()
        self.world = self.session = None

    def task(self, origin: dict[str, Any]) -> Task:
        """The last hand-in as a record; code fields are null where there was none."""
        parts = self.handed_in[-1].model_dump() if self.handed_in else {}
        return task_of(self.key, self.setting, self.start, parts, origin)


async def explore(
    key: str, index: int, setting: Setting, box: Box, limits: Limits, asker: Asker, rules: ChallengerRules
) -> Task:
    """Run the challenger's episode number `index`. Raises `InfraError` when engine or sandbox fail."""
    start = setting.start(index)
    messages = prompts.challenger_prompt(setting, index, rules.style, rules.max_turns, rules.feedback)
    conversation = Conversation(messages, asker.engine.renderer)
    desk = _Desk(box, setting, start, rules, limits, key)
    try:
        handlers: dict[Kind, Handler] = {"action": desk.act, "answer": desk.hand_in}
        ending = await converse(key, conversation, asker, handlers, rules.max_turns)
    finally:
        await desk.leave()
    earlier = [
        {**one.model_dump(), "reason": reason} for one, reason in zip(desk.handed_in[:-1], desk.reasons, strict=False)
    ]
    return desk.task(origin_of("sca", asker, conversation, ending, earlier_hand_ins=earlier))
