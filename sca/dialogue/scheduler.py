"""Many episodes at once: bounded, retried where the machinery failed, handed on as they end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sca.dialogue.collecting import short_passes
from sca.dialogue.stalls import Stalls, watching
from sca.errors import InfraError, ScaError

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """How long faults of the machinery are borne."""

    attempts: int = 3
    """Tries at one job, each after a longer pause."""
    pause: float = 0.5
    """Seconds before the second try; doubled each time."""
    losses: int = 8
    """So many jobs lost in a row stop the run: the machinery is down, not unlucky."""


@dataclass
class Losses(Generic[Job]):
    """What the machinery failed: in no output, to be done again by the same command."""

    retried: int = 0
    lost: list[tuple[Job, str]] = field(default_factory=list)
    stalls: Stalls = field(default_factory=Stalls)
    """When nothing went on because one step took too long."""


async def run_all(
    jobs: Iterable[Job],
    work: Callable[[Job], Awaitable[Result]],
    take: Callable[[Result], None],
    concurrency: int,
    patience: Patience | None = None,
) -> Losses[Job]:
    """Do every job, at most `concurrency` at a time; `take` gets each result, in the order of their ends.

    Raises `InfraError` when the machinery is down, after which everything taken so far still stands. Any other
    exception of `work` is a bug, and raised when all other jobs are done, or when it comes as often in a row as is
    borne of the machinery.
    """
    patience = patience or Patience()
    losses: Losses[Job] = Losses()
    waiting = iter(jobs)
    bugs: list[Exception] = []
    in_a_row = 0

    async def one(job: Job) -> None:
        nonlocal in_a_row
        for attempt in range(1, patience.attempts + 1):
            try:
                result = await work(job)
            except InfraError as error:
                if attempt == patience.attempts:
                    losses.lost.append((job, str(error)))
                    in_a_row += 1
                    if in_a_row >= patience.losses:
                        raise
                    return
                losses.retried += 1
                await asyncio.sleep(patience.pause * 2 ** (attempt - 1))
            except ScaError:
                raise
            except Exception as error:  # what one model wrote must not cost others their jobs
                bugs.append(error)
                in_a_row += 1
                if in_a_row >= patience.losses:
                    raise
                return
            else:
                in_a_row = 0
                take(result)
                return

    async def worker() -> None:
        for job in waiting:
            await one(job)

    try:
        with short_passes() as passes, watching(losses.stalls, passes):
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    if bugs:
        bugs[0].add_note(f"This is a bug, met by {len(bugs)} of the jobs; all others were done first.")
        raise bugs[0]
    return losses


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """What stopped the run: the first error that is not a group."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
