"""A benchmark's task file for airline: tasks that change nothing are left out and counted, defects are told."""

import json

import pytest
from airline.desk import AIRLINE, FOLDER, SMALL
from forked import sca

pytestmark = pytest.mark.docker


def room(flight):
    """Business seats left; none where it cannot be booked."""
    day = SMALL["flights"][flight["flight_number"]]["dates"][flight["date"]]
    return day.get("available_seats", {}).get("business", 0)


def cards(user_id):
    methods = SMALL["users"][user_id]["payment_methods"]
    return [name for name, method in methods.items() if method["source"] == "credit_card"]


USER, RESERVATION = next(
    (held["user_id"], number)
    for number, held in SMALL["reservations"].items()
    if held["cabin"] == "economy"
    and cards(held["user_id"])
    and min(map(room, held["flights"])) >= len(held["passengers"])
)
UPGRADE = {
    "reservation_id": RESERVATION,
    "cabin": "business",
    "flights": [{n: f[n] for n in ("flight_number", "date")} for f in SMALL["reservations"][RESERVATION]["flights"]],
    "payment_id": cards(USER)[0],
}
TASKS = f"""
TASKS = [
    Task(annotator="0", user_id="{USER}", instruction="Upgrade.", outputs=[],
        actions=[Action(name="update_reservation_flights", kwargs={UPGRADE!r})]),
    Task(annotator="0", user_id="{USER}", instruction="Insist.", outputs=["4"],
        actions=[Action(name="get_user_details", kwargs={{"user_id": "{USER}"}})]),
    Task(annotator="0", user_id="{USER}", instruction="Refused.", outputs=[],
        actions=[Action(name="cancel_reservation", kwargs={{"reservation_id": "NOSUCH"}})]),
    Task(annotator="0", user_id="{USER}", instruction="A person, please.", outputs=[],
        actions=[Action(name="transfer_to_human_agents", kwargs={{"summary": "x"}})]),
    Task(annotator="0", user_id="{USER}", instruction="Complain.", outputs=["1,000"],
        actions=[Action(name="send_certificate", kwargs={{"user_id": "{USER}", "amount": 50}})]),
]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The oracle at the tasks that count, and one that does nothing at all of them."""
    folder = tmp_path_factory.mktemp("official")
    (folder / "tasks_test.py").write_text(TASKS, encoding="utf-8")
    found = {}
    for agent, more in (("oracle", ()), ("nop", ("--keep-unchanged",))):
        told = sca(
            folder, "eval", "--env", "airline", "--data", str(FOLDER / "small"), "--tasks", "tasks_test.py",
            "--reward", "official", "--agent", agent, "--trials", "1", "-o", f"{agent}.jsonl", *more,
        )  # fmt: skip
        lines = (folder / f"{agent}.jsonl").read_text().splitlines()
        summary = json.loads((folder / f"{agent}.summary.json").read_text())
        found[agent] = told, [json.loads(line) for line in lines], summary
    return found


def test_tasks_that_change_nothing_are_left_out_and_counted(run):
    told, attempts, summary = run["oracle"]
    assert [attempt["task_id"][-1] for attempt in attempts] == ["0", "4"]
    assert (summary["tasks"], summary["left_out_unchanged"]) == (2, 3)
    assert "left out 3 of 5 tasks, whose actions change nothing" in told


def test_they_can_be_kept_and_are_flagged(run):
    _, attempts, summary = run["nop"]
    assert (summary["tasks"], summary["left_out_unchanged"], summary["noop_passes"]) == (5, 0, 2)
    assert [attempt["reward"] for attempt in attempts] == [0, 0, 1, 1, 0]
    assert [attempt["own_reward"] for attempt in attempts] == [0, 0, 1, 0, 0]


def test_the_defects_of_each_task_are_in_its_attempts_and_in_the_summary(run):
    _, attempts, summary = run["nop"]
    (cabin,), none, (refused,), also_none, (comma,) = [attempt["defects"] or [] for attempt in attempts]
    assert cabin == f"the original does not write the new cabin of {RESERVATION}: +original_cabin"
    assert refused.startswith("the action cancel_reservation is refused: there is no reservation 'NOSUCH'")
    assert comma == "the output '1,000' is never found, for its comma"
    assert none == also_none == []
    assert len(summary["defects"]) == 3


def test_both_rewards_and_the_hash_of_the_data_are_in_the_summary(run):
    _, _, summary = run["oracle"]
    assert summary["pass@1"]["value"] == 0.5  # an output with a comma is never found
    assert summary["own"] | {"pass@1": None} == {"successes": 2, "differs": 1, "pass@1": None}
    assert len(summary["data_hash"]) == 64


def test_a_cabin_that_stays_is_no_defect():
    stays = UPGRADE | {"cabin": "economy"}
    assert AIRLINE.defects(SMALL, [("update_reservation_flights", stays), ("think", {"thought": "x"})]) == []
