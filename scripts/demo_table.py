"""The table that `make demo` ends with; every figure is read from the files that the stages wrote."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

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
    table = Table(
        "what", "figure", "", title="Self-challenging on calculation, from files in " + str(folder.resolve())
    )
    _challenger(table, folder)
    _executor(table, folder)
    for kind, words in (
        ("fresh", "fresh draws (kinds of task that it knows)"),
        ("test", "test tasks (other wording)"),
    ):
        _evaluation(table, folder, kind, words)
    table.add_section()
    seconds = _seconds(folder)
    for stage, spent in seconds.items():
        table.add_row(f"time of {stage}", f"{spent} s")
    table.add_row("time of all", f"{sum(seconds.values())} s")
    Console(width=110).print(table)


def _challenger(table: Table, folder: Path) -> None:
    counts = _meta(folder / "validated.jsonl")["counts"]
    episodes = counts["episodes"]
    table.add_row("challenger episodes", str(episodes), "tasks.jsonl")
    for check, survivors in counts["survivors"].items():
        table.add_row(f"  {CHECK_WORDS[check]}", f"{survivors} ({survivors / episodes:.1%})")
    table.add_row("valid tasks", str(counts["valid"]), "validated.jsonl")


def _executor(table: Table, folder: Path) -> None:
    counts = _meta(folder / "trajectories.jsonl")["counts"]
    rate = counts["successes"] / counts["attempts"]
    table.add_section()
    table.add_row("attempts at valid tasks", str(counts["attempts"]), "trajectories.jsonl")
    table.add_row("  successful", f"{counts['successes']} ({rate:.1%})", "trained into checkpoint/")


def _evaluation(table: Table, folder: Path, kind: str, words: str) -> None:
    table.add_section()
    before, after = (
        json.loads((folder / f"{when}-{kind}.summary.json").read_text("utf-8")) for when in ("before", "after")
    )
    table.add_row(f"{words}: {before['tasks']} × {before['trials']}", "", f"before-{kind}.jsonl, after-{kind}.jsonl")
    for name in ("pass@1", f"pass@{before['trials']}"):
        table.add_row(f"  {name} before → after", f"{_share(before[name])} → {_share(after[name])}", "95% intervals")


def _share(estimate: dict[str, float]) -> str:
    value, low, high = (100 * estimate[name] for name in ("value", "low", "high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


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
