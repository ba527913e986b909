"""Recorded replies through the stages: the browser keeps its place from turn to turn, in real containers."""

import json
from pathlib import Path

import pytest
from forked import lines, sca

pytestmark = pytest.mark.docker

REPLAY = ("--engine", "replay", "--model", str(Path(__file__).parent / "recorded.jsonl"), "--concurrency", "2")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Explore, validate and roll out once, for all tests of this file."""
    folder = tmp_path_factory.mktemp("recorded")
    sca(folder, "explore", "--env", "web_browsing", "-n", "3", *REPLAY)
    sca(folder, "validate", "tasks.jsonl", "--concurrency", "2")
    sca(folder, "rollout", "validated.jsonl", "--attempts", "2", *REPLAY)
    return folder


def heard(record):
    return [message["content"] for message in record if message["role"] == "tool"]


def test_a_challenger_corrects_its_expected_output_after_feedback(run):
    (task,) = lines(run / "validated.jsonl")
    assert task["evaluation_function"] == "def evaluate(answer):\n    return same(answer, 130.2)"
    (earlier,) = task["origin"]["earlier_hand_ins"]
    assert earlier["reason"] == "solution_fails"


def test_links_that_are_clicked_out_of_view_are_grounded_since_scrolling_shows_them(run):
    (task,) = lines(run / "validated.jsonl")
    assert task["verdict"]["quality"]["not_grounded"] == []


def test_a_guessed_address_is_refused_and_says_what_to_do(run):
    task = lines(run / "tasks.jsonl")[0]
    assert "ToolError: this page has no link to '/products/optics'" in heard(task["origin"]["messages"])[0]


def test_a_right_answer_among_the_wrong_ones_is_rejected(run):
    reasons = {task["id"][-6:]: task["verdict"]["reason"] for task in lines(run / "rejected.jsonl")}
    assert reasons == {"000001": "failure_passes", "000002": "no_task"}


def test_only_the_attempt_that_answers_rightly_is_rewarded(run):
    attempts = lines(run / "trajectories.jsonl")
    assert [(a["attempt"], a["reward"], a["answer"]) for a in attempts] == [(0, 1, "130.20"), (1, 0, "110.67")]


def test_the_browser_stays_where_it_is_from_turn_to_turn(run):
    first, _, last = heard(lines(run / "trajectories.jsonl")[0]["messages"])
    assert first.startswith("Page /products, lines 1 to 5 of 8\nWhat we make:")
    assert json.dumps(last).count("Page /products/arclight-beam-compass, lines 6 to 9 of 9") == 1
