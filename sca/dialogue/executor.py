"""One attempt at one task: the executor acts until it answers or its turns are spent."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sca.controls import strip_controls
from sca.dialogue import prompts
from sca.dialogue.conversation import Conversation
from sca.dialogue.markers import Kind, Turn
from sca.dialogue.setting import Setting
from sca.dialogue.turns import OBSERVATION_LIMIT, Asker, Ending, Handler, Reaction, converse, cut
from sca.records.contract import Message, Task, ToolCall
from sca.sandbox import Call, Session, World


@dataclass(frozen=True)
class ExecutorRules:
    """What holds for every attempt of a run."""

    style: prompts.Style = "full"
    max_turns: int = 15
    observation_limit: int = OBSERVATION_LIMIT  # characters


@dataclass
class Attempt:
    """How an attempt went, before it is judged."""

    ending: Ending
    conversation: Conversation
    answer: str = ""
    calls: list[ToolCall] = field(default_factory=list)


@dataclass
class _Hands:
    """What the executor's moves do."""

    session: Session
    limit: int
    answer: str = ""
    calls: list[ToolCall] = field(default_factory=list)

    async def act(self, turn: Turn) -> Reaction:
        observation = await self.session.execute(turn.body)
        run = observation.run
        self.calls.extend(recorded(run.calls))
        return Reaction(Message(role="tool", content=cut(observation.text, self.limit)), done=run.ended)

    async def give_answer(self, turn: Turn) -> Reaction:
        self.answer = turn.body
        return Reaction(done=True)


def recorded(calls: Iterable[Call]) -> list[ToolCall]:
    """Tool calls as a trajectory holds them."""
    return [
        ToolCall(name=call.name, arguments=call.arguments, error=call.error and strip_controls(call.error))
        for call in calls
    ]


async def attempt(
    key: str, task: Task, setting: Setting, world: World, asker: Asker, rules: ExecutorRules
) -> Attempt:
    """Let the executor try `task` in `world`, which afterwards holds the final state.

    Raises `InfraError` when engine or sandbox fail.
    """
    messages = prompts.executor_prompt(setting, task, rules.style, rules.max_turns)
    conversation = Conversation(messages, asker.engine.renderer)
    session = await world.session()
    try:
        hands = _Hands(session, rules.observation_limit)
        handlers: dict[Kind, Handler] = {"action": hands.act, "answer": hands.give_answer}
        ending = await converse(key, conversation, asker, handlers, rules.max_turns)
    finally:
        await session.close()
    return Attempt(ending, conversation, hands.answer, hands.calls)
