"""Which records of a file somebody wants to see."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sca.cli.reasons import OUTCOMES, all_reasons
from sca.errors import UsageError

Fields = dict[str, Any]


def kind_of(record: Fields) -> str:
    """`judged task`, `attempt`, `task` or `record`, as its fields tell."""
    if isinstance(record.get("verdict"), dict):
        return "judged task"
    if "reward" in record and "messages" in record:
        return "attempt"
    return "task" if "instruction" in record or "evaluation_function" in record else "record"


def ending(record: Fields) -> str:
    """`valid`, a reason, an outcome, `handed in` or `no hand-in`: the one word on how it went."""
    match kind_of(record):
        case "judged task":
            verdict = record["verdict"]
            return "valid" if verdict.get("valid") is True else str(verdict.get("reason"))
        case "attempt":
            return str(record.get("outcome"))
        case "task":
            return "handed in" if record.get("evaluation_function") is not None else "no hand-in"
    return ""


def went_well(record: Fields) -> bool | None:
    """Whether it is what one hopes for; None where that cannot be said."""
    match kind_of(record):
        case "judged task":
            return record["verdict"].get("valid") is True
        case "attempt":
            return record.get("reward") == 1
    return None


def only(records: Sequence[Fields], word: str) -> list[Fields]:
    """Those that are `valid`, `rejected`, `success`, `failure`, or of one reason or outcome.

    `failure` are all attempts without a reward. Raises `UsageError` for a word that no record could have.
    """
    if word in ("valid", "rejected"):
        return [record for record in records if "verdict" in record and went_well(record) is (word == "valid")]
    if word in ("success", "failure"):
        return [record for record in records if "reward" in record and went_well(record) is (word == "success")]
    found = [record for record in records if ending(record) == word]
    if not found and word not in (*all_reasons(), *OUTCOMES):
        raise UsageError(f"--only {word}: say valid, rejected, success, failure, a reason or an outcome")
    return found


def named(records: Sequence[Fields], name: str) -> list[Fields]:
    """Those with this id; else the attempts at the task of this id; else those whose id holds the text."""
    for matches in (
        [record for record in records if record.get("id") == name],
        [record for record in records if record.get("task_id") == name],
    ):
        if matches:
            return matches
    return [record for record in records if name in str(record.get("id", ""))]


def tally(records: Sequence[Fields]) -> str:
    """`80 judged tasks: 52 valid, 20 noop_passes, 8 syntax`."""
    kinds = Counter(kind_of(record) for record in records)
    name = next(iter(kinds)) if len(kinds) == 1 else "record"
    head = f"{len(records)} {name}{'' if len(records) == 1 else 's'}"
    endings = Counter(ending(record) for record in records if ending(record))
    return f"{head}: {', '.join(f'{count} {word}' for word, count in endings.most_common())}" if endings else head
