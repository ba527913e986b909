"""The table that `make demo` ends with; every figure is read from the files that the stages wrote."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

CHECK_WORDS = {
    "handed_in": "handed in whole",
    "parses": "code parses",
    "evaluate_runs": "check runs",
    "noop_fails": "doing nothing fails",
    "solution_runs": "solution runs",
    "solution_passes": "solution passes",
    "failures_run": "failure cases run",
    "failures_fail": "failure cases fail",
    "deterministic": "check is deterministic",
    "read_only": "check writes nothing",
    "stable": "same in another container",
}


def main(folder: Path) -> None:
    """Print it."""
    table = Table(box=box.SIMPLE_HEAD, title="Self-challenging on calculation", title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("figure", no_wrap=True, justify="right")
    table.add_column("95% interval", no_wrap=True)
    table.add_column("file", no_wrap=True)
    _challenger(table, folder)
    _executor(table, folder)
    _evaluation(table, folder, "fresh", "fresh tasks")
    _evaluation(table, folder, "test", "test tasks")
    seconds = _seconds(folder)
    for stage, spent in seconds.items():
        table.add_row(f"time of {stage}", f"{spent} s")
    table.add_row("time of all", f"{sum(seconds.values())} s")
    console = Console(width=max(Console().width, 100))
    console.print(table)
    console.print(
        "Fresh tasks are new draws of kinds that the model knows; test tasks are worded by hand and ship with it."
    )
    console.print(f"The files are in {folder.resolve()}", soft_wrap=True, highlight=False)


def _challenger(table: Table, folder: Path) -> None:
    counts = _meta(folder / "validated.jsonl")["counts"]
    episodes = counts["episodes"]
    table.add_row("challenger episodes", str(episodes), "", "tasks.jsonl")
    for check, survivors in counts["survivors"].items():
        table.add_row(f"  {CHECK_WORDS[check]}", f"{survivors} ({survivors / episodes:.1%})")
    table.add_row("valid tasks", str(counts["valid"]), "", "validated.jsonl", end_section=True)


def _executor(table: Table, folder: Path) -> None:
    counts = _meta(folder / "trajectories.jsonl")["counts"]
    rate = counts["successes"] / counts["attempts"]
    table.add_row("attempts at them", str(counts["attempts"]), "", "trajectories.jsonl")
    table.add_row("  successful", f"{counts['successes']} ({rate:.1%})", "", "→ checkpoint/", end_section=True)


def _evaluation(table: Table, folder: Path, kind: str, words: str) -> None:
    before, after = (
        json.loads((folder / f"{when}-{kind}.summary.json").read_text("utf-8")) for when in ("before", "after")
    )
    table.add_row(f"{words}: {before['tasks']} × {before['trials']} attempts")
    for name in ("pass@1", f"pass@{before['trials']}"):
        for when, summary in (("before", before), ("after", after)):
            value, low, high = (f"{100 * summary[name][field]:.1f}" for field in ("value", "low", "high"))
            table.add_row(f"  {name} {when} training", f"{value}%", f"[{low}, {high}]", f"{when}-{kind}.jsonl")
    table.add_section()


def _seconds(folder: Path) -> dict[str, int]:
    spent: Counter[str] = Counter()
    for line in (folder / "seconds.txt").read_text("utf-8").splitlines():
        stage, seconds = line.split()
        spent[stage] += int(seconds)
    return dict(spent)


def _meta(file: Path) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads(file.with_name(file.name + ".meta.json").read_text("utf-8"))
    return meta


if __name__ == "__main__":
    main(Path(sys.argv[1]))
