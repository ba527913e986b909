"""Online: the model attempts tasks, learns from its attempts, and goes on with the next ones.

An iteration draws tasks, has them attempted with the weights as they are, and takes optimiser steps on what came out.
What is kept of it: the attempts, `iteration-0001.jsonl` and so on; a line in `iterations.jsonl`, the curve; a line a
step in the metrics; and at its end the state that the next one begins with. So a run that was killed does again only
what the interrupted iteration lacks.

Of several processes the first one has the attempts made and tells them to the others; all take the steps together.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sca.dialogue.attempts import Agent, Job, play
from sca.dialogue.scheduler import Losses, run_all
from sca.engines import Engine
from sca.engines.resident import Resident
from sca.errors import InfraError
from sca.judging.estimates import bootstrap
from sca.judging.opinion import ModelJudge
from sca.judging.reward import Judge
from sca.records.contract import Task, Trajectory
from sca.records.ids import seed_for, settings_hash
from sca.records.output import Output
from sca.sandbox import Sandbox
from sca.stages.rollouts import count_attempts
from sca.training import processes
from sca.training.algorithms import zero_signal
from sca.training.attempts import Reader, Selection
from sca.training.guard import Guard, GuardRules
from sca.training.history import History, keep
from sca.training.learner import Learner

TRIES = 3
"""So often the attempts of an iteration that the machinery failed are made anew, beyond the scheduler's own tries."""


@dataclass(frozen=True)
class Scene:
    """Where the tasks of one environment are attempted, by whom, and who judges."""

    environment: str
    agent: Callable[[int], Agent]
    """With the seed of an iteration."""
    judge: Judge | ModelJudge
    sandbox: Callable[[], AbstractAsyncContextManager[Sandbox]]


@dataclass(frozen=True)
class Online:
    """What shapes an online run, beside the algorithm's settings; how many iterations it has does not."""

    tasks: Sequence[Task]
    per_iteration: int
    """Tasks; at most all."""
    attempts: int
    """At each task."""
    seed: int
    guard: GuardRules
    rollouts: dict[str, Any]
    """How attempts are made, for the sidecars."""

    def drawn(self, iteration: int) -> list[Task]:
        """The tasks of an iteration (from 1): all of them in a new order, over and over, and none twice in one."""
        count = min(self.per_iteration, len(self.tasks))
        waiting: list[Task] = []
        chosen: list[Task] = []
        epoch = 0
        for _ in range(iteration):
            if len(waiting) < count:
                order = random.Random(f"{self.seed}:{epoch}").sample(list(self.tasks), len(self.tasks))
                left = {task.id for task in waiting}
                waiting += [task for task in order if task.id not in left]
                waiting += [task for task in order if task.id in left]
                epoch += 1
            chosen, waiting = waiting[:count], waiting[count:]
        return chosen


class Listener(Protocol):
    """Hears how a run goes on."""

    def attempted(self, iteration: int, attempts: int, successes: int, tokens: int) -> None:
        """So many attempts of an iteration are there; `tokens` were sampled by this run."""

    def learned(self, line: dict[str, Any]) -> None:
        """An iteration is over; `line` is its line in `iterations.jsonl`."""


@dataclass(frozen=True)
class Attempts:
    """What an iteration learns from."""

    made: list[Trajectory]
    retried: int
    """Tries that the machinery failed and that were made again; none of them counts as an attempt."""
    tokens_per_second: float | None
    """Sampled; None where all attempts were there already."""
    seconds: float


