"""The rewards `state` and `official` on a small shop, over the double of the sandbox."""

import pytest
import pytest_asyncio

from sca.environment.loading import find, load
from sca.errors import StateLost
from sca.judging.reward import Judge, missing
from sca.records.contract import Action, Task
from sca.sandbox import Run
from sca.sandbox.host.double import SubprocessSandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
FOLDER = find("retail")
DATA = FOLDER / "small"
ORDERS = load(FOLDER).load(DATA)["orders"]
PENDING, OTHER = [order_id for order_id, order in ORDERS.items() if order["status"] == "pending"][:2]
TOOLS = ("cancel_pending_order", "transfer_to_human_agents", "think")
CANCEL = f"cancel_pending_order({PENDING!r}, 'no longer needed')"
GOLD = Action(name="cancel_pending_order", arguments={"order_id": PENDING, "reason": "no longer needed"})
TRANSFER = Action(name="transfer_to_human_agents", arguments={"summary": "x"})


def task(*actions, outputs=(), **fields):
    return Task(id="t", environment="retail", actions=list(actions), outputs=list(outputs), **fields)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box():
    async with SubprocessSandbox(FOLDER, data=DATA) as sandbox, sandbox.box() as box:
        yield box


async def reward(box, kind, task, source, answer="", **options):
    """The reward of a program that acts and says `answer`."""
    world = await box.world()
    assert (await world.run(source)).status == "ok"
    judge = Judge(kind, lambda _: TOOLS, ("transfer_to_human_agents",))
    return await judge.reward(task, box, world, await world.state_hash(), answer, **options)


async def test_the_database_must_be_as_after_the_actions(box):
    assert (await reward(box, "official", task(GOLD), CANCEL)).value == 1
    assert (await reward(box, "official", task(GOLD), "pass")).value == 0


async def test_an_extra_write_has_no_official_reward(box):
    extra = f"{CANCEL}\ncancel_pending_order({OTHER!r}, 'no longer needed')"
    assert (await reward(box, "official", task(GOLD), extra)).value == 0


async def test_looking_and_a_transfer_cost_nothing_officially(box):
    source = f"get_order_details({PENDING!r})\n{CANCEL}\ntransfer_to_human_agents('x')"
    assert (await reward(box, "official", task(GOLD), source)).value == 1


async def test_a_transfer_among_the_actions_is_left_out_and_ends_nothing(box):
    assert (await reward(box, "official", task(TRANSFER, GOLD), CANCEL)).value == 1


async def test_errors_of_actions_are_ignored(box):
    odd = [
        Action(name="cancel_pending_order", arguments={"order_id": "#W0", "reason": "x"}),
        Action(name="cancel_pending_order", arguments={"order": PENDING}),
        Action(name="no_such_tool", arguments={}),
    ]
    assert (await reward(box, "official", task(*odd, GOLD), CANCEL)).value == 1


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("It costs $1,234.50.\nGoodbye", 1),
        ("It costs 1234.5 and WAS blue", 0),
        ("1234.50", 1),
        ("", 0),
    ],
)
async def test_each_output_must_be_said(box, said, value):
    assert (await reward(box, "official", task(GOLD, outputs=["1234.50"]), CANCEL, said)).value == value


async def test_capital_letters_of_what_is_said_do_not_matter(box):
    assert (await reward(box, "official", task(outputs=["BLUE", "mug"]), "pass", "A Blue Mug")).value == 1


async def test_the_reward_says_what_was_not_said(box):
    assert (await reward(box, "official", task(outputs=["7"]), "pass")).detail == "was not said: 7"


async def test_our_own_rule_beside_it_also_wants_the_transfer(box):
    both = task(GOLD, TRANSFER)
    found = await reward(box, "official", both, CANCEL)
    assert (found.value, found.own) == (1, 0)
    found = await reward(box, "official", both, f"{CANCEL}\ntransfer_to_human_agents('x')")
    assert (found.value, found.own) == (1, 1)


async def test_our_own_rule_finds_an_output_with_a_comma(box):
    found = await reward(box, "official", task(GOLD, outputs=["1,234.5"]), CANCEL, "It is 1,234.5.")
    assert (found.value, found.own) == (0, 1)
    assert found.defects == ["the output '1,234.5' is never found, for its comma"]


async def test_a_check_is_our_own_rule_where_a_task_has_one(box):
    check = "def evaluate(answer):\n    return answer == 'yes'"
    found = [
        await reward(box, "official", task(GOLD, evaluation_function=check), CANCEL, said) for said in ("yes", "")
    ]
    assert [(each.value, each.own) for each in found] == [(1, 1), (1, 0)]


async def test_known_defects_of_a_task_are_told(box):
    odd = Action(name="cancel_pending_order", arguments={"order_id": "#W0", "reason": "no longer needed"})
    strange = task(odd, Action(name="no_such_tool", arguments={}), origin={"defects": ["known of old"]})
    found = await reward(box, "official", strange, "pass")
    assert found.defects[0] == "no tool no_such_tool here: the action is left out"
    assert found.defects[1].startswith("the action cancel_pending_order is refused: there is no order")
    assert found.defects[2:] == ["known of old"]


