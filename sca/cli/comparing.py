"""`sca eval --compare A B`: two results side by side, and how sure the difference is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def compare_results(first: Path, second: Path, out: Path | None, *, force: bool) -> None:
    """Print the figures of two results over the tasks that both have; `out` gets them as JSON."""
    from sca.cli.console import say
    from sca.judging.comparison import Result, compare, refuse_unlike
    from sca.records.pair import refuse_same
    from sca.records.sidecar import beside
    from sca.stages.evaluation import write_summary

    results = Result.read(first), Result.read(second)
    if not force:
        refuse_unlike(*results)
    found = compare(*results)
    if out is not None and str(out) != "-":
        refuse_same([out], [each for file in (first, second) for each in (file, beside(file))])
        _refuse_other(out)
        write_summary(out, found)
        say(f"the figures are in {out}")
    if out is not None and str(out) == "-":
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    _print_table(found)


def _refuse_other(out: Path) -> None:
    """Raise `UsageError` where something is there that is no comparison: --force means another thing here."""
    from sca.errors import UsageError

    if not out.is_file() or not out.stat().st_size:
        return
    try:
        held = json.loads(out.read_text("utf-8"))
    except (OSError, ValueError):
        held = None
    if not isinstance(held, dict) or "tasks_shared" not in held:
        raise UsageError(f"{out} is there and holds no comparison; name another file with -o")


def _print_table(found: Mapping[str, Any]) -> None:
    from rich.table import Table

    from sca.cli.listing import on_stdout
    from sca.controls import show_controls

    sides = [found[side] for side in ("first", "second")]
    table = Table(box=None)
    for title in ("", *(show_controls(Path(side["file"]).name) for side in sides), "difference, points"):
        table.add_column(title, no_wrap=True)
    table.add_row("model", *(show_controls(side["model"]) for side in sides), "")
    for name, figure in found.items():
        if name.startswith("pass"):
            table.add_row(name, *_cells(figure))
    if found["families"]:
        table.add_row("pass@1 by family")
    for family, figures in found["families"].items():
        table.add_row(f"  {show_controls(family)}", *_cells(figures["pass@1"]))
    console = on_stdout()
    whole = console.measure(table, options=console.options.update(max_width=1_000)).maximum
    console.width = max(console.width, whole)  # figures are never cut; a narrow terminal breaks lines
    console.print(table)
    console.print(
        f"over {found['tasks_shared']} tasks that both have: {len(found['better'])} better in the second, "
        f"{len(found['worse'])} worse; 95% intervals over tasks, that of the difference paired",
        soft_wrap=True,
    )
    left = {
        f"only in {sides[0]['file']}": found["tasks_only_first"],
        f"only in {sides[1]['file']}": found["tasks_only_second"],
        "without all their trials": found["tasks_incomplete"],
    }
    if any(left.values()):
        told = ", ".join(f"{count} {why}" for why, count in left.items() if count)
        console.print(show_controls(f"left out: {told}"), soft_wrap=True)


def _cells(figure: Mapping[str, Mapping[str, float]]) -> list[str]:
    cells = [_interval(figure[side], "5.1f", "%") for side in ("first", "second")]
    return [*cells, _interval(figure["difference"], "+.1f", "")]


def _interval(of: Mapping[str, float], form: str, unit: str) -> str:
    value, low, high = (format(100 * of[name], form) for name in ("value", "low", "high"))
    return f"{value}{unit} [{low.strip()}, {high.strip()}]"
