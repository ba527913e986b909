"""Judges many candidates and looks whether anything grows: `make soak`, or `python tests/soak/soak.py -n 300`.

The candidates are judged twice, by few and by many workers; the verdicts must be equal, and handles, threads and
memory of the process flat from the first tenth to the end. The last line is JSON; the exit code 1 if something is not
as it must be.
"""

import argparse
import asyncio
import gc
import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sca.dialogue.scheduler import run_all
from sca.records.contract import Task
from sca.sandbox.host import DockerSandbox, engine
from sca.sandbox.host.settings import RUN
from sca.scaffold import FOLDER
from sca.stages.validation import give_verdict

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest has it
from sandbox.cases import FAILURES, TASK, WORK

MIX: list[tuple[int, dict[str, Any], str | None]] = [
    (60, {"solution": FAILURES[0]}, "solution_fails"),
    (26, {"failure_cases": [WORK, *FAILURES]}, "failure_passes"),
    (2, {"solution": "while True: pass"}, "solution_timeout"),
    (2, {"solution": "import os; os.kill(os.getpid(), 9)"}, "solution_killed"),
    (2, {"solution": "while True: print('x' * 10_000)"}, "solution_output_limit"),
    (2, {"solution": "data = bytearray(10 << 30)"}, "solution_oom"),
    (6, {}, None),
]
"""Share in percent, what is changed in a sound task, and the reason that the verdict must give."""
Held = dict[str, float]
"""What a process holds of each thing."""
MORE = {"descriptors": 12, "threads": 4, "memory_mb": 40, "children": 0}
"""How much more of each there may be at the end than after the first tenth."""


def candidates(number: int, seed: int) -> tuple[list[Task], dict[str, str | None]]:
    """A seeded mix, and the reasons that are expected."""
    chance = random.Random(seed)
    tasks: list[Task] = []
    expected: dict[str, str | None] = {}
    for index in range(number):
        _, changes, reason = chance.choices(MIX, weights=[share for share, _, _ in MIX])[0]
        task = TASK.model_copy(update={"id": f"shop-50a4-{index:06}", **changes})
        tasks.append(task)
        expected[task.id] = reason
    return tasks, expected


def used() -> Held:
    """What this process holds now."""
    gc.collect()
    resident = Path("/proc/self/statm").read_text("ascii").split()[1]
    children = [child for task in Path("/proc/self/task").glob("*/children") for child in task.read_text().split()]
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "memory_mb": int(resident) * 4096 / 1e6,
        "children": len(children),
    }


async def judge_all(tasks: list[Task], workers: int, per_container: int) -> tuple[dict[str, str | None], list[Held]]:
    """Reasons by id, and what the process held each time another tenth was done."""
    reasons: dict[str, str | None] = {}
    held: list[Held] = []
    tenth = max(1, len(tasks) // 10)

    def take(result: tuple[str, str | None]) -> None:
        reasons[result[0]] = result[1]
        if len(reasons) % tenth == 0:
            held.append(used())
            print(f"{len(reasons)} of {len(tasks)} by {workers}: {held[-1]}", file=sys.stderr, flush=True)

    async with DockerSandbox(FOLDER, size=workers + 1, tasks_per_container=per_container) as sandbox:

        async def work(task: Task) -> tuple[str, str | None]:
            return task.id, (await give_verdict(task, sandbox)).reason

        losses = await run_all(tasks, work, take, workers)
        run = sandbox._settings.run
    client = engine.connect()
    left = client.containers(all=True, filters={"label": f"{RUN}={run}"})
    client.close()
    print(f"{losses.retried} retried, {len(losses.lost)} lost, {len(left)} containers left", file=sys.stderr)
    if losses.lost or left:
        raise SystemExit(f"{len(losses.lost)} tasks lost, {len(left)} containers left")
    return reasons, held


def main() -> int:
    """Judge twice, compare, and say how much more is held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5000, metavar="N", help="candidates (5000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks-per-container", type=int, default=64, metavar="N")
    arguments = parser.parse_args()
    tasks, expected = candidates(arguments.n, arguments.seed)
    started = time.monotonic()
    first, held = asyncio.run(judge_all(tasks, 2, arguments.tasks_per_container))
    second, again = asyncio.run(judge_all(tasks, 8, arguments.tasks_per_container))
    growth = {
        name: max(round(part[-1][name] - part[0][name], 1) for part in (held, again)) for name in MORE
    }  # from the first tenth to the last of each run
    wrong = {key: (first[key], expected[key]) for key in expected if first[key] != expected[key]}
    differing = [key for key in expected if first[key] != second[key]]
    flat = all(growth[name] <= most for name, most in MORE.items())
    figures = {
        "candidates": len(tasks), "wrong": len(wrong), "differing": len(differing), "growth": growth, "flat": flat,
        "seconds": round(time.monotonic() - started),
    }  # fmt: skip
    for key, (found, wanted) in list(wrong.items())[:10]:
        print(f"{key}: {found}, not {wanted}", file=sys.stderr)
    print(json.dumps(figures))
    return 0 if flat and not wrong and not differing else 1


if __name__ == "__main__":
    raise SystemExit(main())