@dataclass
class OnlineRun:
    """A run, with what it works with."""

    plan: Online
    scenes: Sequence[Scene]
    engines: Sequence[Engine | Resident]
    """All that attempts need; the agent's runs the learner's own model, or gets its weights when it is entered."""
    learner: Learner
    reader: Callable[[], Reader]
    history: History
    folder: Path
    """Of the attempts and states."""
    concurrency: int
    heard: Listener

    def __post_init__(self) -> None:
        self.guard = Guard(self.plan.guard)
        self.tokens = 0
        self.lines: list[dict[str, Any]] = []

    def run(self, iterations: int) -> list[dict[str, Any]]:
        """Iterate until there are so many, or the guard stops; returns all lines of `iterations.jsonl`.

        Goes on where an interrupted run was. Raises `InfraError` where attempts cannot be made.
        """
        with asyncio.Runner() as runner:  # one event loop for all iterations: an engine may live through them
            try:
                return self._run(iterations, runner)
            finally:
                runner.run(self._close())

    def _run(self, iterations: int, runner: asyncio.Runner) -> list[dict[str, Any]]:
        done = self.learner.load(self.folder / "state")
        processes.agreed(None)  # all have read before the first one writes
        self.lines, self.history.steps = processes.agreed(([], 0) if processes.rank() else self._resumed(done))
        for line in self.lines:
            self.guard.rewarded(line["iteration"], line["reward"])
            self.guard.updated(line)
        if not done:
            self.learner.save(self.folder / "state", 0)
        while done < iterations and not self.guard.stopped:
            done += 1
            line = self._iterate(done, runner)
            self.history.add(line)
            self.lines.append(line)
            self.learner.save(self.folder / "state", done)
            self.heard.learned(line)
        return self.lines

    def _resumed(self, done: int) -> tuple[list[dict[str, Any]], int]:
        return self.history.resume(done), self.history.steps

    async def _close(self) -> None:
        for engine in self.engines:
            if isinstance(engine, Resident):
                await engine.close()

    def _iterate(self, iteration: int, runner: asyncio.Runner) -> dict[str, Any]:
        attempts: Attempts = processes.agreed(
            None if processes.rank() else runner.run(self._attempt(iteration, self.plan.drawn(iteration)))
        )  # type: ignore[assignment]  # the first process's, which is never None
        reader = self.reader()
        selection = self.learner.algorithm.select(attempts.made, reader)
        line = figures_of(iteration, attempts, selection)
        if self.guard.rewarded(iteration, line["reward"]) and not processes.rank():
            keep(self.folder / "state", self.folder / "best")
        began = time.monotonic()
        line |= self._learn(iteration, selection, line)
        line |= {"learning_seconds": round(time.monotonic() - began, 3), "guard": self.guard.updated(line)}
        if line["guard"]:
            processes.agreed(None)  # the first one has kept it
            self.learner.load(self.folder / "best")
            line |= {"back_to": self.guard.best}
        return line

    def _learn(self, iteration: int, selection: Selection, line: dict[str, Any]) -> dict[str, Any]:
        """Take the steps of an iteration; means of their figures, and how far engine and trainer are apart."""
        shared = {
            name: line[name] for name in ("reward", "attempts", "zero_signal", "length", "rollout_tokens_per_second")
        }
        steps = []
        for figures in self.learner.update(selection, self.history.steps, self.guard.rate):
            steps.append(figures)
            self.history.add_step({"step": self.history.steps + 1, "iteration": iteration, **figures, **shared})
        means = {
            name: _mean([step[name] for step in steps]) for name in ("kl", "entropy", "clip_fraction", "grad_norm")
        }
        apart = {name: steps[0][name] if steps else None for name in ("mismatch_kl", "mismatch_mean", "mismatch_max")}
        return {"steps": len(steps), **means, **apart, "lr": steps[0]["lr"] if steps else None}

    async def _attempt(self, iteration: int, tasks: Sequence[Task]) -> Attempts:
        """Make the attempts of an iteration that are not there yet."""
        seed = seed_for(self.plan.seed, f"iteration-{iteration}", 0)
        settings = {**self.plan.rollouts, "iteration": iteration, "seed": seed}
        began, before, retried = time.monotonic(), self.tokens, 0
        with Output.open(self.folder / f"iteration-{iteration:04d}.jsonl", Trajectory, settings) as out:
            jobs = [Job(task, number) for number in range(self.plan.attempts) for task in tasks]
            async with AsyncExitStack() as stack:
                if any(job.id not in out.done for job in jobs):
                    for engine in self.engines:
                        await stack.enter_async_context(engine)
                for scene in self.scenes:
                    own = [
                        job for job in jobs if job.task.environment == scene.environment and job.id not in out.done
                    ]
                    if own:
                        retried += await self._act(scene, own, out, iteration, seed, settings_hash(settings))
            made = list(out.records())
            out.finish(counts=count_attempts(made))
        seconds = time.monotonic() - began
        sampled = self.tokens - before
        return Attempts(made, retried, round(sampled / seconds, 1) if sampled else None, round(seconds, 3))

    async def _act(
        self, scene: Scene, jobs: Sequence[Job], out: Output[Trajectory], iteration: int, seed: int, run: str
    ) -> int:
        """Make attempts in one environment; how many tries were made again. Raises `InfraError` where some fail."""
        agent = scene.agent(seed)
        successes: int = sum(one.reward for one in out.records())
        retried = 0

        def take(attempt: Trajectory) -> None:
            nonlocal successes
            out.write(attempt)
            successes += attempt.reward
            self.tokens += attempt.usage.get("completion_tokens", 0)
            self.heard.attempted(iteration, len(out.done), successes, self.tokens)

        async with scene.sandbox() as sandbox:

            async def work(job: Job) -> Trajectory:
                return await play(job, agent, sandbox, scene.judge, run)

            for _ in range(TRIES):
                losses: Losses[Job] = await run_all(jobs, work, take, self.concurrency)
                retried += losses.retried + len(losses.lost)
                if not losses.lost:
                    return retried
                jobs = [job for job, _ in losses.lost]
        raise InfraError(
            f"iteration {iteration} lacks {len(jobs)} attempts that the machinery failed ({losses.lost[0][1]}); "
            "nothing was learned from it yet, and the same command goes on"
        )


def figures_of(iteration: int, attempts: Attempts, selection: Selection) -> dict[str, Any]:
    """What came out of an iteration's attempts, its reward with a 95% interval over tasks."""
    made = attempts.made
    rewards: dict[str, list[int]] = {}
    for one in made:
        rewards.setdefault(one.task_id, []).append(one.reward)
    reward = bootstrap([sum(task) / len(task) for _, task in sorted(rewards.items())])
    return {
        "iteration": iteration,
        "reward": reward.value,
        "reward_low": reward.low,
        "reward_high": reward.high,
        "tasks": len(rewards),
        "attempts": len(made),
        "successes": sum(one.reward for one in made),
        "zero_signal": zero_signal(made),
        "trained_on": len(selection.attempts),
        "left_out": dict(selection.dropped),
        "outcomes": dict(Counter(one.outcome for one in made).most_common()),
        "length": sum(one.usage.get("completion_tokens", 0) for one in made) / len(made),
        "retried": attempts.retried,
        "rollout_seconds": attempts.seconds,
        "rollout_tokens_per_second": attempts.tokens_per_second,
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
