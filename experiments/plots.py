"""The figures of `docs/evidence.md`, as SVG that is the same bytes for the same numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

from experiments.findings import COMPARED

matplotlib.use("svg")

from matplotlib import pyplot  # after the backend was chosen: there may be no screen

_COLOURS = {"true_positive": "#2a7f62", "false_positive": "#c8553d", "false_negative": "#e0a458", "unread": "#b9b9b9"}


def draw(found: Mapping[str, Any], folder: Path) -> list[str]:
    """Write the plots of what was run; returns the names of their files."""
    pyplot.rcParams.update({"svg.hashsalt": "sca", "svg.fonttype": "none", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if filters := found.get("filters"):
        written.append(_filters(filters, folder / "filters.svg"))
        written.append(_rewards(filters, folder / "rewards.svg"))
    parts = ("calculation", "retail", *COMPARED)
    written += [_bars(arms, folder / f"{part}.svg") for part in parts if (arms := found.get(part, {}).get("arms"))]
    return written


def _bars(arms: Mapping[str, Any], file: Path) -> str:
    figure, axes = pyplot.subplots(figsize=(max(5.2, 0.95 * len(arms) + 0.8), 2.6), layout="constrained")
    for offset, (sort, colour) in enumerate((("seen", "#2a7f62"), ("held-out", "#8fc1a9"))):
        rates = [arms[name][sort] for name in arms]
        places = [place + 0.38 * offset for place in range(len(arms))]
        heights = [100 * rate["value"] for rate in rates]
        reach = [
            [height - 100 * rate["low"] for height, rate in zip(heights, rates, strict=True)],
            [100 * rate["high"] - height for height, rate in zip(heights, rates, strict=True)],
        ]
        axes.bar(places, heights, 0.36, yerr=reach, color=colour, label=f"{sort} wording", capsize=2)
    axes.set_xticks([place + 0.19 for place in range(len(arms))], list(arms))
    axes.set_ylabel("pass@1, %")
    axes.legend(frameon=False)
    return _save(figure, file)


def _filters(rows: Mapping[str, Any], file: Path) -> str:
    shown = {name: row for name, row in rows.items() if row["tasks"]}
    figure, axes = pyplot.subplots(figsize=(6.2, 2.8), layout="constrained")
    left = [0.0] * len(shown)
    for kind, colour in _COLOURS.items():
        widths = [100 * row[kind]["value"] for row in shown.values()]
        axes.barh(list(shown), widths, left=left, color=colour, label=kind.replace("_", " "))
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("share of the base's attempts, % (the rest: true negatives)")
    axes.legend(frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    return _save(figure, file)


def _rewards(rows: Mapping[str, Any], file: Path) -> str:
    figure, axes = pyplot.subplots(figsize=(5.2, 2.4), layout="constrained")
    for name in ("none", "verifier", "solution", "full"):
        if rows[name]["tasks"]:
            shares = [100 * count / rows[name]["tasks"] for count in rows[name]["successes"]]
            axes.plot(range(len(shares)), shares, marker="o", markersize=3, label=name)
    axes.set_xlabel("rewarded attempts at a task")
    axes.set_ylabel("tasks, %")
    axes.legend(frameon=False)
    return _save(figure, file)


def _save(figure: Any, file: Path) -> str:
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
    return file.name