@pytest.mark.parametrize(
    ("answer", "rewards"), [("161", (1, 0)), ("161.25", (1, 1)), ("161.250", (1, 1)), ("7", (0, 0)), ("", (0, 0))]
)
async def test_a_reference_is_checked_as_published_and_by_our_own_rule(box, answer, rewards):
    check = "def evaluate(answer):\n    return same(answer, 161.25)"
    asked = Task(id="t", environment="retail", expected_output="161.25", evaluation_function=check)
    found = await reward(box, "official", asked, "pass", answer)
    assert (found.value, found.own) == rewards


async def test_an_unfinished_answer_has_neither_reward(box):
    asked = Task(id="t", environment="retail", expected_output="1", evaluation_function="def evaluate(): return True")
    found = await reward(box, "official", asked, "pass", "1", finished=False)
    assert (found.value, found.own) == (0, 0)


async def test_an_unfinished_attempt_has_no_reward(box):
    assert (await reward(box, "official", task(GOLD), CANCEL, finished=False)).value == 0


@pytest.mark.parametrize(
    ("asked", "flagged"),
    [(task(), True), (task(TRANSFER), True), (task(GOLD), False), (task(outputs=["7"]), False)],
)
async def test_a_task_that_rewards_doing_nothing_is_flagged(box, asked, flagged):
    assert (await reward(box, "official", asked, CANCEL)).noop_passes is flagged


async def test_the_state_must_be_as_after_the_solution(box):
    solved = task(solution=CANCEL)
    assert (await reward(box, "state", solved, CANCEL)).value == 1
    assert (await reward(box, "state", solved, CANCEL.replace("no longer needed", "ordered by mistake"))).value == 0


async def test_without_a_solution_the_state_must_be_as_after_the_actions(box):
    assert (await reward(box, "state", task(GOLD), CANCEL)).value == 1


async def test_the_state_knows_a_transfer_from_none(box):
    solved = task(solution="transfer_to_human_agents('lost')")
    assert (await reward(box, "state", solved, "transfer_to_human_agents('a parcel got lost')")).value == 1
    found = await reward(box, "state", solved, "pass")
    assert (found.value, found.noop_passes) == (0, False)


async def test_a_solution_that_fails_rewards_nobody_and_says_why(box):
    found = await reward(box, "state", task(solution="1 / 0"), "pass")
    assert (found.value, found.detail) == (0, "the task's solution: ZeroDivisionError: division by zero")


class _Starving:
    """A box whose first world ends whatever program it is given."""

    def __init__(self, box):
        self.box, self.made = box, 0

    async def world(self, family=None):
        self.made += 1
        world = await self.box.world(family)
        if self.made == 1:
            world.run = _out_of_time
        return world


async def _out_of_time(source):
    return Run("bad_result")


async def test_a_solution_that_a_starving_machine_ended_runs_again(box):
    world, starving = await box.world(), _Starving(box)
    await world.run(CANCEL)
    judge = Judge("state", lambda _: TOOLS)
    found = await judge.reward(task(solution=CANCEL), starving, world, await world.state_hash(), "")
    assert (found.value, starving.made) == (1, 2)


async def test_a_check_is_a_reward_as_before(box):
    check = f"def evaluate():\n    return get_order_details({PENDING!r})['status'] == 'cancelled'"
    asked = task(evaluation_function=check)
    assert [(await reward(box, "check", asked, source)).value for source in (CANCEL, "pass")] == [1, 0]


class HungBox:
    """Its worlds lose their state to any program."""

    lost = False

    async def world(self, family):
        return self

    async def run(self, source):
        self.lost = True
        return Run("timeout")

    async def state_hash(self):
        if self.lost:
            raise StateLost("the state is lost: a tool hung")
        return "fresh"

    async def marks(self):
        return {}

    async def close(self):
        self.lost = False


async def test_a_solution_that_loses_the_state_is_not_laid_at_the_attempts_door():
    found = await Judge("state").reward(task(solution="hang()"), HungBox(), HungBox(), "fresh", "")
    assert (found.value, found.detail) == (0, "the task's solution: timeout")


async def test_what_a_task_lacks_for_a_reward_is_named():
    bare = Task(id="t", environment="retail", instruction="x")
    assert [missing(bare, kind).partition(":")[0] for kind in ("check", "state", "official")] == [
        "evaluation_function",
        "solution",
        "actions",
    ]
    assert missing(task(GOLD), "official") is None


@pytest.mark.parametrize(
    ("written", "lacks"), [("'marble'", False), ("[1, 2.5]", False), ("marble", True), ("1e999", True)]
)
async def test_a_reference_that_is_no_value_is_named_before_anything_starts(written, lacks):
    found = missing(Task(id="t", environment="e", instruction="x", expected_output=written), "official")
    assert bool(found and found.startswith("expected_output: ")) is lacks
