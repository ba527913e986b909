"""M3ToolEval's tasks and tables as records and data of `calculation` and `web_browsing`.

https://github.com/xingyaoww/code-act, `scripts/eval/m3tooleval`. Its files compute their tasks, so they are run, in
the sandbox and nowhere else; an export is what comes back.
"""

import ast
import hashlib
import inspect
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sca.errors import BadInput, ScaError, UsageError
from sca.published import m3_inside
from sca.records.contract import Task
from sca.records.ids import task_id
from sca.records.problems import problems
from sca.sandbox import Limits, Sandbox

LIMITS = Limits(source_bytes=2**20, cpu_seconds=10.0, wall_seconds=60.0, answer_bytes=2**20)
"""Of the one program that imports the benchmark's files."""
MESSAGES = "message_decoder"
"""A family whose tools hide no builtins from the program."""
WRONG: dict[str, tuple[str, list[Any]]] = {
    "message_decoder/longest_decoded_string": (
        "asks for the longest message, but the reference is a length; the messages are equally long",
        ["kcH", "deH", "jdG"],
    ),
    "trade_calculator/estimate_final_value": (
        "gives the tariff in units, but the reference takes it for percent",
        [157.5],
    ),
}
"""References that do not answer their instruction: why, and what does."""
TIES: dict[str, tuple[str, list[Any]]] = {
    "cryptobotanists_plant_dna_sequencer/find_most_common_nucleotide_and_transcribe": (
        "three nucleotides are equally common, the reference is one of them",
        ["UUU", "CCC", "GGG"],
    ),
    "cryptobotanists_plant_dna_sequencer/validate_find_longest_valid_sequence": (
        "two sequences are equally long, the reference is one of them",
        ["AGCTAG", "GTCAGT"],
    ),
    "cryptobotanists_plant_dna_sequencer/find_most_common_nucleotide_combined_sequence": (
        "all nucleotides are equally common, and the reference is one of them with its count",
        [[letter, 3] for letter in "ACGT"] + list("ACGT"),
    ),
    "travel_itinerary_planning/plan_trip_to_0": (
        "two hotels are suitable and the instruction does not choose, the reference is the first",
        [1050, 700],
    ),
}
"""References that are one answer of several: what else is right."""
UNREACHABLE = "needs a page that no link leads to: --env web_browsing+any_address"
TO_THE_LETTER = "the official check wants this reference to the letter, as Python writes it"
UNROUNDED = "the reference is not rounded, although two decimals are asked for"
CUT_OFF = "the official check also accepts the reference without its fraction"


class _Model(BaseModel):
    model_config = ConfigDict(strict=True)


class _Told(_Model):
    name: str
    instruction: str
    expected_output: str
    tools: list[str]


class Export(_Model):
    """What the benchmark's files hold."""

    tasks: list[_Told]
    flights: list[dict[str, Any]]
    hotels: list[dict[str, Any]]
    pages: dict[str, str]


