"""Attempts are told apart by an oracle, and filters by what they let through."""

import pytest

from experiments.filters import expected_of, judged, table
from sca.judging.funnel import CHECKS
from sca.records.contract import JudgedTask, Trajectory, Verdict

ASKED = "With a rate of 2.5, what does 100 become?"  # 250


def task(number, instruction=ASKED, check="return same(answer, 250.0)", reached="stable", **quality):
    upto = CHECKS.index(reached)
    checks = {name: index <= upto for index, name in enumerate(CHECKS)}
    valid = reached == CHECKS[-1]
    return JudgedTask(
        id=f"t{number}", environment="calculation", family="trade_calculator", instruction=instruction,
        evaluation_function=f"def evaluate(answer):\n    {check}", solution="result = 250.0",
        verdict=Verdict(valid=valid, reason=None if valid else "x", checks=checks, quality=quality),
    )  # fmt: skip


def attempt(number, at, answer, reward):
    return Trajectory(
        id=f"t{at}-a{number}", task_id=f"t{at}", environment="calculation", attempt=number, reward=reward,
        outcome="success" if reward else "failure", answer=answer, messages=[],
    )  # fmt: skip


def test_the_four_kinds_by_the_instruction_and_the_reward():
    attempts = [attempt(0, 1, "250", 1), attempt(1, 1, "40", 1), attempt(2, 1, "250.0", 0), attempt(3, 1, "40", 0)]
    row = table(judged([task(1)], attempts))["full"]
    kinds = ("true_positive", "false_positive", "false_negative", "true_negative", "unread")
    assert [row[kind]["value"] for kind in kinds] == [0.25, 0.25, 0.25, 0.25, 0.0]
    assert (row["precision"], row["successes"]) == (0.5, [0, 0, 1, 0, 0])


def test_attempts_at_what_cannot_be_read_are_counted_apart():
    row = table(judged([task(1, instruction="Report the dearestotes 601.")], [attempt(0, 1, "1", 1)]))["none"]
    assert (row["unread"]["value"], row["read"], row["precision"]) == (1.0, 0, None)


def test_a_task_counts_for_the_filters_that_admit_it():
    tasks = [task(1, reached="parses"), task(2, reached="evaluate_runs"), task(3, reached="solution_passes"), task(4)]
    rows = table(judged(tasks, [attempt(0, number, "250", 1) for number in (1, 2, 3, 4)]))
    assert [rows[name]["tasks"] for name in ("none", "verifier", "solution", "full")] == [4, 3, 2, 1]


def test_a_task_is_sound_when_its_check_wants_what_the_instruction_asks():
    checks = ["return same(answer, 250.0)", "return same(answer, 40.0)", "return True"]
    rows = judged([task(n, check=check) for n, check in enumerate(checks)], [attempt(0, n, "", 0) for n in range(3)])
    assert [row.sound for row in rows] == [True, False, False]


@pytest.mark.parametrize("check", ["return same(answer, os.urandom(1))", "return same(answer)", "x = (", ""])
def test_a_check_that_is_no_plain_comparison_has_no_expected_answer(check):
    assert expected_of(task(1, check=check)) is None
