"""What was expected of the figures, and whether it came out; nothing here changes a figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.findings import complete


@dataclass(frozen=True)
class Expectation:
    """One sentence of the page."""

    expected: str
    found: str
    holds: bool


def expectations(found: Mapping[str, Any]) -> list[Expectation]:
    """Of part a on calculation and of part b, as far as they were run."""
    told = []
    if complete(found):
        told += _improvement(found["calculation"])
    if filters := found.get("filters"):
        told += _filters(filters)
    return told


def _improvement(found: Mapping[str, Any]) -> list[Expectation]:
    arms, over_none = found["arms"], found["full over none"]
    base, full, none, control = (arms[name]["seen"] for name in ("base", "full", "none", "control"))
    greedy = arms["base"]["seen greedy"]["value"]
    ratio = full["value"] / base["value"] if base["value"] else float("inf")
    gain = arms["control"]["seen gain"]
    return [
        Expectation(
            "The base solves 15 to 40% of fresh draws, and no more when it decodes greedily.",
            f"{percent(base)}; greedy {greedy:.1%}",
            0.15 <= base["value"] <= 0.40 and greedy <= base["high"] + 0.05,
        ),
        Expectation(
            "One round at least doubles it, with intervals apart.",
            f"{percent(base)} → {percent(full)}, {ratio:.2f} times",
            ratio >= 2 and full["low"] > base["high"],
        ),
        Expectation(
            "The full filter is worth at least 5 points over none (see *What was tried before*).",
            f"{percent(none)} without, {percent(full)} with; paired difference {points(over_none)} points",
            over_none["value"] >= 0.05,
        ),
        Expectation(
            "Training on attempts whatever their reward gives nothing.",
            f"{percent(control)}; over the base {points(gain)} points",
            gain["low"] <= 0,
        ),
    ]


def _filters(rows: Mapping[str, Any]) -> list[Expectation]:
    none, full = rows["none"], rows["full"]
    if not (none["tasks"] and full["tasks"]):
        return []
    wrong = [row["false_positive"]["value"] for row in (none, full)]
    missed = [row["false_negative"]["value"] for row in (none, full)]
    return [
        Expectation(
            "The filter lowers false positives (paper, Figure 4).",
            f"{wrong[0]:.1%} of the attempts without it, {wrong[1]:.1%} with it",
            wrong[1] < wrong[0],
        ),
        Expectation(
            "False negatives stay where instruction and check ask for different things (paper: 30% of the tasks).",
            f"{missed[0]:.1%} without the filter, {missed[1]:.1%} with it",
            missed[1] > 0,
        ),
    ]


def percent(rate: Mapping[str, Any]) -> str:
    """`36.8% [32.7, 40.9]`."""
    return f"{rate['value']:.1%} [{100 * rate['low']:.1f}, {100 * rate['high']:.1f}]"


def points(difference: Mapping[str, Any]) -> str:
    """`+38.9 [+33.1, +44.5]`, in percentage points."""
    return f"{100 * difference['value']:+.1f} [{100 * difference['low']:+.1f}, {100 * difference['high']:+.1f}]"
