"""The verdict on a task: does its check accept its solution, reject its near misses, and reject doing nothing?

The checks run in the order of `CHECKS`; the first that fails gives the reason. A check that was not reached is null.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sca.controls import strip_controls
from sca.records.contract import Task, Verdict
from sca.sandbox import Box, Call, Limits, Run, World

CHECKS = (
    "handed_in",
    "parses",
    "evaluate_runs",
    "noop_fails",
    "solution_runs",
    "solution_passes",
    "failures_run",
    "failures_fail",
    "deterministic",
    "read_only",
    "stable",
)
FAILURES_NEEDED = 3
FAILURES_TAKEN = 16
"""Most of a task; each keeps a state of its own alive until the verdict."""
NOT_PASSED = frozenset({"LookupError", "TypeError", "ValueError", "AttributeError", "SyntaxError", "ToolError"})
"""What `evaluate` may raise on the state of a no-op or a failure case: that is *not passed*.

A SyntaxError is what `ast.literal_eval` says of an empty answer; a check that does not parse itself is another thing.
"""


@dataclass(frozen=True)
class Attempted:
    """What one program did and said: enough to bring its end state about again."""

    calls: tuple[Call, ...]
    answer: str
    passed: bool

    def effect(self, counts: str) -> tuple[str, str]:
        """Equal for programs that do and say the same; to look around is to do nothing, to be refused is not.

        What is said is nothing where only the state `counts`.
        """
        calls = [
            (call.name, call.arguments)
            for call in self.calls
            if call.kind in ("write", "move") or call.error is not None
        ]
        return json.dumps(calls, sort_keys=True), "" if counts == "state" else self.answer


@dataclass(frozen=True)
class Checked:
    """A state and an answer that the check has been asked about, and what it said."""

    world: World
    answer: str
    passed: bool
    check: str
    """The check of the task that this belongs to."""
    where: str
    tolerant: bool = True


@dataclass
class Judgement:
    """A verdict in the making."""

    problems: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Check that failed → reason and detail; the first problem of a check stands."""
    reached: set[str] = field(default_factory=set)
    attempts: list[Attempted] = field(default_factory=list)
    """The solution's and then the failure cases', as far as they ran."""
    end_state: str | None = None
    """Digest of the state after the solution, of a task that is sound."""
    started: float = field(default_factory=time.monotonic)

    def reach(self, check: str) -> None:
        """Note that `check` is being made."""
        self.reached.add(check)

    def fail(self, check: str, reason: str, detail: str) -> None:
        """Note that `check` failed."""
        self.reached.add(check)
        self.problems.setdefault(check, (reason, strip_controls(detail)))

    def take(self, part: "Judgement") -> None:
        """Take in what was found beside it."""
        for check, (reason, detail) in part.problems.items():
            self.fail(check, reason, detail)
        self.attempts += part.attempts

    @property
    def sound(self) -> bool:
        """Whether nothing has failed so far."""
        return not self.problems

    def verdict(self) -> Verdict:
        """The record."""
        first = next((self.problems[check] for check in CHECKS if check in self.problems), (None, ""))
        return Verdict(
            valid=self.sound,
            reason=first[0],
            detail=first[1],
            checks={check: check not in self.problems if check in self.reached else None for check in CHECKS},
            quality={"solution_calls": len(self.attempts[0].calls)} if self.attempts else {},
            seconds=round(time.monotonic() - self.started, 3),
        )


async def judge(task: Task, box: Box, limits: Limits) -> Judgement:
    """Make every check but `stable` on fresh states in `box`. Raises `SandboxError` when the sandbox fails."""
    judgement = Judgement()
    check_hand_in(task, limits, judgement)
    evaluation, solution, failures = task.evaluation_function, task.solution, task.failure_cases or []
    if evaluation is None or solution is None or "parses" in judgement.problems:
        return judgement
    worlds = [await box.world(task.family) for _ in range(1 + len(failures))]
    try:
        parsed, (noop,) = await asyncio.gather(
            box.parse([evaluation, solution, *failures]), worlds[0].evaluate(evaluation, "", times=1)
        )
        if not _parses(parsed, judgement) or not _noop(noop, judgement):
            return judgement
        after = await _solution(worlds[0], evaluation, solution, judgement)
        if after is None:
            return judgement
        checked = [after, *await _failures(worlds[1:], evaluation, failures, judgement, box.counts)]
        judgement.reach("read_only")
        if judgement.sound:
            worlds.append(await box.world(task.family))
            checked.append(Checked(worlds[-1], "", False, "noop_fails", "on the untouched state"))
            await check_again(checked, task, judgement)
        if judgement.sound:
            judgement.end_state = await worlds[0].digest()
    finally:
        for world in worlds:
            await world.close()
    return judgement


