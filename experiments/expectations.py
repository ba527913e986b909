"""What was expected of the figures, and whether it came out; nothing here changes a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

from experiments.findings import complete


@dataclass(frozen=True)
class Expectation:
    """One sentence of the page."""

    expected: str
    found: str
    holds: bool


def expectations(found: Mapping[str, Any]) -> list[Expectation]:
    """Of all parts, as far as they were run."""
    told = []
    if complete(found):
        told += _improvement(found["calculation"])
    if filters := found.get("filters"):
        told += _filters(filters)
    if {"base", "full"} <= set(arms := found.get("retail", {}).get("arms", {})):
        told.append(_retail(arms))
    return told + _proposed(found) + _ordered(found) + _second_round(found) + _joint(found)


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


def _retail(arms: Mapping[str, Any]) -> Expectation:
    gain = arms["full"]["seen gain"]
    return Expectation(
        "A round helps in retail, too (paper: 8.9 → 13.0).",
        f"{percent(arms['base']['seen'])} → {percent(arms['full']['seen'])}, {points(gain)} points",
        gain["low"] > 0,
    )


def _proposed(found: Mapping[str, Any]) -> list[Expectation]:
    """Nothing is said where nobody trained on the proposals."""
    rate = found.get("pae", {}).get("arm", {}).get("seen")
    full = found.get("calculation", {}).get("arms", {}).get("full")
    if rate is None or full is None:
        return []
    own = fmean(full["seen"]["seeds"][: len(rate["seeds"])])
    return [
        Expectation(
            "Tasks proposed from documentation, judged by the model itself, bring less (paper: 27.6 against 31.8).",
            f"{percent(rate)}, with all checks {own:.1%}",
            rate["value"] < own,
        )
    ]


ORDERS: Mapping[str, tuple[str, Sequence[Sequence[str]]]] = {
    "algorithms": (
        "Online PPO and GRPO come out above RFT, and RFT above DPO (paper, Figure 3: 43.2, 39, 31.8, 28.6).",
        (("online-ppo", "online-grpo"), ("rft",), ("dpo",)),
    ),
    "tasks-or-attempts": (
        "More tasks are worth more than more attempts at each (paper, Figure 6: 31.3, 24.0, 20.3).",
        (("each-8",), ("each-20",), ("each-80",)),
    ),
    "distillation": (
        "All attempts of a teacher teach more than its successes alone (paper: 32.2 against 27.8).",
        (("all",), ("successes",)),
    ),
}
"""Part → what was expected of it, and its arms from the best to the worst; of those in one group nothing was."""


def _ordered(found: Mapping[str, Any]) -> list[Expectation]:
    """By the values alone; their intervals say how much of an order may be chance."""
    told = []
    for part, (expected, groups) in ORDERS.items():
        arms, names = found.get(part, {}).get("arms", {}), [name for group in groups for name in group]
        if set(names) <= set(arms):
            rates = [[arms[name]["seen"]["value"] for name in group] for group in groups]
            said = ", ".join(f"{name} {percent(arms[name]['seen'])}" for name in names)
            told.append(Expectation(expected, said, all(min(one) > max(next_) for one, next_ in pairwise(rates))))
    return told


def _second_round(found: Mapping[str, Any]) -> list[Expectation]:
    after, first = (found.get(part, {}).get("arms", {}) for part in ("second-round", "calculation"))
    if not {"after full", "after joint"} <= set(after) or not {"base", "full"} <= set(first):
        return []
    second = after["after full"]["seen"]
    seeds = len(second["seeds"])
    base, once = (fmean(first[name]["seen"]["seeds"][:seeds]) for name in ("base", "full"))
    fixed, learned = (after[name]["different"] for name in ("after full", "after joint"))
    return [
        Expectation(
            "A second round gains less than the first: the executor saturates on what a fixed challenger offers.",
            f"{base:.1%} → {once:.1%} → {percent(second)}",
            second["value"] - once < once - base,
        ),
        Expectation(
            "A challenger that learned from its valid tasks writes tasks that are less different.",
            f"of {learned['tasks']} valid ones {percent(learned)} differ, {percent(fixed)} of one that did not",
            learned["high"] < fixed["low"],
        ),
    ]


def _joint(found: Mapping[str, Any]) -> list[Expectation]:
    joint = found.get("joint", {}).get("arms", {})
    pairs = {
        env: (row["seen"], fmean(own["seen"]["seeds"][: len(row["seen"]["seeds"])]))
        for env, row in joint.items()
        if (own := found.get(env, {}).get("arms", {}).get("full"))
    }
    if not pairs:
        return []
    return [
        Expectation(
            "One model for two environments is no better than one for each (paper, Table 2: 23.0 against 23.5).",
            "; ".join(f"{env}: {percent(rate)}, of its own {own:.1%}" for env, (rate, own) in pairs.items()),
            all(rate["low"] <= own for rate, own in pairs.values()),
        )
    ]


def percent(rate: Mapping[str, Any]) -> str:
    """`36.8% [32.7, 40.9]`."""
    return f"{rate['value']:.1%} [{100 * rate['low']:.1f}, {100 * rate['high']:.1f}]"


def points(difference: Mapping[str, Any]) -> str:
    """`+38.9 [+33.1, +44.5]`, in percentage points."""
    return f"{100 * difference['value']:+.1f} [{100 * difference['low']:+.1f}, {100 * difference['high']:+.1f}]"
