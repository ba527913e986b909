"""From a task to a judged trajectory, whoever acts: the model, an oracle that knows the solution, or nobody."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from sca.dialogue.conversation import Conversation
from sca.dialogue.executor import Attempt, ExecutorRules, attempt, recorded
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker, cut
from sca.dialogue.user import Users
from sca.errors import StateLost
from sca.judging.changes import changes
from sca.judging.opinion import ModelJudge
from sca.judging.published import said as reference
from sca.judging.replaying import Act, replay
from sca.judging.reward import Judge, Reward, acts_of
from sca.records.contract import Message, Outcome, Task, Trajectory
from sca.records.ids import attempt_id, task_hash
from sca.sandbox import Box, Sandbox, World


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
    """Runs the task's own solution, or makes a benchmark's actions: a sound task rewards it with 1."""

    setting: Setting
    official: bool = False
    """Whether the benchmark's actions go before a solution."""
    model: str = "oracle"

    async def attempt(self, key: str, task: Task, world: World) -> Attempt:
        """Run the solution and answer with its `result`, or make the actions and say the outputs or the reference."""
        known = task.actions is not None or task.expected_output is not None
        if task.solution is not None and not (self.official and known):
            run = await world.run(task.solution)
            conversation = _acted(task.solution.strip(), run.output)
            if run.result:
                self._say(run.result, conversation)
            return Attempt("done", conversation, run.result or "", recorded(run.calls))
        acts = acts_of(task, self.setting.tool_names(task.family))
        calls = await replay(acts, world)
        said = "\n".join(task.outputs or ())
        if task.expected_output is not None:
            said = reference(task.expected_output)
        conversation = _acted("\n".join(map(_written, acts)), "") if acts else Conversation([], None)
        if said:
            self._say(said, conversation)
        return Attempt("done", conversation, said, recorded(calls))

    def _say(self, words: str, conversation: Conversation) -> None:
        marker = "RESPONSE" if self.setting.environment.user else "ANSWER"
        conversation.say(Message(role="assistant", content=f"{marker}:\n{words}\nEND {marker}"))


def _acted(source: str, output: str) -> Conversation:
    conversation = Conversation([], None)
    conversation.say(Message(role="assistant", content=f"ACTION:\n{source}\nEND ACTION"))
    conversation.say(Message(role="tool", content=cut(output)))
    return conversation


def _written(act: Act) -> str:
    name, _, arguments = act
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


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


@dataclass(frozen=True)
class Played:
    """An attempt, its reward, and what it left behind."""

    made: Attempt
    reward: Reward
    state_hash: str | None = None
    """None where the state is lost."""
    changes: tuple[dict[str, Any], int] | None = None
    """Changed entries, and how many more there are; None where nobody asked."""


async def play(
    job: Job, agent: Agent, sandbox: Sandbox, judge: Judge | ModelJudge, run: str, *, state_changes: bool = False
) -> Trajectory:
    """Make one attempt in a world of its own and judge it. Raises `InfraError` when the machinery fails.

    An agent that makes a tool hang has no state left to be judged. A machine that starves looks the same for once,
    so such an attempt is made twice.
    """
    played = await _play(job, agent, sandbox, judge, state_changes)
    if played.state_hash is None:
        played = await _play(job, agent, sandbox, judge, state_changes)
    made, reward, changed = played.made, played.reward, played.changes
    return Trajectory(
        id=job.id,
        task_id=job.task.id,
        environment=job.task.environment,
        family=job.task.family,
        attempt=job.attempt,
        reward=reward.value,
        outcome=_outcome(made, reward),
        answer=made.answer,
        detail=reward.detail,
        messages=made.conversation.messages,
        calls=made.calls,
        state_hash=played.state_hash,
        model=agent.model,
        run=run,
        task_hash=task_hash(job.task),
        usage=_usage(made, reward),
        user_thoughts=made.user.thoughts if made.user else None,
        noop_passes=reward.noop_passes,
        own_reward=reward.own,
        defects=list(reward.defects) or None,
        state_changes=changed and changed[0],
        state_changes_left_out=changed and changed[1],
        tokens=made.conversation.tokens(),
    )


async def _play(job: Job, agent: Agent, sandbox: Sandbox, judge: Judge | ModelJudge, state_changes: bool) -> Played:
    async with sandbox.box(shared=True) as box:
        world = await box.world(job.task.family)
        try:
            made = await agent.attempt(job.id, job.task, world)
            state_hash = await world.state_hash()
            changed = await _changes(job.task, box, world) if state_changes else None
            finished = made.ending == "done"
            if not isinstance(judge, ModelJudge):
                reward = await judge.reward(job.task, box, world, state_hash, made.answer, finished=finished)
            elif finished:
                reward = await judge.opinion(job.id, job.task.instruction or "", made.conversation.messages)
            else:
                reward = Reward(0)
            if not finished:
                reward = replace(reward, detail=made.detail)
            return Played(made, reward, state_hash, changed)
        except StateLost as error:
            return Played(made, Reward(0, str(error)))
        finally:
            await world.close()


def _usage(made: Attempt, reward: Reward) -> dict[str, int]:
    """The agent's tokens, and apart those of the simulated user and of a model that judged."""
    users = made.user.usage if made.user else {}
    others = {"user": users, "judge": reward.usage}
    apart = {f"{who}_{name}": count for who, usage in others.items() for name, count in usage.items()}
    return made.conversation.usage | apart


async def _changes(task: Task, box: Box, world: World) -> tuple[dict[str, Any], int]:
    fresh = await box.world(task.family)
    try:
        return changes(await fresh.state(), await world.state())
    finally:
        await fresh.close()


def _outcome(made: Attempt, reward: Reward) -> Outcome:
    if made.ending == "done":
        return "success" if reward.value else "failure"
    return made.ending
