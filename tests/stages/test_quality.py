"""`sca validate` with the numbers beside the verdict, through the command line, in real containers."""

import asyncio
import json

import pytest
from forked import sca

from sca.records.contract import JudgedTask, Task, Verdict
from sca.scaffold import FOLDER
from sca.stages.validation import in_order

TASK = {
    "environment": "shop",
    "instruction": "Anna Berg (anna.berg@example.org) wants to send the teapot from her delivered order back.",
    "evaluation_function": 'def evaluate():\n    return get_order("A1001")["return_items"] == ["teapot-2"]\n',
    "solution": 'return_items("A1001", ["teapot-2"])',
    "failure_cases": [
        'return_items("A1001", ["cup-7"])',
        'return_items("A1004", ["clock-5"])',
        'cancel_order("A1004", "no longer needed")',
    ],
}
LENIENT = 'def evaluate():\n    return "teapot-2" in get_order("A1001")["return_items"]\n'
TASKS = [
    {"id": "shop-000000-000001", **TASK},
    {"id": "shop-000000-000002", **TASK, "solution": 'order = "A1001"\nreturn_items(order, ["teapot-2"])'},
    {"id": "shop-000000-000003", **TASK, "evaluation_function": LENIENT},
    {"id": "shop-000000-000004", **TASK, "instruction": "Someone wants to send the teapot back."},
    {"id": "shop-000000-000005", **TASK, "solution": "pass"},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quality")
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in TASKS))
    told = sca(
        folder, "validate", "tasks.jsonl", "--env", str(FOLDER),
        "--min-mutation-score", "1", "--require-grounded", "--drop-duplicates",
    )  # fmt: skip
    lines = [
        json.loads(line)
        for name in ("validated.jsonl", "rejected.jsonl")
        for line in (folder / name).read_text("utf-8").splitlines()
    ]
    return folder, told, {line["id"][-1]: line["verdict"] for line in lines}


@pytest.mark.docker
def test_thresholds_keep_out_what_is_valid_and_say_why(run):
    folder, _, verdicts = run
    (admitted,) = (folder / "validated.jsonl").read_text("utf-8").splitlines()
    assert json.loads(admitted)["id"].endswith("1")
    assert {n: v["quality"].get("rejected_for") for n, v in verdicts.items() if v["valid"]} == {
        "1": None,
        "2": ["duplicate"],
        "3": ["lenient", "duplicate"],
        "4": ["not_grounded", "duplicate"],
    }


@pytest.mark.docker
def test_the_numbers_are_on_the_record(run):
    quality = run[2]["3"]["quality"]
    assert quality["mutation_score"] < 1
    assert quality["grounded"] is True
    assert quality["duplicate_of"] == "shop-000000-000001"
    assert quality["accepted_mutants"] == ["return_items: one item more"]


@pytest.mark.docker
def test_a_task_whose_solution_does_not_pass_has_no_numbers(run):
    assert "mutation_score" not in run[2]["5"]["quality"]


@pytest.mark.docker
def test_figures_are_printed_and_in_the_sidecar(run):
    folder, told, _ = run
    counts = json.loads((folder / "validated.jsonl.meta.json").read_text("utf-8"))["counts"]
    assert counts["quality"]["measured"] == 4
    assert counts["quality"]["flags"] == {"duplicate": 3, "lenient": 1, "not_grounded": 1}
    assert counts["difficulty"]["before"]["tokens"]["tasks"] == 5
    assert counts["difficulty"]["after"]["tokens"]["tasks"] == 1
    assert "mutation_score" in told
    assert "tokens before" in told


@pytest.mark.docker
def test_other_thresholds_are_other_settings(run):
    assert "thresholds" in sca(run[0], "validate", "tasks.jsonl", "--env", str(FOLDER), code=2)


def test_a_threshold_without_numbers_is_wrong_usage(tmp_path):
    (tmp_path / "tasks.jsonl").write_text(json.dumps(TASKS[0]) + "\n")
    told = sca(tmp_path, "validate", "tasks.jsonl", "--no-quality", "--require-grounded", code=2)
    assert "--no-quality leaves nothing for the other options to go by" in told


def judged(name):
    return JudgedTask(id=name, environment="e", verdict=Verdict(valid=True, reason=None))


def test_lines_wait_for_those_before_them_and_none_is_lost():
    written = []
    with in_order([Task(id=name, environment="e") for name in "abcd"], lambda task: written.append(task.id)) as take:
        take(judged("b"))
        assert written == []
        take(judged("a"))
        assert written == ["a", "b"]
        take(judged("d"))  # c is lost
    assert written == ["a", "b", "d"]


def test_what_ended_is_written_even_when_the_run_breaks_off():
    written = []

    def broken_off():
        tasks = [Task(id=name, environment="e") for name in "ab"]
        with in_order(tasks, lambda task: written.append(task.id)) as take:
            take(judged("b"))
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        broken_off()
    assert written == ["b"]
