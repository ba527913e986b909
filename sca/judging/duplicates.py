"""Duplicates: tasks whose solutions do the same, whatever their instructions say."""

from collections.abc import Iterable
from dataclasses import replace

from sca.judging.thresholds import Thresholds
from sca.records.contract import JudgedTask


class Duplicates:
    """Remembers the first valid task of each effect that no other demand keeps out, else all could be left out.

    Tasks are to be shown in the order of the input. Those of an `earlier` run may come in any order: their records
    say which of them was first.
    """

    def __init__(self, thresholds: Thresholds, earlier: Iterable[JudgedTask] = ()) -> None:
        self._demands = replace(thresholds, drop_duplicates=False)
        self._first: dict[str, str] = {}
        for task in earlier:
            quality = task.verdict.quality
            if self._counts(task) and (effect := quality.get("effect")) is not None:
                self._first[effect] = quality.get("duplicate_of") or task.id

    def mark(self, task: JudgedTask) -> JudgedTask:
        """The task, with the id of the one it repeats as `duplicate_of`, or null."""
        quality = task.verdict.quality
        effect = quality.get("effect")
        if effect is None:
            return task
        first = self._first.setdefault(effect, task.id) if self._counts(task) else self._first.get(effect, task.id)
        told = {**quality, "duplicate_of": first if first != task.id else None}
        return task.model_copy(update={"verdict": task.verdict.model_copy(update={"quality": told})})

    def _counts(self, task: JudgedTask) -> bool:
        return task.verdict.valid and not self._demands.objections(task)
