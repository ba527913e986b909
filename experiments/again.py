"""A second run of the experiments beside the first: do its figures agree within their intervals?

The seeds of a run are taken to be 1, 2, 3 and so on: a second run that had fewer is compared with the same ones of
the first.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

Rates = Mapping[str, list[dict[str, Any]]]
"""By part: each rate of the second run beside the one of the first."""


def agreement(again: Mapping[str, Any], first: Mapping[str, Any]) -> Rates:
    """The rates that both have.

    `agrees`: the rate of the first run, over as many seeds, lies in the 95% interval of the second.
    """
    return {
        part: [_beside(place, rate, others[place]) for place, rate in _rates(found) if place in others]
        for part, found in again.items()
        if (others := dict(_rates(first.get(part, {}))))
    }


def noted(rates: Rates, file: Path, model: str) -> Rates:
    """Write the rates of the parts that were run a second time, beside those of other parts of the same model."""
    known = {**recalled(file, model), **rates}
    file.write_text(json.dumps({"model": model, "parts": known}, indent=1) + "\n", encoding="utf-8")
    return known


def recalled(file: Path, model: str) -> Rates:
    """What `noted` wrote of this model; nothing where it was of another, or where no part was run twice."""
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return dict(kept["parts"]) if kept.get("model") == model else {}


def summary(rates: Rates) -> dict[str, Any]:
    """How many rates were compared, how many are the very same or agree, and which do not."""
    each = [(part, rate) for part, several in rates.items() for rate in several]
    return {
        "compared": len(each),
        "same": sum(rate["first"] == rate["value"] for _, rate in each),
        "agree": sum(rate["agrees"] for _, rate in each),
        "apart": [f"{part}: {rate['of']}" for part, rate in each if not rate["agrees"]],
    }


def _beside(of: str, again: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, Any]:
    one = fmean(first["seeds"][: len(again["seeds"])])
    value, low, high = (round(again[name], 4) for name in ("value", "low", "high"))
    return {
        "of": of,
        "seeds": len(again["seeds"]),
        "first": round(one, 4),
        "value": value,
        "low": low,
        "high": high,
        "agrees": again["low"] - 1e-4 <= one <= again["high"] + 1e-4,  # rates of a seed are kept to four digits
    }


def _rates(found: Any, place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rates that are known for each seed, by where they stand in a part's findings: `full, seen`."""
    if not isinstance(found, Mapping):
        return
    if isinstance(found.get("seeds"), list):
        yield place.removeprefix("arms, "), found
        return
    for name, inner in found.items():
        yield from _rates(inner, f"{place}, {name}" if place else name)
