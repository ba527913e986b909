"""The defects that were found in the paper's own examples, as tasks on our shop: each is caught, and by what."""

import pytest
from retail.shop import FOLDER

from sca.dialogue.setting import Setting
from sca.judging.quality import measure
from sca.judging.verdict import judge
from sca.records.contract import Task
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import surroundings_of

pytestmark = pytest.mark.docker

SOUND = Task(
    id="retail-000000-000001",
    environment="retail",
    instruction="You are Alvar Eriksen (alvar.eriksen3890@example.com). You ordered a bread knife. Have the order "
    "cancelled, for it is no longer needed.",
    evaluation_function='def evaluate():\n    order = get_order_details("#W2326891")\n'
    '    return order["status"] == "cancelled" and order["cancel_reason"] == "no longer needed"\n',
    solution='cancel_pending_order("#W2326891", "no longer needed")',
    failure_cases=[
        'cancel_pending_order("#W2326891", "ordered by mistake")',
        'modify_pending_order_items("#W2326891", ["4496192709"], ["1630757617"], "paypal_9336851")',
        'modify_pending_order_address("#W2326891", "1 Fern Row", "", "Duluth", "MN", "USA", "55894")',
    ],
)
CASES = {
    "solution and failure swapped": (
        {
            "solution": SOUND.failure_cases[0],
            "failure_cases": [SOUND.solution, *SOUND.failure_cases[1:]],
        },
        "solution_passes",
        "solution_fails",
    ),
    "an order is to be cancelled that is cancelled already": (
        {
            "evaluation_function": "def evaluate():\n"
            '    return get_order_details("#W6500620")["status"] == "cancelled"',
            "solution": 'get_order_details("#W6500620")',
        },
        "noop_fails",
        "noop_passes",
    ),
    "an unterminated string": (
        {"solution": 'cancel_pending_order("#W2326891, "no longer needed")'},
        "parses",
        "syntax",
    ),
    "an undefined name": (
        {"evaluation_function": SOUND.evaluation_function.replace('order["status"]', 'ordr["status"]')},
        "evaluate_runs",
        "evaluate_exception",
    ),
    "an undefined name in the solution": (
        {"solution": 'cancel_pending_order(order_id, "no longer needed")'},
        "solution_runs",
        "solution_exception",
    ),
    "an order that does not exist": (
        {"solution": 'cancel_pending_order("#W0000001", "no longer needed")'},
        "solution_runs",
        "solution_exception",
    ),
    "the least of an empty list": (
        {
            "solution": 'items = get_order_details("#W2326891")["items"]\n'
            'min(item["price"] for item in items if item["name"] == "Tent")'
        },
        "solution_runs",
        "solution_exception",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
async def desk():
    async with DockerSandbox(FOLDER) as sandbox, sandbox.box() as box:
        yield sandbox, box


@pytest.fixture(scope="module")
def surroundings():
    return surroundings_of(Setting.open("retail"))


async def test_the_example_that_they_spoil_is_valid_and_nothing_is_held_against_it(desk, surroundings):
    sandbox, box = desk
    judgement = await judge(SOUND, box, sandbox.limits)
    assert judgement.verdict().reason is None
    quality = await measure(SOUND, judgement.attempts[0], box, surroundings)
    assert (quality["mutation_score"], quality["grounded"]) == (1.0, True)


@pytest.mark.parametrize(("changes", "check", "reason"), CASES.values(), ids=CASES)
async def test_each_defect_is_caught_by_the_check_that_is_there_for_it(desk, changes, check, reason):
    sandbox, box = desk
    verdict = (await judge(SOUND.model_copy(update=changes), box, sandbox.limits)).verdict()
    assert verdict.reason == reason
    assert verdict.checks[check] is False


@pytest.mark.parametrize(
    ("instruction", "missing"),
    [
        ("You no longer need the bread knife that you ordered. Cancel the order.", "who alvar_eriksen_7735 is"),
        ("You are Alvar Eriksen. You no longer need the bread knife you ordered.", "who alvar_eriksen_7735 is"),
        ("Cancel order #W2326891, as it is no longer needed.", "who alvar_eriksen_7735 is"),
    ],
)
async def test_an_instruction_that_lacks_who_the_user_is_is_not_grounded(desk, surroundings, instruction, missing):
    sandbox, box = desk
    task = SOUND.model_copy(update={"instruction": instruction})
    judgement = await judge(task, box, sandbox.limits)
    quality = await measure(task, judgement.attempts[0], box, surroundings)
    assert quality["grounded"] is False
    assert any(told.startswith(missing) for told in quality["not_grounded"])
