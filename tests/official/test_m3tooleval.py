"""M3ToolEval: its files are run where they can do no harm, and come home as tasks with the published check."""

import json

import pytest
import pytest_asyncio
from forked import sca
from official.m3_sample import PAGES, write_sample

from sca.dialogue.setting import Setting
from sca.environment.comparison import same
from sca.errors import BadInput, UsageError
from sca.judging.published import check_source, official_evaluate, said
from sca.published import m3tooleval
from sca.sandbox.host.double import SubprocessSandbox

CALCULATION = Setting.open("calculation")
FAMILIES = {family: CALCULATION.tool_names(family) for family in CALCULATION.environment.families}


async def exported(root):
    async with SubprocessSandbox(CALCULATION.folder, limits=m3tooleval.LIMITS) as sandbox:
        return await m3tooleval.export(m3tooleval.files_of(root), sandbox)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def found(tmp_path_factory):
    return await exported(write_sample(tmp_path_factory.mktemp("m3")))


@pytest.fixture(scope="module")
def tasks(found):
    return m3tooleval.tasks_of(found, FAMILIES, "abc123")


async def test_tasks_are_told_apart_by_their_tools(tasks):
    assert [(task.id, task.family, task.expected_output) for task in tasks["calculation"]] == [
        ("calculation-abc123-000000", "trade_calculator", "0.75"),
        ("calculation-abc123-000001", "trade_calculator", "[1.5, 2.0]"),
        ("calculation-abc123-000002", "travel_planner", "('P', 3)"),
        ("calculation-abc123-000003", "travel_planner", "7"),
    ]
    assert [task.expected_output for task in tasks["web_browsing"]] == [
        "0.30000000000000004", "'Ada Reed'", "2", "'777'",
    ]  # fmt: skip


async def test_the_tables_come_along_and_places_lose_their_quotes(found):
    data = m3tooleval.data_of(found)
    assert data["web_browsing"]["pages"] == PAGES
    assert data["calculation"]["flights"] == [
        {"from_location": "P", "to_location": "Q", "date": "2030-01-01", "price": 70}
    ]
    assert [hotel["location"] for hotel in data["calculation"]["hotels"]] == ["P", "Q"]


async def test_known_defects_are_noted(tasks):
    noted = {task.origin["name"]: task.origin.get("defects") for made in tasks.values() for task in made}
    assert noted == {
        "trade/1": [m3tooleval.CUT_OFF],
        "trade/2": [m3tooleval.TO_THE_LETTER],
        "travel/3": [m3tooleval.TO_THE_LETTER],
        "travel/4": None,
        "web_browsing/price": [m3tooleval.UNROUNDED],
        "web_browsing/who": [m3tooleval.UNREACHABLE],
        "web_browsing/people_in_the_attic": [m3tooleval.UNREACHABLE],
        "web_browsing/phone": None,
    }


async def test_our_own_check_takes_prices_to_two_decimals(tasks):
    space = {"same": same}
    exec(tasks["web_browsing"][0].evaluation_function, space)  # a line of our own
    assert [space["evaluate"](answer) for answer in ("0.30", "0.30000000000000004", "0.31")] == [True, True, False]


@pytest.mark.parametrize("name", [*m3tooleval.WRONG, *m3tooleval.TIES])
def test_a_reference_that_is_not_the_only_answer_is_only_one_of_those_that_we_accept(name):
    source = m3tooleval._check(name, "the reference", "calculation")
    space = {"same": same}
    exec(source, space)  # a line of our own
    reason, right = (m3tooleval.WRONG | m3tooleval.TIES)[name]
    assert "reference" in reason
    assert all(space["evaluate"](value if isinstance(value, str) else json.dumps(value)) for value in right)
    assert not space["evaluate"]("the reference")


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("161.25", 161.25, True),
        ("161", 161.25, True),  # for int(161.25) is 161
        ("162", 161.25, False),
        (" 7 ", 7, True),
        ("seven", 7, False),
        ("[1.5, 2.0]", [1.5, 2.0], True),
        ("[1.5,2.0]", [1.5, 2.0], False),
        ("('P', 3)", ("P", 3), True),
        ("Ada Reed", "Ada Reed", True),
        ("'Ada Reed'", "Ada Reed", True),
        ("Ada  Reed", "Ada Reed", False),
        ("False", False, True),
        ("0", False, True),
        ("(" * 500, 7, False),
    ],
)
def test_the_published_check(answer, expected, right):
    assert official_evaluate(answer, expected) is right
    space = {}
    exec(check_source(repr(expected)), space)  # what the sandbox runs
    assert space["evaluate"](answer) is right


def test_the_oracle_says_a_text_plainly_and_anything_else_as_python_does():
    assert [said("'Ada Reed'"), said("('P', 3)"), said("0.75")] == ["Ada Reed", "('P', 3)", "0.75"]


def test_a_folder_without_the_benchmark_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"holds no tasks/base\.py; name `scripts/eval/m3tooleval`"):
        m3tooleval.files_of(tmp_path)


async def test_files_that_do_not_run_say_why(tmp_path):
    with pytest.raises(BadInput, match="tasks: cannot be run: ZeroDivisionError"):
        await exported(write_sample(tmp_path, calculation="1 / 0"))


async def test_a_reference_that_is_no_plain_value_is_named(tmp_path):
    odd = await exported(write_sample(tmp_path, web="from ...base import *\n"))
    odd.tasks[0].expected_output = "<object>"
    with pytest.raises(BadInput, match="trade/1: expected_output: is no plain value"):
        m3tooleval.tasks_of(odd, FAMILIES, "abc123")


def cli(folder, *words):
    return sca(folder, *map(str, words))


@pytest.mark.docker
def test_published_tasks_are_evaluated_with_both_rewards_and_never_run_on_the_host(tmp_path):
    outside = f"import os\nassert not os.path.exists({str(tmp_path)!r})\n"
    root = write_sample(tmp_path, base=outside + (write_sample(tmp_path) / "tasks/base.py").read_text())
    told = cli(tmp_path, "env", "import-m3", root, "-o", "m3")
    assert "web_browsing: 4 tasks (3 with a known defect) are in m3/web_browsing" in told
    place = tmp_path / "m3" / "web_browsing"
    where = ("--env", "web_browsing+any_address", "--data", place / "data", "--tasks", place / "tasks.jsonl")
    cli(tmp_path, "eval", *where, "--reward", "official", "--agent", "oracle", "--trials", "1", "-o", "oracle.jsonl")
    summary = json.loads((tmp_path / "oracle.summary.json").read_text())
    assert (summary["successes"], summary["own"]["successes"], summary["own"]["differs"]) == (4, 4, 0)
    assert len(summary["defects"]) == 3
    assert len(summary["data_hash"]) == 64
