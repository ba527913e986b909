"""Why a task was rejected, and how an attempt ended, in words for a person."""

REASONS = {
    "no_task": "The episode ended without a hand-in.",
    "no_instruction": "The hand-in says nothing to do: its instruction is empty.",
    "too_few_failures": "There are fewer than three failure cases.",
    "syntax": "A part of the code does not parse.",
    "no_evaluate": "The check defines no function called `evaluate`.",
    "too_large": "A part of the code is larger than the limit.",
    "noop_passes": "The check passes although nothing was done.",
    "solution_fails": "The solution runs, but does not pass the check.",
    "failure_passes": "A failure case passes the check.",
    "failures_degenerate": "The failure cases are the same as each other, or do nothing at all.",
    "evaluate_non_bool": "The check returned something other than True or False.",
    "evaluate_flaky": "The check said different things of the same state.",
    "evaluate_wrote": "The check changed the state; it may only look.",
    "unstable": "Run again in another container, in another order, the verdict was different.",
}

_PARTS = {"solution": "The solution", "failure": "A failure case", "evaluate": "The check"}

_STATUSES = {
    "exception": "raised an exception.",
    "timeout": "ran longer than the limit.",
    "oom": "used more memory than the limit.",
    "output_limit": "printed more than the limit.",
    "exit": "ended itself (sys.exit or os._exit).",
    "crash": "crashed.",
    "killed": "was killed by a signal that was not ours.",
    "bad_result": "left a result that is too large, too deep, or no plain data.",
    "tool_limit": "made more tool calls than the limit.",
}

OUTCOMES = {
    "success": "The attempt passes the check.",
    "failure": "The attempt does not pass the check.",
    "out_of_turns": "It used up its turns.",
    "out_of_context": "The dialogue outgrew what the model can read.",
    "malformed": "Three turns in a row had not the form of a turn.",
}


def reason_in_words(reason: str) -> str | None:
    """One sentence, or None for a reason that we do not know."""
    if reason in REASONS:
        return REASONS[reason]
    part, _, status = reason.partition("_")
    if part in _PARTS and status in _STATUSES:
        return f"{_PARTS[part]} {_STATUSES[status]}"
    return None


def all_reasons() -> list[str]:
    """Every reason that a verdict may have."""
    return [*REASONS, *(f"{part}_{status}" for part in _PARTS for status in _STATUSES)]
