"""A strong challenger, a strong executor and its user, recorded: the whole way through retail, in real containers."""

import json
from pathlib import Path

import pytest
from forked import lines, sca

from sca.environment.loading import find
from sca.records.contract import Task
from sca.records.reading import read

pytestmark = pytest.mark.docker

RECORDED = Path(__file__).parent / "recorded"
SERVED = ("000002", "000009", "000013")
BAD = {"000003": "noop_passes", "000008": "no_task", "000018": "solution_exception"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Explore, validate, and serve the users of three of the tasks."""
    folder = tmp_path_factory.mktemp("recorded")
    few = ("--concurrency", "4")  # so that no program waits for the processor until its time is up
    replay = ("--engine", "replay", "--model")
    sca(folder, "explore", "--env", "retail", "-n", "20", *few, *replay, str(RECORDED / "challenger.jsonl"))
    told = sca(folder, "validate", "tasks.jsonl", "--tasks-per-container", "20", *few)
    chosen = [line for line in lines(folder / "validated.jsonl") if line["id"].endswith(SERVED)]
    (folder / "three.jsonl").write_text("".join(json.dumps(line) + "\n" for line in chosen))
    sca(folder, "rollout", "three.jsonl", "--attempts", "1", *replay, str(RECORDED / "service.jsonl"))
    return folder, told


def test_seventeen_of_twenty_episodes_end_in_a_valid_task(run):
    folder, told = run
    assert "17 of 20 tasks are in validated.jsonl" in told
    assert {task["id"][-6:]: task["verdict"]["reason"] for task in lines(folder / "rejected.jsonl")} == BAD


def test_the_funnel_is_told_and_stored(run):
    folder, told = run
    survivors = json.loads((folder / "validated.jsonl.meta.json").read_text())["counts"]["survivors"]
    assert [survivors[check] for check in ("handed_in", "noop_fails", "solution_passes", "stable")] == [
        19,
        18,
        17,
        17,
    ]
    assert ["handed_in", "19"] in [line.split()[:2] for line in told.splitlines()]


def test_six_challengers_heard_what_was_wrong_with_their_first_task(run):
    reasons = [
        [earlier["reason"] for earlier in task["origin"]["earlier_hand_ins"]]
        for task in lines(run[0] / "tasks.jsonl")
    ]
    assert sorted(reason for of_one in reasons for reason in of_one) == [
        "failure_passes", "noop_passes", "noop_passes",
        "solution_exception", "solution_exception", "solution_exception", "syntax",
    ]  # fmt: skip


def test_order_numbers_are_taken_out_where_the_rest_names_the_order(run):
    tasks = lines(run[0] / "tasks.jsonl")
    assert sum("unredacted_instruction" in task["origin"] for task in tasks) >= 5
    assert not any("#W" in (task["instruction"] or "") for task in tasks)


def test_two_users_get_what_they_want_and_one_changes_her_mind_too_late(run):
    attempts = lines(run[0] / "trajectories.jsonl")
    assert {attempt["task_id"][-6:]: attempt["reward"] for attempt in attempts} == dict(
        zip(SERVED, (1, 0, 1), strict=True)
    )
    assert all(attempt["usage"] is not None and len(attempt["user_thoughts"]) >= 3 for attempt in attempts)


def test_no_recorded_challenger_begins_from_a_customer_of_a_test_task(run):
    customers = {task.start for task in read(find("retail") / "tasks" / "test.jsonl", Task).records}
    assert customers.isdisjoint(task["start"].split(";")[0] for task in lines(run[0] / "tasks.jsonl"))