def check_hand_in(task: Task, limits: Limits, judgement: Judgement) -> None:
    """What can be said of a task without a container."""
    judgement.reach("handed_in")
    failures = task.failure_cases or []
    if task.evaluation_function is None and task.solution is None and not failures:
        judgement.fail(
            "handed_in", "no_task", "There is no task: no evaluation function, no solution and no failure case."
        )
    elif not (task.instruction or "").strip():
        judgement.fail("handed_in", "no_instruction", "The task has no instruction.")
    elif task.evaluation_function is None:
        judgement.fail("handed_in", "no_evaluate", "The task has no evaluation function.")
    elif task.solution is None:
        judgement.fail("handed_in", "no_task", "The task has no solution.")
    elif len(failures) < FAILURES_NEEDED:
        detail = f"The task has {len(failures)} failure cases; it needs at least {FAILURES_NEEDED}."
        judgement.fail("handed_in", "too_few_failures", detail)
    if len(failures) > FAILURES_TAKEN:
        detail = f"The task has {len(failures)} failure cases; at most {FAILURES_TAKEN} are taken."
        judgement.fail("parses", "too_large", detail)
    texts = [("A program", source) for source in (task.evaluation_function, task.solution, *failures)]
    for what, text in (("The instruction", task.instruction), *texts):
        size = len((text or "").encode("utf-8", "replace"))
        if size > limits.source_bytes:
            detail = f"{what} has {size} bytes; at most {limits.source_bytes} are taken."
            judgement.fail("parses", "too_large", detail)


def _parses(found: Sequence[str | None], judgement: Judgement) -> bool:
    judgement.reach("parses")
    names = ["evaluation_function", "solution", *(f"failure case {n}" for n in range(1, len(found) - 1))]
    for name, problem in zip(names, found, strict=True):
        if problem is not None:
            judgement.fail("parses", "syntax", f"{name}: {problem}")
    return "parses" not in judgement.problems


def _noop(run: Run, judgement: Judgement) -> bool:
    """Whether the check runs on the fresh state; passing there is a problem, but no reason to stop."""
    judgement.reach("evaluate_runs")
    passed = said(run, judgement, "evaluate_runs", "on the untouched state")
    if passed is None:
        return False
    judgement.reach("noop_fails")
    if passed:
        judgement.fail("noop_fails", "noop_passes", "evaluate accepts the untouched state: doing nothing passes.")
    return True


async def _solution(world: World, evaluation: str, solution: str, judgement: Judgement) -> Checked | None:
    judgement.reach("solution_runs")
    run, check = await world.trial(solution, evaluation)
    if run.status != "ok":
        status = "exception" if run.status == "tool_error" else run.status
        judgement.fail("solution_runs", f"solution_{status}", _ended("The solution", run))
        return None
    judgement.reach("solution_passes")
    answer, where = run.result or "", "after the solution"
    check = check or (await world.evaluate(evaluation, answer, times=1))[0]
    passed = said(check, judgement, "solution_passes", where, tolerant=False)
    if passed is None:
        return None
    judgement.attempts.append(Attempted(run.calls, answer, passed))
    if not passed:
        told = f" Its answer was {answer!r:.500}." if answer else ""
        judgement.fail("solution_passes", "solution_fails", f"evaluate does not accept the solution.{told}")
        return None
    return Checked(world, answer, passed, "solution_passes", where, tolerant=False)


async def _failures(
    worlds: Sequence[World], evaluation: str, failures: Sequence[str], judgement: Judgement, counts: str
) -> list[Checked]:
    """They are tried side by side, and put together in their order."""
    judgement.reach("failures_run")
    judgement.reach("failures_fail")
    tried = (_failure(worlds[n], evaluation, failure, n + 1) for n, failure in enumerate(failures))
    checked = []
    for found, one in await asyncio.gather(*tried):
        judgement.take(found)
        checked += [one] if one else []
    if judgement.sound and len(failures) >= FAILURES_NEEDED:
        _check_distinct(judgement, counts)
    return checked


