"""Challengers and proposers by the command line, in real containers."""

import json

import pytest
from forked import lines, sca
from retail.shop import BLUE, CARD, LARGE, SHOP, order, write

pytestmark = pytest.mark.docker

ORDERS = {
    "#W0000001": order("#W0000001", "pending", CARD, LARGE),
    "#W0000002": order("#W0000002", "delivered", CARD, BLUE),
}
HAND_IN = """ANSWER:
<instruction>
You are Mona Quist (mona.quist1@example.com). You want to return the mug of your order #W0000002 and be paid by card.
</instruction>
<evaluation_function>
def evaluate(answer):
    return get_order_details("#W0000002").get("return_items") == ["m-blue"]
</evaluation_function>
<solution>
return_delivered_order_items("#W0000002", ["m-blue"], "credit_card_1")
</solution>
<failure_case>
cancel_pending_order("#W0000001", "no longer needed")
</failure_case>
<failure_case>
modify_pending_order_payment("#W0000001", "paypal_1")
</failure_case>
<failure_case>
exchange_delivered_order_items("#W0000002", ["m-blue"], ["m-red"], "credit_card_1")
</failure_case>
END ANSWER"""
WRONG = HAND_IN.replace('["m-blue"], "credit', '["t-large"], "credit', 1)
SHORT = """ANSWER:
<instruction>
What is 12.5 plus a tariff of 8 percent?
</instruction>
<expected_output>
13.5
</expected_output>
<example_solution>
result = estimate_final_value(12.5, calculate_tariff(12.5, 8))
</example_solution>
<failure_case>
12.5
</failure_case>
<failure_case>
1.0
</failure_case>
<failure_case>
result = 20.5
</failure_case>
END ANSWER"""
LOOK = 'ACTION: get_user_details("mona_quist_1")["orders"] END ACTION'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore")
    (folder / "data").mkdir()
    users = {"mona_quist_1": SHOP["users"]["mona_quist_1"] | {"orders": list(ORDERS)}}
    write(folder / "data", users=users, orders=ORDERS)
    replies = [
        {"key": "retail-*-000000", "texts": [LOOK, WRONG, HAND_IN]},
        {"key": "calculation-*-000000", "texts": ["I wonder.", SHORT]},
        {"key": "calculation-*-000001", "texts": [SHORT]},
        {"key": "calculation-*-000002", "texts": [SHORT]},
    ]
    (folder / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return folder


REPLAY = ("--engine", "replay", "--model", "replies.jsonl")


def test_a_challenger_of_retail_hands_in_a_valid_task_without_the_order_number(folder):
    sca(folder, "explore", "--env", "retail", "--data", "data", "-n", "1", *REPLAY)
    (task,) = lines(folder / "tasks.jsonl")
    assert task["instruction"].split("). ")[1] == "You want to return the mug of your order and be paid by card."
    assert "your order #W0000002" in task["origin"]["unredacted_instruction"]
    assert task["start"] == "mona_quist_1; theme: a return of a part of an order"
    (earlier,) = task["origin"]["earlier_hand_ins"]
    assert earlier["reason"] == "solution_exception"
    feedback = [m["content"] for m in task["origin"]["messages"] if m["role"] == "tool"][1]
    assert "ToolError: #W0000002 holds t-large not at all" in feedback
    told = sca(folder, "validate", "tasks.jsonl", "--data", "data")
    assert "1 of 1 tasks are in validated.jsonl" in told


def test_the_papers_hand_in_of_calculation_becomes_a_valid_task(folder):
    sca(folder, "explore", "--env", "calculation", "-n", "3", "--feedback", "none", *REPLAY, "-o", "c.jsonl")
    told = sca(folder, "validate", "c.jsonl", "-o", "v.jsonl", "--rejected", "r.jsonl")
    tasks = lines(folder / "v.jsonl")
    assert [task["family"] for task in tasks] == ["trade_calculator"], told
    assert tasks[0]["evaluation_function"] == "def evaluate(answer):\n    return same(answer, 13.5)"


def test_a_proposer_needs_no_container_and_its_tasks_no_check(folder, monkeypatch):
    monkeypatch.setenv("SCA_DOCKER_HOST", "unix:///nonexistent/docker.sock")
    told = sca(folder, "explore", "--env", "calculation", "-n", "2", "--method", "pae", *REPLAY, "-o", "p.jsonl")
    assert "2 of 2 episodes handed a task in" in told
    for task in lines(folder / "p.jsonl"):
        assert (task["instruction"], task["solution"]) == ("What is 12.5 plus a tariff of 8 percent?", None)


def test_flags_of_acting_mean_nothing_to_a_proposer(folder):
    told = sca(folder, "explore", "--env", "retail", "--method", "pae", "--feedback", "none", code=2)
    assert "--feedback: mean nothing to --method pae" in told


@pytest.mark.slow
def test_the_model_that_ships_comes_to_the_end_of_20_episodes_in_retail(folder):
    sca(folder, "explore", "--env", "retail", "-n", "20", "-o", "tiny.jsonl")
    assert len(lines(folder / "tiny.jsonl")) == 20
