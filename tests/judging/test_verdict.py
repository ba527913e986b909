"""One valid task, spoiled one part at a time; every program runs in a real container."""

import pytest

from sca.judging.confirmation import confirm
from sca.judging.verdict import judge
from sca.records.contract import Task
from sca.stages.validation import give_verdict

pytestmark = pytest.mark.docker

VALID = Task(
    id="shop-000000-000001",
    environment="shop",
    instruction="Anna Berg (anna.berg@example.org) wants to send the teapot from her delivered order back.",
    evaluation_function="""def evaluate():
    order = get_order("A1001")
    return order["return_items"][0] == "teapot-2"
""",
    solution='return_items("A1001", ["teapot-2"])',
    failure_cases=[
        'return_items("A1001", ["cup-7"])',
        'return_items("A1004", ["clock-5"])',
        'cancel_order("A1004", "no longer needed")',
    ],
)


async def test_a_check_of_a_field_that_is_missing_until_the_return_exists_is_valid(shop_in_docker):
    verdict = await give_verdict(VALID, shop_in_docker)
    assert (verdict.valid, verdict.reason, verdict.detail) == (True, None, "")
    assert set(verdict.checks.values()) == {True}


ACCEPT = "def evaluate():\n    return True"
FAILURES = VALID.failure_cases

SPOILED = {
    "no task": ({"evaluation_function": None, "solution": None, "failure_cases": None}, "no_task"),
    "no instruction": ({"instruction": " "}, "no_instruction"),
    "two failure cases": ({"failure_cases": FAILURES[:2]}, "too_few_failures"),
    "code that does not parse": ({"solution": "return_items('A1001'"}, "syntax"),
    "a huge program": ({"solution": "#" * 70_000}, "too_large"),
    "a huge instruction": ({"instruction": "please " * 10_000}, "too_large"),
    "a check without evaluate": ({"evaluation_function": "def check():\n    return True"}, "no_evaluate"),
    "a check with an undefined name": (
        {"evaluation_function": "def evaluate():\n    return ordr"},
        "evaluate_exception",
    ),
    "a check that returns text": ({"evaluation_function": "def evaluate():\n    return 'True'"}, "evaluate_non_bool"),
    "a check that is always true": ({"evaluation_function": ACCEPT}, "noop_passes"),
    "a check that never passes": ({"evaluation_function": "def evaluate():\n    return False"}, "solution_fails"),
    "a check that leaves": ({"evaluation_function": "import sys\ndef evaluate():\n    sys.exit(0)"}, "evaluate_exit"),
    "a solution that does something else": ({"solution": FAILURES[0]}, "solution_fails"),
    "a check that raises after the solution": ({"solution": "pass"}, "evaluate_exception"),
    "a solution that raises": ({"solution": "get_order('A9999')"}, "solution_exception"),
    "a solution that leaves": ({"solution": "import os\nos._exit(0)"}, "solution_exit"),
    "a failure case that passes": ({"failure_cases": [*FAILURES, VALID.solution]}, "failure_passes"),
    "a failure case that crashes": ({"failure_cases": [*FAILURES, "1 / 0"]}, "failure_exception"),
    "the same failure thrice": (
        {"failure_cases": [FAILURES[0], FAILURES[0] + " #", FAILURES[0]]},
        "failures_degenerate",
    ),
    "failures that do nothing": ({"failure_cases": ["pass", "x = 1", FAILURES[0]]}, "failures_degenerate"),
    "a check that writes": (
        {
            "evaluation_function": VALID.evaluation_function.replace(
                "    order =", '    cancel_order("A1005", "no longer needed")\n    order ='
            )
        },
        "evaluate_wrote",
    ),
    "a check that tosses a coin": (
        {"evaluation_function": "import os\ndef evaluate():\n    return bool(os.getpid() % 2)"},
        None,
    ),
    "a solution that opens a socket": (
        {"solution": "import socket\nsocket.create_connection(('1.1.1.1', 53), 1)\n" + VALID.solution},
        "solution_exception",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), SPOILED.values(), ids=SPOILED)
async def test_each_spoiled_part_has_its_own_reason(shop_in_docker, changes, reason):
    async with shop_in_docker.box(shared=True) as box:
        verdict = (await judge(VALID.model_copy(update=changes), box, shop_in_docker.limits)).verdict()
    assert not verdict.valid
    assert verdict.detail
    if reason is None:
        assert verdict.reason in {"noop_passes", "solution_fails", "evaluate_flaky", "failure_passes"}
    else:
        assert verdict.reason == reason


async def test_an_endless_solution_is_a_time_out_and_the_next_task_is_judged(shop_in_docker):
    verdict = await give_verdict(VALID.model_copy(update={"solution": "while True: pass"}), shop_in_docker)
    assert verdict.reason == "solution_timeout"
    assert (await give_verdict(VALID, shop_in_docker)).valid


async def test_a_state_that_the_recorded_calls_do_not_bring_about_is_unstable(shop_in_docker):
    async with shop_in_docker.box() as box:
        judgement = await judge(VALID, box, shop_in_docker.limits)
    judgement.attempts[0] = judgement.attempts[0].__class__((), "", True)
    async with shop_in_docker.box() as box:
        await confirm(VALID, judgement, box)
    assert judgement.verdict().reason == "unstable"
    assert judgement.verdict().checks["stable"] is False


async def test_the_detail_names_what_raised(shop_in_docker):
    task = VALID.model_copy(update={"solution": "order = get_order('A9999')"})
    async with shop_in_docker.box(shared=True) as box:
        verdict = (await judge(task, box, shop_in_docker.limits)).verdict()
    assert "The solution raised:" in verdict.detail
    assert "there is no A9999 among the orders" in verdict.detail


async def test_failure_cases_that_only_look_around_do_nothing(shop_in_docker):
    looking = ['get_order("A1001")', 'get_order("A1004")', 'get_user("anna_berg")']
    async with shop_in_docker.box(shared=True) as box:
        task = VALID.model_copy(update={"failure_cases": looking})
        verdict = (await judge(task, box, shop_in_docker.limits)).verdict()
    assert verdict.reason == "failures_degenerate"


async def test_failure_cases_that_a_tool_refuses_are_attempts(shop_in_docker):
    refused = ['get_order("A1")', 'get_order("A2")', 'return_items("A1001", [])']
    async with shop_in_docker.box(shared=True) as box:
        task = VALID.model_copy(update={"failure_cases": refused})
        verdict = (await judge(task, box, shop_in_docker.limits)).verdict()
    assert verdict.valid, verdict


async def test_a_result_that_is_no_json_is_told_in_plain_words(shop_in_docker):
    async with shop_in_docker.box(shared=True) as box:
        task = VALID.model_copy(update={"solution": "result = object()"})
        verdict = (await judge(task, box, shop_in_docker.limits)).verdict()
    assert verdict.reason == "solution_bad_result"
    assert "must be text or JSON" in verdict.detail
    assert "sca." not in verdict.detail