async def _failure(world: World, evaluation: str, failure: str, number: int) -> tuple[Judgement, Checked | None]:
    """What one failure case shows."""
    found, name, where = Judgement(), f"Failure case {number}", f"after failure case {number}"
    run, check = await world.trial(failure, evaluation)
    if run.status not in ("ok", "tool_error"):
        found.fail("failures_run", f"failure_{run.status}", _ended(name, run))
        return found, None
    answer = run.result or ""
    check = check or (await world.evaluate(evaluation, answer, times=1))[0]
    passed = said(check, found, "failures_fail", where)
    if passed is None:
        return found, None
    found.attempts.append(Attempted(run.calls, answer, passed))
    if passed:
        found.fail("failures_fail", "failure_passes", f"{name} is accepted by evaluate: it is too lenient.")
    return found, Checked(world, answer, passed, "failures_fail", where)


def _check_distinct(judgement: Judgement, counts: str) -> None:
    """At least three failure cases must do or say something, each another thing."""
    solution, *failures = (attempt.effect(counts) for attempt in judgement.attempts)
    idle = (json.dumps([]), "")
    effects = set(failures) - {idle, solution}
    if len(effects) < FAILURES_NEEDED:
        detail = (
            f"Only {len(effects)} of {len(failures)} failure cases do or say something of their own; "
            f"at least {FAILURES_NEEDED} must."
        )
        judgement.fail("failures_run", "failures_degenerate", detail)


async def check_again(checked: Sequence[Checked], task: Task, judgement: Judgement) -> None:
    """Ask the check once more of each state, in another order, which no program knows; it must say the same.

    A check that goes by what it can guess of its place in the order is then wrong somewhere.
    """
    judgement.reach("deterministic")
    order = list(checked)
    random.Random(f"{task.id} again").shuffle(order)
    runs = await asyncio.gather(*(c.world.evaluate(task.evaluation_function or "", c.answer, times=1) for c in order))
    for one, (run,) in zip(order, runs, strict=True):
        passed = said(run, judgement, one.check, one.where, tolerant=one.tolerant)
        if passed is not None and passed is not one.passed:
            detail = f"evaluate, {one.where}, does not say the same twice."
            judgement.fail("deterministic", "evaluate_flaky", detail)


def said(run: Run, judgement: Judgement, check: str, where: str, *, tolerant: bool = True) -> bool | None:
    """Whether `evaluate` passes; None when that cannot be said, which is then noted as a problem of `check`.

    `tolerant`: the exceptions of `NOT_PASSED` count as not passed.
    """
    if run.wrote:
        calls = ", ".join(call.name for call in run.calls if call.kind == "write" and call.error is None)
        judgement.fail("read_only", "evaluate_wrote", f"evaluate changes the state {where} ({calls}).")
    passed = _passed(run, tolerant=tolerant)
    if passed is None:
        reason = {"no_evaluate": "no_evaluate", "syntax": "syntax"}.get(run.status, f"evaluate_{_short(run)}")
        judgement.fail(check, reason, _ended(f"evaluate, {where},", run))
    return passed


def _passed(run: Run, *, tolerant: bool) -> bool | None:
    if run.status == "ok" and run.verdict is not None:
        return run.verdict
    bases = run.exception.bases if run.exception else ()
    if tolerant and run.status in ("exception", "tool_error") and NOT_PASSED.intersection(bases):
        return False
    return None


def _short(run: Run) -> str:
    return {"tool_error": "exception", "ok": "non_bool"}.get(run.status, run.status)


def _ended(who: str, run: Run) -> str:
    """How a program ended, for the challenger and for a person."""
    if run.exception is not None and run.status != "bad_result":
        return f"{who} raised:\n{run.exception.traceback.strip()}"
    return f"{who} {_ENDINGS.get(run.status, run.status)}."


_ENDINGS = {
    "syntax": "does not parse",
    "no_evaluate": "defines no function evaluate",
    "non_bool": "returned something other than True or False",
    "timeout": "did not come to an end in time",
    "oom": "needs too much memory",
    "output_limit": "prints too much",
    "exit": "ended the interpreter itself",
    "crash": "crashed the interpreter",
    "killed": "killed itself",
    "bad_result": "left a result that cannot be read: it must be text or JSON, and small",
    "tool_limit": "makes too many tool calls",
    "too_large": "is too large",
}
