"""Attempts as rows for other trainers. Observations are `user` messages with their prefix, as the model saw them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sca.dialogue.conversation import for_engine
from sca.errors import ScaError
from sca.export import Format
from sca.records.contract import Segment, Trajectory

Row = dict[str, Any]
NO_PROMPT = "without a prompt, as an oracle's"


@dataclass
class Rows:
    """What is written, and why the rest is not."""

    rows: list[Row] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Reason → attempts."""

    def checked(self) -> "Rows":
        """Raise `ScaError` where nothing is left."""
        if not self.rows:
            reasons = ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())
            raise ScaError(f"there is nothing to export: {reasons or 'no attempts'}")
        return self


def rows_of(attempts: Sequence[Trajectory], to: Format, *, tokens: bool = False, failures: bool = False) -> Rows:
    """Rows in a format. Formats for imitation take successes only, unless `failures` go along.

    `tokens`: for trl-sft the recorded token ids and a mask of the agent's own. Raises `ScaError` where none is left.
    """
    made = Rows()
    if to == "trl-dpo":
        made.rows = list(_pairs(attempts, made.left_out))
        return made.checked()
    numbers = {task: number for number, task in enumerate(dict.fromkeys(attempt.task_id for attempt in attempts))}
    for attempt in attempts:
        if reason := _unfit(attempt, failures=failures or to == "verifiers", tokens=tokens):
            made.left_out[reason] += 1
        elif to == "verifiers":
            made.rows.append(_verifiers(attempt, numbers[attempt.task_id]))
        else:
            made.rows += _tokens(attempt) if tokens else [_messages(attempt)]
    return made.checked()


def split(attempt: Trajectory) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """What the model was given, and what followed up to its last words."""
    messages = for_engine(attempt.messages)
    own = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
    return messages[: own[0]], messages[own[0] : own[-1] + 1]


def _unfit(attempt: Trajectory, *, failures: bool, tokens: bool) -> str | None:
    if not failures and attempt.reward != 1:
        return "without reward (--failures takes them along)"
    roles = [message.role for message in attempt.messages]
    if "assistant" not in roles or roles[0] == "assistant":
        return NO_PROMPT
    if tokens and not attempt.tokens:
        return "without recorded tokens"
    return None


def _messages(attempt: Trajectory) -> Row:
    prompt, completion = split(attempt)
    return {"messages": prompt + completion}


def _tokens(attempt: Trajectory) -> list[Row]:
    """A row a segment: the ids that were sampled, and 1 where the agent sampled them."""
    return [{"input_ids": segment.ids, "assistant_masks": _mask(segment)} for segment in attempt.tokens or []]


def _mask(segment: Segment) -> list[int]:
    mask = [0] * len(segment.ids)
    for start, end in segment.trained:
        mask[start:end] = [1] * (end - start)
    return mask


def _verifiers(attempt: Trajectory, number: int) -> Row:
    """A line of `results.jsonl` as verifiers 0.1 saves it."""
    prompt, completion = split(attempt)
    return {
        "example_id": number,
        "prompt": prompt,
        "completion": completion,
        "reward": float(attempt.reward),
        "answer": attempt.answer or "",
        "info": {"id": attempt.id, "environment": attempt.environment, "family": attempt.family},
        "is_completed": attempt.outcome in ("success", "failure"),
        "is_truncated": attempt.outcome in ("out_of_turns", "out_of_context"),
        "stop_condition": attempt.outcome,
        "metrics": {"turns": float(sum(message["role"] == "assistant" for message in completion))},
        "timing": {},
    }


def _pairs(attempts: Sequence[Trajectory], left_out: Counter[str]) -> Iterator[Row]:
    """The n-th success at a task with its n-th failure, where both began from the same prompt."""
    groups: dict[tuple[str, str], tuple[list[Trajectory], list[Trajectory]]] = defaultdict(lambda: ([], []))
    for attempt in attempts:
        if _unfit(attempt, failures=True, tokens=False):
            left_out[NO_PROMPT] += 1
            continue
        groups[attempt.task_id, repr(split(attempt)[0])][attempt.reward].append(attempt)
    for failed, succeeded in groups.values():
        for chosen, rejected in zip(succeeded, failed, strict=False):
            prompt, good = split(chosen)
            yield {"prompt": prompt, "chosen": good, "rejected": split(rejected)[1]}
        if over := abs(len(failed) - len(succeeded)):
            left_out["without a partner of the other kind at their task"] += over
