"""Flags of `sca train --online`; without it each of them is refused."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sca.cli import roles, users
from sca.cli.containers import Containers

Online = Annotated[
    bool,
    typer.Option("--online", help="ppo, grpo: make the attempts here, with the weights in training; needs --tasks."),
]
Tasks = Annotated[
    Path | None,
    typer.Option(
        "--tasks", metavar="FILE", help="online: tasks to attempt, as of `sca validate`.", show_default=False
    ),
]
Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="NAME|FOLDER",
        help="online: where the tasks' environment lies.",
        show_default="found by name",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="FOLDER", help="online: data of the environment.", show_default="its own"),
]
Iterations = Annotated[
    int | None,
    typer.Option(
        "--iterations",
        min=1,
        metavar="N",
        help="online: rounds of attempts and steps; with more of them a finished run goes on.",
        show_default="10",
    ),
]
TasksPerIteration = Annotated[
    int | None,
    typer.Option("--tasks-per-iteration", min=1, metavar="N", help="online: at most all.", show_default="32"),
]
Attempts = Annotated[
    int | None,
    typer.Option("--attempts", min=1, metavar="N", help="online: at each task of an iteration.", show_default="8"),
]
Engine = Annotated[
    Literal["transformers", "vllm"] | None,
    typer.Option(
        "--engine",
        help="online: what makes the attempts: `transformers` runs the very model in training; `vllm` gets its "
        "weights each time, without a restart.",
        show_default="transformers",
    ),
]
Guard = Annotated[
    Literal["stop", "rollback", "none"] | None,
    typer.Option(
        "--guard",
        help="online: when the model collapses, stop with the best weights so far, go back to them and on at half "
        "the learning rate, or do nothing.",
        show_default="stop",
    ),
]
RewardName = Annotated[
    Literal["check", "state", "official"] | None,
    typer.Option("--reward", help="online: as of `sca rollout`.", show_default="check"),
]


@dataclass(frozen=True)
class Flags:
    """What was said of an online run; None where nothing was."""

    tasks: Path | None
    env: str | None
    data: Path | None
    iterations: int | None
    per_iteration: int | None
    attempts: int | None
    guard: Literal["stop", "rollback", "none"] | None
    reward: Literal["check", "state", "official"] | None
    engine: Literal["transformers", "vllm"] | None
    engine_option: list[str] | None
    role: roles.Flags
    user: users.Flags
    concurrency: int | None
    containers: Containers

    def named(self) -> dict[str, Any]:
        """By the names of the flags."""
        return {
            "--tasks": self.tasks,
            "--env": self.env,
            "--data": self.data,
            "--iterations": self.iterations,
            "--tasks-per-iteration": self.per_iteration,
            "--attempts": self.attempts,
            "--guard": self.guard,
            "--reward": self.reward,
            "--engine": self.engine,
            "--engine-option": self.engine_option or None,
            **self.role.named(),
            **self.user.named(),
            "--concurrency": self.concurrency,
            "--runtime": self.containers.runtime,
            "--image": self.containers.image,
        }
