"""The filter of filters: hand-made retail tasks, half of them flawed as a small challenger's are; which are flagged?

    .venv/bin/python benchmarks/filter.py [FOLDER]

Tasks are in `filter/*.txt` (`good`, `lenient`, `missing`, `strict`), readable, and in `filter/tasks.jsonl` as
`sca validate` takes them. A task counts as flagged if it is not valid or carries a flag of the strictest thresholds.
Needs a Docker engine. The last line is JSON.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sca.dialogue.setting import Setting
from sca.judging.thresholds import STRICTEST
from sca.records.contract import JudgedTask, Task
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import give_verdict, judged, surroundings_of

FOLDER = Path(__file__).parent / "filter"
KINDS = ("good", "lenient", "missing", "strict")


def read_source(path: Path) -> Iterator[Task]:
    """Tasks of a readable file: `=== user`, the instruction, then `--- check`, `--- solution`, `--- failure` …"""
    for number, text in enumerate(path.read_text(encoding="utf-8").split("=== ")[1:], 1):
        start, _, rest = text.partition("\n")
        instruction, *parts = rest.split("\n--- ")
        named = [part.partition("\n")[::2] for part in parts]
        code = {name: body.rstrip() + "\n" for name, body in named if name != "failure"}
        yield Task(
            id=f"retail-filter-{path.stem}-{number:02}",
            environment="retail",
            instruction=instruction.strip(),
            evaluation_function=code["check"],
            solution=code["solution"],
            failure_cases=[body.rstrip() for name, body in named if name == "failure"],
            start=start.strip(),
            origin={"method": "by hand", "kind": path.stem},
        )


def read_all(folder: Path) -> list[Task]:
    """The tasks of every kind."""
    return [task for kind in KINDS for task in read_source(folder / f"{kind}.txt")]


def flags(task: JudgedTask) -> list[str]:
    """What is held against it."""
    return STRICTEST.objections(task) if task.verdict.valid else [str(task.verdict.reason)]


async def judge_all(tasks: list[Task]) -> list[JudgedTask]:
    """The verdict on each, with its quality, in real containers."""
    setting = Setting.open("retail")
    surroundings = surroundings_of(setting)
    room = asyncio.Semaphore(2)
    async with DockerSandbox(setting.folder, size=2) as sandbox:

        async def one(task: Task) -> JudgedTask:
            async with room:
                return judged(task, await give_verdict(task, sandbox, surroundings))

        return await asyncio.gather(*(one(task) for task in tasks))


def main() -> None:
    """Print each miss, the table of confusion and the figures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    tasks = read_all(folder)
    lines = (task.model_dump_json(exclude_defaults=True) + "\n" for task in tasks)
    (folder / "tasks.jsonl").write_text("".join(lines), encoding="utf-8")
    found = asyncio.run(judge_all(tasks))
    table: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for task in found:
        kind, held = task.origin["kind"], flags(task)
        table[kind].update(held or ["unflagged"])
        table[kind]["tasks"] += 1
        table[kind]["flagged"] += bool(held)
        if bool(held) is (kind == "good"):
            print(f"{task.id}: {', '.join(held) or 'not flagged'}")
    columns = ["tasks", "flagged", *sorted({name for row in table.values() for name in row} - {"tasks", "flagged"})]
    print(f"{'':8}" + "".join(f"{name:>14}" for name in columns))
    for kind, row in table.items():
        print(f"{kind:8}" + "".join(f"{row[name]:>14}" for name in columns))
    flawed = [row for kind, row in table.items() if kind != "good"]
    figures = {
        "flawed": sum(row["tasks"] for row in flawed),
        "flawed_flagged": sum(row["flagged"] for row in flawed),
        "good": table["good"]["tasks"],
        "good_flagged": table["good"]["flagged"],
        **{f"{kind}_flagged": table[kind]["flagged"] for kind in KINDS[1:]},
        "programs_per_task": round(sum(task.verdict.quality.get("programs", 0) for task in found) / len(found), 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
