"""Figures of a whole file for the end of `sca validate` and its sidecar."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from sca.judging.difficulty import distribution
from sca.records.contract import JudgedTask


def quality_figures(tasks: Sequence[JudgedTask]) -> dict[str, Any]:
    """Over the valid tasks that were measured: means, shares, and how many each flag is held against."""
    valid = (task.verdict.quality for task in tasks if task.verdict.valid)
    found = [quality for quality in valid if "grounded" in quality and "unmeasured" not in quality]
    flags = Counter(flag for quality in found for flag in quality.get("flags", ()))
    return {
        "measured": len(found),
        "mutation_score": _mean([q["mutation_score"] for q in found]),
        "extra_write_score": _mean([q.get("extra_write_score") for q in found]),
        "grounded": _mean([q["grounded"] for q in found]),
        "tolerant": _mean([q["tolerant"] for q in found]),
        "duplicates": sum(q.get("duplicate_of") is not None for q in found),
        "flags": dict(flags.most_common()),
        "unflagged": sum(not q.get("flags") for q in found),
        "programs": _mean([q.get("programs") for q in found]),
    }


def difficulty_figures(tasks: Sequence[JudgedTask], admitted: Sequence[JudgedTask]) -> dict[str, Any]:
    """The distribution of solution lengths before and after filtering."""
    return {"before": distribution(tasks), "after": distribution(admitted)}


def _mean(values: Sequence[float | None]) -> dict[str, Any]:
    known = [float(value) for value in values if value is not None]
    return {"tasks": len(known), "mean": round(fmean(known), 4) if known else None}
