"""From a task to a judged trajectory, whoever acts: the model, an oracle that knows the solution, or nobody."""

from dataclasses import dataclass
from typing import Protocol

from sca.controls import strip_controls
from sca.dialogue.conversation import Conversation
from sca.dialogue.executor import Attempt, ExecutorRules, attempt, recorded
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker, cut
from sca.dialogue.user import Users
from sca.errors import StateLost
from sca.judging.reward import Reward, check_reward
from sca.records.contract import Message, Outcome, Task, Trajectory
from sca.records.ids import attempt_id, task_hash
from sca.sandbox import Sandbox, World


class Agent(Protocol):
    """Who attempts a task."""

    @property
    def model(self) -> str:
        """As the trajectory names it."""

    async def attempt(self, key: str, task: Task, world: World) -> Attempt:
        """Try the task; `world` then holds the final state. Raises `InfraError` when the machinery fails."""


@dataclass(frozen=True)
class ModelAgent:
    """The executor."""

    setting: Setting
    asker: Asker
    rules: ExecutorRules
    users: Users | None = None
    """Whom it serves, in an environment where a user takes part."""

    @property
    def model(self) -> str:
        """The engine's model."""
        return self.asker.engine.model

    async def attempt(self, key: str, task: Task, world: World) -> Attempt:
        """Let the model act."""
        return await attempt(key, task, self.setting, world, self.asker, self.rules, self.users)


@dataclass(frozen=True)
class OracleAgent:
    """Runs the task's own solution: a sound task rewards it with 1."""

    model: str = "oracle"

    async def attempt(self, key: str, task: Task, world: World) -> Attempt:
        """Run the solution and answer with its `result`."""
        run = await world.run(task.solution or "")
        conversation = Conversation([], None)
        conversation.say(Message(role="assistant", content=f"ACTION:\n{(task.solution or '').strip()}\nEND ACTION"))
        conversation.say(Message(role="tool", content=cut(run.output)))
        return Attempt("done", conversation, run.result or "", recorded(run.calls))


@dataclass(frozen=True)
class NopAgent:
    """Does nothing and says nothing: a sound task rewards it with 0."""

    model: str = "nop"

    async def attempt(self, key: str, task: Task, world: World) -> Attempt:
        """Leave the world as it is."""
        return Attempt("done", Conversation([], None))


@dataclass(frozen=True)
class Job:
    """One attempt to make."""

    task: Task
    attempt: int

    @property
    def id(self) -> str:
        """The trajectory's id."""
        return attempt_id(self.task.id, self.attempt)


async def play(job: Job, agent: Agent, sandbox: Sandbox, run: str) -> Trajectory:
    """Make one attempt in a world of its own and judge it. Raises `InfraError` when the machinery fails.

    An agent that makes a tool hang has no state left to be judged. A machine that starves looks the same for once,
    so such an attempt is made twice.
    """
    made, reward, state_hash = await _play(job, agent, sandbox)
    if state_hash is None:
        made, reward, state_hash = await _play(job, agent, sandbox)
    return Trajectory(
        id=job.id,
        task_id=job.task.id,
        environment=job.task.environment,
        family=job.task.family,
        attempt=job.attempt,
        reward=reward.value,
        outcome=_outcome(made, reward),
        answer=strip_controls(made.answer),
        detail=reward.detail,
        messages=made.conversation.messages,
        calls=made.calls,
        state_hash=state_hash,
        model=agent.model,
        run=run,
        task_hash=task_hash(job.task),
        usage=_usage(made),
        user_thoughts=made.user.thoughts if made.user else None,
        tokens=made.conversation.tokens(),
    )


async def _play(job: Job, agent: Agent, sandbox: Sandbox) -> tuple[Attempt, Reward, str | None]:
    """The attempt, its reward, and the hash of the final state, None where that is lost."""
    async with sandbox.box(shared=True) as box:
        world = await box.world(job.task.family)
        try:
            made = await agent.attempt(job.id, job.task, world)
            state_hash = await world.state_hash()
            if made.ending != "done":
                return made, Reward(0, made.detail), state_hash
            return made, await check_reward(job.task, world, made.answer), state_hash
        except StateLost as error:
            return made, Reward(0, str(error)), None
        finally:
            await world.close()


def _usage(made: Attempt) -> dict[str, int]:
    """The agent's tokens, and those of the simulated user apart."""
    users = made.user.usage if made.user else {}
    return made.conversation.usage | {f"user_{name}": count for name, count in users.items()}


def _outcome(made: Attempt, reward: Reward) -> Outcome:
    if made.ending == "done":
        return "success" if reward.value else "failure"
    return made.ending
