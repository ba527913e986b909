"""`docs/evidence.md`, from the findings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from experiments.again import Rates, summary
from experiments.expectations import expectations, percent, points

HERE = Path(__file__).parent
COMPARED = {
    "algorithms": "c. Algorithms at equal numbers of attempts",
    "tasks-or-attempts": "d. More tasks, or more attempts at each",
    "distillation": "e. Distillation from a stronger sibling",
    "second-round": "f. A second round, and a challenger that learns",
    "joint": "g. One model for two environments",
}


def page(
    found: Mapping[str, Any],
    again: Rates,
    plots: Sequence[str],
    weakness: str,
    tried: str,
) -> str:
    """The text. `again`: the rates of parts that were run a second time, beside the first.

    `weakness`: what was put into the base on purpose, as its recipe says. `tried`: what came before.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.ChainableUndefined, autoescape=False, trim_blocks=False
    )
    environment.globals |= {
        "rate": percent, "points": points, "pct": _pct, "share": _share, "by_seed": _by_seed, "spent": _spent,
        "furthest": _furthest, "summary": summary,
    }  # fmt: skip
    parts = {"calculation": "a (calculation)", "retail": "a (retail)", "pae": "PAE", "filters": "b", **COMPARED}
    return environment.get_template("evidence.md.jinja").render(
        found=found,
        again=again,
        plots=plots,
        weakness=weakness,
        tried=tried,
        compared=COMPARED,
        expectations=expectations(found),
        missing=[name for part, name in parts.items() if not found.get(part)],
    )


def _pct(value: float | None) -> str:
    return "–" if value is None or isinstance(value, jinja2.Undefined) else f"{value:.1%}"


def _share(part: int, whole: int) -> str:
    return _pct(part / whole if whole else None)


def _spent(part: Mapping[str, Any]) -> str:
    """`Wall time and tokens (…): explore 309 s and 205,959, …`; nothing of a part whose cost was not kept."""
    if "seconds" not in part:
        return ""
    told = [
        f"{stage} {seconds} s" + (f" and {tokens:,}" if (tokens := part.get("tokens", {}).get(stage)) else "")
        for stage, seconds in part["seconds"].items()
        if seconds or stage in part.get("tokens", {})
    ]
    return "Wall time, and tokens sampled or trained on, all seeds: " + ", ".join(told) + "."


def _by_seed(rate: Mapping[str, Any]) -> str:
    return " / ".join(f"{100 * value:.1f}" for value in rate["seeds"])


def _furthest(rates: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(rates, key=lambda rate: abs(rate["first"] - rate["value"]))
