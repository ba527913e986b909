"""Recorded replies through the stages: a challenger corrects itself, users are served, in real containers."""

import json
from pathlib import Path

import pytest
from airline.desk import FOLDER
from forked import lines, sca

from sca.records.contract import Task
from sca.records.reading import read

pytestmark = pytest.mark.docker

REPLAY = ("--engine", "replay", "--model", str(Path(__file__).parent / "recorded.jsonl"), "--concurrency", "2")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Explore, validate and roll out once, for all tests of this file."""
    folder = tmp_path_factory.mktemp("recorded")
    sca(folder, "explore", "--env", "airline", "-n", "3", *REPLAY)
    sca(folder, "validate", "tasks.jsonl", "--no-quality", "--concurrency", "2")
    sca(folder, "rollout", "validated.jsonl", "--attempts", "2", *REPLAY)
    return folder


def test_a_challenger_corrects_a_check_that_doing_nothing_passes(run):
    tasks = lines(run / "validated.jsonl")
    assert [task["id"][-6:] for task in tasks] == ["000000", "000001"]
    (earlier,) = tasks[0]["origin"]["earlier_hand_ins"]
    assert earlier["reason"] == "noop_passes"


def test_an_episode_without_a_hand_in_is_no_task(run):
    assert {task["id"][-6:]: task["verdict"]["reason"] for task in lines(run / "rejected.jsonl")} == {
        "000002": "no_task"
    }


def test_only_who_pays_as_the_traveller_wished_is_rewarded(run):
    attempts = {a["id"][-9:]: a for a in lines(run / "trajectories.jsonl")}
    assert {number: a["reward"] for number, a in attempts.items()} == {
        "000000-a0": 1, "000000-a1": 0, "000001-a0": 1, "000001-a1": 1,
    }  # fmt: skip
    assert "holds 163, not 197" in json.dumps([call["error"] for call in attempts["000000-a1"]["calls"]])


def test_no_recorded_challenger_begins_from_a_traveller_of_a_test_task(run):
    travellers = {task.start for task in read(FOLDER / "tasks" / "test.jsonl", Task).records}
    assert travellers.isdisjoint(task["start"].split(";")[0] for task in lines(run / "tasks.jsonl"))
