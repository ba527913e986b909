"""How fast programs, verdicts and tasks go through the sandbox, beside what one would write instead, in one run.

    .venv/bin/python benchmarks/sandbox.py

Needs a Docker engine; takes some minutes. The last line is JSON. Rates leave out the candidates that run into a
time-out, whose cost is told apart. On a busy machine only ratios and CPU times say anything.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from parts import alternatives, machine, mix

from sca.judging.verdict import judge
from sca.records.contract import Task
from sca.sandbox import Limits, Sandbox
from sca.sandbox.host import DockerSandbox, engine
from sca.sandbox.host.image import find_or_build
from sca.sandbox.host.pool import content
from sca.sandbox.host.settings import Settings
from sca.stages.validation import give_verdict

FIGURES = (
    "program_ms_p50",
    "verdict_ms_p50",
    "tasks_per_s_fresh",
    "ratio_bare_container",
    "tasks_per_s_64",
    "ratio_naive",
    "ratio_subprocess",
)
FOLDER = Path(__file__).parent / "warehouse"
WORKERS = 2
"""Tasks, containers or processes at a time, the same for each alternative."""


async def main() -> None:
    """Measure everything, and print it as it comes."""
    print(machine.about())
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        print(f"a database of {mix.write_database(data) / 1e6:.1f} MB; {WORKERS} at a time")
        found = mix.candidates()
        figures: dict[str, float] = {}
        pool = partial(DockerSandbox, FOLDER, data=data)
        async with pool(size=1, tasks_per_container=10**9) as sandbox:
            figures["program_ms_p50"] = await program_ms(sandbox)
            figures["verdict_ms_p50"] = await verdict_ms(sandbox)
        async with pool(size=WORKERS, tasks_per_container=64) as sandbox:
            figures["tasks_per_s_64"] = await rate("64 tasks a container", found["others"], sandbox)
            await rate("candidates that time out", found["time-outs"], sandbox)
        bare = [await asyncio.to_thread(bare_rate, data)]  # before and after: the machine may have other work
        async with pool(size=WORKERS) as sandbox:
            figures["tasks_per_s_fresh"] = await rate("a fresh container for each", found["others"][:60], sandbox)
        bare.append(await asyncio.to_thread(bare_rate, data))
        figures["ratio_bare_container"] = figures["tasks_per_s_fresh"] / statistics.mean(bare)
        figures |= compare(found["others"], data, figures)
    print(json.dumps({name: round(figures[name], 2) for name in FIGURES}))


async def program_ms(sandbox: Sandbox, times: int = 150) -> float:
    """A program of ten tool calls on a fresh state, in a started container: median of milliseconds."""

    async def once(number: int) -> None:
        world = await box.world()
        run = await world.run(mix.program(number))
        await world.close()
        assert run.status == "ok", run
        assert len(run.calls) == 10, run

    async with sandbox.box() as box:
        return await median("a program", once, range(times))


async def verdict_ms(sandbox: Sandbox, times: int = 40) -> float:
    """A whole verdict on a sound task, in a started container: median of milliseconds."""

    async def once(number: int) -> None:
        judgement = await judge(mix.candidate(number, "sound"), box, sandbox.limits)
        assert judgement.sound, judgement.problems

    async with sandbox.box() as box:
        return await median("a verdict", once, range(times))


async def median(name: str, work: Callable[[int], Awaitable[None]], numbers: Iterable[int]) -> float:
    """Median of the milliseconds that `work` takes, one after the other; the first is not counted."""
    await work(0)
    meter, taken = machine.Meter(), []
    for number in numbers:
        started = time.perf_counter()
        await work(number)
        taken.append(1e3 * (time.perf_counter() - started))
    middle = statistics.median(taken)
    print(f"{name:28} p50 {middle:.1f} ms, min {min(taken):.1f}; {meter.spent().per(len(taken))}", flush=True)
    return middle


async def rate(name: str, tasks: list[Task], sandbox: Sandbox) -> float:
    """Verdicts a second, confirmation included."""
    places = asyncio.Semaphore(2 * WORKERS)

    async def once(task: Task) -> None:
        async with places:
            await give_verdict(task, sandbox)

    meter = machine.Meter()
    await asyncio.gather(*map(once, tasks))
    return told(name, len(tasks), meter)


def bare_rate(data: Path) -> float:
    """Containers a second that are created, started and removed, and do nothing."""
    client, made = engine.connect(), content(FOLDER, data)
    config = Settings(find_or_build(client, made), made, Limits()).container(1) | {"OpenStdin": False}
    found = each("bare containers", lambda _: alternatives.bare(client, config), list(range(20)))
    client.close()
    return found


def compare(tasks: list[Task], data: Path, figures: dict[str, float]) -> dict[str, float]:
    """How many times faster than the alternatives we are."""
    client = engine.connect()
    image = find_or_build(client, content(FOLDER, data))
    naive = each("a container for a program", lambda t: alternatives.in_containers(t, client, image), tasks[:12])
    plain = each("a process for a program", lambda t: alternatives.in_process(t, FOLDER, data), tasks[:40])
    client.close()
    ours = figures["tasks_per_s_64"]
    return {"ratio_naive": ours / naive, "ratio_subprocess": ours / plain}


def each(name: str, work: Callable[[Any], object], items: list[Any]) -> float:
    """Rate of something that blocks."""
    meter = machine.Meter()
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(work, items))
    return told(name, len(items), meter)


def told(name: str, count: int, meter: machine.Meter) -> float:
    """Print a rate, and give it back."""
    spent = meter.spent()
    print(f"{name:28} {count / spent.wall:.2f}/s; each {spent.per(count)}", flush=True)
    return count / spent.wall


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
