"""Where code that a model wrote runs: the seam between the project and its containers.

    Sandbox ── hands out ──▸ Box (a started container) ── makes ──▸ World (a state process)
                                                                     ├ run        one program, start to end
                                                                     ├ evaluate   a check; the state stays as it is
                                                                     └ session    a prompt whose variables live on

Verdicts are made on the host from these answers. A machine part that breaks raises `SandboxError`; it never
looks like an answer. Nothing here says which program is a solution, a failure case or an attempt.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

Status = Literal[
    "ok",
    "exception",  # it raised, see `Run.exception`
    "tool_error",  # it was ended by a ToolError that it did not catch
    "syntax",  # it does not parse
    "no_evaluate",  # a check that defines no callable `evaluate`
    "non_bool",  # `evaluate` returned something other than True or False
    "timeout",
    "oom",
    "output_limit",
    "exit",  # it ended itself: sys.exit, os._exit
    "crash",  # a signal such as SIGSEGV
    "killed",  # SIGKILL that was not ours
    "bad_result",  # `result` cannot be rendered, is too large or too deep, or its frame was forged
    "tool_limit",  # too many tool calls
    "too_large",  # the source; found before any container is used
]


@dataclass(frozen=True)
class Limits:
    """What one program may use. Printed in the sidecar."""

    source_bytes: int = 64 * 1024  # an instruction, too, may have so many
    cpu_seconds: float = 2.0
    wall_seconds: float = 10.0
    """Less the time that the process waited for a core."""
    memory_bytes: int = 512 * 1024 * 1024
    processes: int = 64
    tool_calls: int = 500
    argument_bytes: int = 64 * 1024
    result_bytes: int = 1024 * 1024
    output_bytes: int = 4 * 1024 * 1024
    output_kept: int = 64 * 1024
    answer_bytes: int = 64 * 1024
    answer_depth: int = 64

    def asdict(self) -> dict[str, Any]:
        """For a sidecar or a frame."""
        return asdict(self)


@dataclass(frozen=True)
class Raised:
    """An exception as the program saw it."""

    type: str
    bases: tuple[str, ...]
    """Names of the classes it descends from, nearest first, itself included."""
    message: str
    traceback: str
    """Cut to the program's own frames."""


@dataclass(frozen=True)
class Call:
    """A tool call as the state process saw it."""

    name: str
    kind: Literal["read", "write", "move", "check"]
    arguments: dict[str, Any]
    """By name; those of `*args` as a list, those of `**kwargs` as an object."""
    error: str | None = None
    made: tuple[list[Any], dict[str, Any]] | None = None
    """Positional and keyword arguments with which the tool was called; None where the call never reached it."""


@dataclass(frozen=True)
class Run:
    """How one program ended."""

    status: Status
    result: str | None = None
    """`result` of the program as text (JSON unless it was a string), or None where it set none."""
    verdict: bool | None = None
    """What `evaluate` returned, only of `World.evaluate`."""
    output: str = ""
    """stdout and stderr, head and tail kept."""
    exception: Raised | None = None
    shown: str = ""
    """What a prompt shows of an action's last expression."""
    problems: tuple[str | None, ...] = ()
    """Of a parse: what is wrong with each source."""
    calls: tuple[Call, ...] = ()
    wrote: bool = False
    """Whether the state differs from before, or a write tool was called without being refused."""
    ended: bool = False
    """Whether a tool that ends the episode was called."""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0


@dataclass(frozen=True)
class Observation:
    """What an agent sees of one action, and how it ended."""

    text: str
    """Printed text, repr of a last expression, traceback cut to the agent's own frames; not yet cut to length."""
    run: Run = field(default_factory=lambda: Run("ok"))


class Session(Protocol):
    """A Python prompt over one world; variables live on from one action to the next."""

    async def execute(self, source: str) -> Observation:
        """Run one action. After a time-out the variables are lost, not the state, and the text says so."""

    async def close(self) -> None:
        """End its process. Closing twice is fine."""


class World(Protocol):
    """One state, pristine when made; changed only by tool calls of the programs that run in it."""

    async def run(self, source: str, *, ours: bool = False) -> Run:
        """Run a program to its end in a fresh process. One of `ours`, of recorded calls, may be of any size."""

    async def trial(self, source: str, check: str) -> tuple[Run, Run | None]:
        """Run a program to its end and then, if that ended by itself with an answer or none, a check, once.

        The same as `run` and `evaluate` with the program's answer, on one way to the container and back.
        """

    async def evaluate(self, source: str, answer: str, times: int = 2) -> list[Run]:
        """Run a check `times` times, each in a fresh process; whatever it does, this state stays as it is."""

    async def session(self) -> Session:
        """Open a prompt."""

    async def state_hash(self) -> str:
        """sha256 of `json.dumps(state, sort_keys=True, ensure_ascii=False)`, in hex.

        Raises `StateLost` when a program called a tool that hung, or one that left what cannot be written as JSON.
        """

    async def digest(self) -> str:
        """Tells this state with its marks from another in the same sandbox, several times faster than `state_hash`.

        Raises `StateLost` as `state_hash` does.
        """

    async def state(self) -> Any:
        """The state itself, for `--state-changes`. Raises `StateLost` as `state_hash` does."""

    async def marks(self) -> dict[str, Any]:
        """What tools did that is no part of the state. Raises `StateLost` as `state_hash` does."""

    async def close(self) -> None:
        """End the state process and whatever runs on it. Closing twice is fine."""


class Box(Protocol):
    """A started container with the environment loaded."""

    @property
    def counts(self) -> str:
        """What counts in the environment: the `state`, the `answer`, or `both`."""

    async def world(self, family: str | None = None) -> World:
        """A fresh copy of the environment's state, with the tools of `family`."""

    async def parse(self, sources: Sequence[str]) -> list[str | None]:
        """For each source None, or what is wrong with its syntax, found inside by a process that runs nothing."""


class Sandbox(Protocol):
    """A pool of boxes of one environment. Entered as an async context manager."""

    limits: Limits

    async def __aenter__(self) -> "Sandbox":
        """Find the engine, build the image if it is missing, prove the limits (attestation)."""

    async def __aexit__(self, *exc: object) -> None:
        """Remove every container of this pool."""

    def box(self, *, shared: bool = False) -> AbstractAsyncContextManager[Box]:
        """A box: a fresh one of one's own, or one shared with other live episodes."""

    def describe(self) -> dict[str, Any]:
        """What a sidecar says of it: image id, engine version, runtime, limits, attestation."""