def files_of(folder: Path) -> dict[str, str]:
    """The benchmark's files by path, from its folder or from its repository. Raises `UsageError` without them."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    root = next((f for f in (folder, folder / "scripts/eval/m3tooleval") if (f / "tasks/base.py").is_file()), None)
    if root is None:
        raise UsageError(f"{folder} holds no tasks/base.py; name `scripts/eval/m3tooleval` of xingyaoww/code-act")
    wanted = (path for path in sorted((root / "tasks").rglob("*")) if path.suffix in {".py", ".json", ".jsonl"})
    try:
        return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in wanted}
    except (OSError, UnicodeDecodeError) as error:
        raise ScaError(f"cannot read the files of {root}: {error}") from error


async def export(files: Mapping[str, str], sandbox: Sandbox) -> Export:
    """Run the files in a sandbox made with `LIMITS`. Raises `BadInput` where they do not run."""
    source = f"{inspect.getsource(m3_inside)}\n\nresult = held({dict(files)!r})\n"
    async with sandbox.box() as box:
        world = await box.world(MESSAGES)
        try:
            run = await world.run(source)
        finally:
            await world.close()
    if run.status != "ok" or run.result is None:
        why = f"{run.exception.type}: {run.exception.message}" if run.exception else run.status
        raise BadInput([f"tasks: cannot be run: {why}"], hint="these must be the files of M3ToolEval, unchanged")
    try:
        return Export.model_validate_json(run.result)
    except ValidationError as error:
        raise BadInput([f"tasks: {problem}" for problem in problems(error)]) from None


def tasks_of(found: Export, families: Mapping[str, Collection[str]], digest: str) -> dict[str, list[Task]]:
    """Records by environment. `families`: tools of each family of calculation, by which tasks are told apart;
    `digest`: 6 hex digits of the files, for ids. Raises `BadInput` for a task with other tools.
    """
    made: dict[str, list[Task]] = {"calculation": [], "web_browsing": []}
    for told in found.tasks:
        family = next((name for name, tools in families.items() if set(tools) == set(told.tools)), None)
        environment = "calculation" if family else "web_browsing"
        if family is None and "click_url" not in told.tools:
            raise BadInput(
                [f"tasks: {told.name}: has tools that no family of calculation has: {', '.join(told.tools)}"]
            )
        number = len(made[environment])
        made[environment].append(_task(told, environment, family, task_id(environment, digest, number), found.pages))
    return made


def _task(told: _Told, environment: str, family: str | None, name: str, pages: Mapping[str, str]) -> Task:
    try:
        expected = ast.literal_eval(told.expected_output)
    except (ValueError, SyntaxError) as error:
        raise BadInput([f"tasks: {told.name}: expected_output: is no plain value: {error}"]) from None
    origin: dict[str, Any] = {"method": "m3tooleval", "name": told.name}
    if defects := defects_of(told, expected, environment, pages):
        origin["defects"] = defects
    return Task(
        id=name,
        environment=environment,
        family=family,
        instruction=told.instruction.strip(),
        evaluation_function=_check(told.name, expected, environment),
        expected_output=told.expected_output,
        origin=origin,
    )


def _check(name: str, expected: Any, environment: str) -> str:
    """Our own check: what is right, whatever the reference says; two decimals where the site writes them."""
    right = WRONG[name][1] if name in WRONG else TIES[name][1] if name in TIES else [expected]
    money = environment == "web_browsing" and isinstance(expected, float)
    values = [round(value, 2) if money else value for value in right]
    clauses = [f"same(answer, {value!r}{', decimals=2' if money else ''})" for value in values]
    return f"def evaluate(answer):\n    return {' or '.join(clauses)}\n"


def defects_of(told: _Told, expected: Any, environment: str, pages: Mapping[str, str]) -> list[str]:
    """What is known to be wrong with a task or its reference, for figures to be read with."""
    found = [known[told.name][0] for known in (WRONG, TIES) if told.name in known]
    if environment == "web_browsing":
        seen = " ".join(_reachable(pages))
        needed = expected if isinstance(expected, str) else _department(told.instruction)
        found += [UNREACHABLE] if needed and needed not in seen else []
        found += [UNROUNDED] if isinstance(expected, float) and round(expected, 2) != expected else []
    elif isinstance(expected, float) and expected != int(expected):
        found.append(CUT_OFF)
    return found + ([TO_THE_LETTER] if isinstance(expected, list | dict | tuple) else [])


def _department(instruction: str) -> str | None:
    """How pages write the department whose people an instruction counts."""
    counted = re.search(r"the (.+) Department\?", instruction)
    return f"{counted[1]} Team:\n" if counted else None


def _reachable(pages: Mapping[str, str]) -> Iterator[str]:
    """The text of each page that links lead to, from the start page on."""
    ahead, seen = ["/"], {"/"}
    while ahead:
        text = pages.get(ahead.pop(), "")
        yield text
        for url in re.findall(r"\[Clickable '([^']*)'\]", text):
            if url not in seen:
                seen.add(url)
                ahead.append(url)


def data_of(found: Export) -> dict[str, dict[str, Any]]:
    """Tables by environment and file name. Places are written without the quotes that the original's bear."""
    return {
        "calculation": {"flights": _unquoted(found.flights), "hotels": _unquoted(found.hotels)},
        "web_browsing": {"pages": found.pages},
    }


def _unquoted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: value.strip('"') if isinstance(value, str) else value for key, value in row.items()} for row in rows
    ]


def write(folder: Path, tasks: Mapping[str, list[Task]], data: Mapping[str, Mapping[str, Any]]) -> None:
    """`ENVIRONMENT/tasks.jsonl` and `ENVIRONMENT/data/TABLE.json`. Raises `ScaError` where that cannot be."""
    try:
        for environment, made in tasks.items():
            place = folder / environment / "data"
            place.mkdir(parents=True, exist_ok=True)
            lines = "".join(task.model_dump_json(exclude_none=True) + "\n" for task in made)
            (folder / environment / "tasks.jsonl").write_text(lines, encoding="utf-8")
            for name, table in data[environment].items():
                text = json.dumps(table, indent=1, ensure_ascii=False) + "\n"
                (place / f"{name}.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise ScaError(f"cannot write into {folder}: {error.strerror}") from error


def digest_of(files: Mapping[str, str]) -> str:
    """6 hex digits of names and contents."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()[:6]
