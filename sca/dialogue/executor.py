"""One attempt at one task: the executor acts until it answers, its user has had enough, or its turns are spent."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sca.controls import strip_controls
from sca.dialogue import prompts
from sca.dialogue.conversation import Conversation
from sca.dialogue.markers import Kind, Turn
from sca.dialogue.observations import Observations, shown
from sca.dialogue.setting import Setting
from sca.dialogue.turns import OBSERVATION_LIMIT, Asker, Ending, Handler, Reaction, converse
from sca.dialogue.user import User, Users
from sca.records.contract import Message, Task, ToolCall
from sca.sandbox import Call, Session, World


@dataclass(frozen=True)
class ExecutorRules:
    """What holds for every attempt of a run."""

    style: prompts.Style = "full"
    max_turns: int = 15
    observation_limit: int = OBSERVATION_LIMIT  # characters
    observations: Observations = "plain"


@dataclass
class Attempt:
    """How an attempt went, before it is judged."""

    ending: Ending
    conversation: Conversation
    answer: str = ""
    """Where there is a user, all that the agent said, joined by newlines."""
    calls: list[ToolCall] = field(default_factory=list)
    user: User | None = None
    detail: str | None = None
    """Why it ended where that is not plain."""


@dataclass
class _Hands:
    """What the executor does and says."""

    session: Session
    rules: ExecutorRules
    said: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)

    async def act(self, turn: Turn) -> Reaction:
        observation = await self.session.execute(turn.body)
        run = observation.run
        self.calls.extend(recorded(run.calls))
        seen = shown(observation.text, self.rules.observations, self.rules.observation_limit)
        return Reaction(Message(role="tool", content=seen), "done" if run.ended else None)

    async def give_answer(self, turn: Turn) -> Reaction:
        self.said.append(turn.body)
        return Reaction(ending="done")


@dataclass
class _Talk:
    """The executor's words to its user, and the user's to it."""

    user: User
    hands: _Hands
    detail: str | None = None

    async def respond(self, turn: Turn) -> Reaction:
        self.hands.said.append(turn.body)
        return await self.hear(turn.body)

    async def hear(self, said: str | None) -> Reaction:
        line = await self.user.say(said)
        self.detail = line.detail
        return Reaction(Message(role="user", content=line.text) if line.text else None, line.ending)


def recorded(calls: Iterable[Call]) -> list[ToolCall]:
    """Tool calls as a trajectory holds them."""
    return [
        ToolCall(name=call.name, arguments=call.arguments, error=call.error and strip_controls(call.error))
        for call in calls
    ]


async def attempt(
    key: str,
    task: Task,
    setting: Setting,
    world: World,
    asker: Asker,
    rules: ExecutorRules,
    users: Users | None = None,
) -> Attempt:
    """Let the executor try `task` in `world`, which afterwards holds the final state.

    With `users` it serves one of them, who knows the instruction and opens the conversation. Raises `InfraError` when
    an engine or the sandbox fails.
    """
    messages = prompts.executor_prompt(setting, task, rules.style, rules.max_turns)
    conversation = Conversation(messages, asker.engine.renderer)
    session = await world.session()
    try:
        hands = _Hands(session, rules)
        handlers: dict[Kind, Handler] = {"action": hands.act}
        talk = _Talk(users.user(key, task.instruction or ""), hands) if users else None
        if talk is None:
            handlers["answer"] = hands.give_answer
            opening = Reaction()
        else:
            handlers["response"] = talk.respond
            opening = await talk.hear(None)
        if opening.heard is not None:
            conversation.say(opening.heard)
        ending = opening.ending or await converse(key, conversation, asker, handlers, rules.max_turns)
    finally:
        await session.close()
    answer = "\n".join(hands.said)
    if talk is None:
        return Attempt(ending, conversation, answer, hands.calls)
    return Attempt(ending, conversation, answer, hands.calls, talk.user, talk.detail)
