"""The summary of an evaluation against figures worked out by hand."""

import os

import pytest

from sca.errors import ScaError
from sca.records.contract import Task, Trajectory
from sca.stages.evaluation import summarise, summary_path, tools_by_task, write_summary


def attempts(**rewards):
    return [
        Trajectory(
            id=f"{task}-a{number}", task_id=task, environment="e", attempt=number, reward=int(reward),
            outcome="success" if reward == "1" else "failure", messages=[],
        )
        for task, row in rewards.items()
        for number, reward in enumerate(row)
    ]  # fmt: skip


def tasks(*names, family=None):
    return [Task(id=name, environment="e", family=family) for name in names]


def value(summary, name):
    return summary[name]["value"]


def test_estimates_are_those_of_the_trials():
    summary = summarise(attempts(a="1100", b="0000", c="1111"), tasks("a", "b", "c"), 4)
    assert value(summary, "pass@1") == pytest.approx(0.5)
    assert value(summary, "pass@4") == pytest.approx(2 / 3, abs=1e-6)
    assert value(summary, "pass^4") == pytest.approx(1 / 3, abs=1e-6)
    assert (summary["coverage"], summary["successes"]) == (1.0, 6)


def test_a_task_with_a_lost_attempt_lowers_coverage_and_not_the_rate():
    summary = summarise(attempts(a="11", b="0"), tasks("a", "b"), 2)
    assert (summary["coverage"], summary["tasks_counted"], value(summary, "pass@1")) == (0.75, 1, 1.0)


def test_attempts_beyond_the_trials_are_left_out():
    summary = summarise(attempts(a="1100", b="01"), tasks("a", "b"), 2)
    assert (summary["coverage"], summary["tasks_counted"], value(summary, "pass@1")) == (1.0, 2, 0.75)


def test_where_no_task_is_whole_nothing_is_estimated():
    summary = summarise(attempts(a="1", b=""), tasks("a", "b", family="f"), 2)
    assert (summary["pass@1"], summary["pass^2"], summary["families"], summary["coverage"]) == (None, None, {}, 0.25)


def test_one_trial_gives_pass_at_1_alone():
    assert {name for name in summarise(attempts(a="1"), tasks("a"), 1) if name.startswith("pass")} == {"pass@1"}


def test_the_summary_lies_beside_the_results(tmp_path):
    path = summary_path(tmp_path / "results.jsonl")
    assert path == tmp_path / "results.summary.json"


def test_a_summary_goes_through_links_and_pipes_and_leaves_them_there(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_summary(tmp_path / "link", {"a": 1})
    assert (tmp_path / "link").is_symlink()
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_summary(tmp_path / "pipe", {"a": 1})
    assert os.read(reader, 100) == (tmp_path / "file").read_bytes()
    os.close(reader)


def test_a_summary_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "s.json").mkdir()
    with pytest.raises(ScaError, match="cannot write"):
        write_summary(tmp_path / "s.json", {})


def test_figures_by_tool_are_of_the_tasks_whose_solution_names_it():
    some = [
        Task(id=name, environment="e", solution=solution)
        for name, solution in [("a", "x = f(1)"), ("b", "g(f(2)); print(3)"), ("c", "not python("), ("d", None)]
    ]
    by_task = tools_by_task(some, lambda family: {"f", "g", "h"})
    summary = summarise(attempts(a="10", b="00", c="11", d="11"), some, 2, by_task)
    assert {name: (one["tasks"], value(one, "pass@1")) for name, one in summary["tools"].items()} == {
        "f": (2, 0.25),
        "g": (1, 0.0),
    }


def test_each_group_says_how_many_of_its_tasks_count():
    summary = summarise(attempts(a="11", b="0"), tasks("a", "b", family="f"), 2)
    assert (summary["families"]["f"]["tasks"], summary["families"]["f"]["tasks_counted"]) == (2, 1)


def test_the_hash_of_the_tasks_tells_other_checks_apart_and_no_other_order():
    first, second = Task(id="a", environment="e", evaluation_function="x"), Task(id="b", environment="e")
    changed = first.model_copy(update={"evaluation_function": "y"})
    hashes = [summarise([], some, 1)["tasks_hash"] for some in ([first, second], [second, first], [changed, second])]
    assert hashes[0] == hashes[1] != hashes[2]
