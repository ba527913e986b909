"""Task files of TauBench and of TauBench 2 become tasks, and what is odd in them is named by file, line and field."""

import json

import pytest

from sca.errors import BadInput, UsageError
from sca.records.task_files import read_tasks

HEAD = "from tau_bench.types import Action, Task\n\n"
ONE = """Task(
        annotator="0",
        user_id="mona_quist_1",
        instruction="You are Mona. "
        "Cancel #W1.",
        actions=[Action(name="cancel_pending_order", kwargs={"order_id": "#W1", "fees": [1, -2.5, None, True]})],
        outputs=["12.4"],
    )"""
SCENARIO = {
    "id": "7",
    "description": None,
    "user_scenario": {
        "persona": None,
        "instructions": {
            "domain": "retail",
            "reason_for_call": "You want order #W1 cancelled.",
            "known_info": "You are Mona Quist.",
            "unknown_info": "You do not know your user id.",
            "task_instructions": "Be brief.",
        },
    },
    "initial_state": None,
    "evaluation_criteria": {
        "actions": [{"action_id": "7_0", "name": "cancel_pending_order", "arguments": {"order_id": "#W1"}}],
        "communicate_info": ["12.4"],
        "reward_basis": ["DB", "COMMUNICATE"],
    },
}


def read(folder, text, name="tasks_test.py", **options):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_tasks(path, "retail", **options)


def problems(folder, text, name="tasks_test.py"):
    with pytest.raises(BadInput) as raised:
        read(folder, text, name)
    return [problem.removeprefix(f"{folder / name}, ") for problem in raised.value.problems]


def test_a_task_of_taubench_keeps_its_words_actions_and_outputs(tmp_path):
    (task,) = read(tmp_path, f"{HEAD}TASKS_TEST = [\n    {ONE},\n]\n").records
    assert task.instruction == "You are Mona. Cancel #W1."
    assert [action.model_dump() for action in task.actions] == [
        {"name": "cancel_pending_order", "arguments": {"order_id": "#W1", "fees": [1, -2.5, None, True]}}
    ]
    assert (task.outputs, task.start, task.environment) == (["12.4"], "mona_quist_1", "retail")
    assert task.origin == {"method": "taubench", "annotator": "0", "file": "tasks_test.py", "index": 0}


def test_ids_follow_from_the_file_and_its_order(tmp_path):
    tasks = read(tmp_path, f"TASKS = [{ONE}, {ONE}]").records
    assert [task.id[-7:] for task in tasks] == ["-000000", "-000001"]
    assert tasks[0].id[:-7] == tasks[1].id[:-7] != read(tmp_path, f"TASKS = [{ONE}]").records[0].id[:-7]


def test_older_files_hold_dicts_with_arguments(tmp_path):
    actions = [{"name": "think", "arguments": {"thought": "x"}}]
    (task,) = read(tmp_path, f"tasks = [{{'instruction': 'Go.', 'annotator': 0, 'actions': {actions}}}]").records
    assert (task.actions[0].arguments, task.outputs) == ({"thought": "x"}, [])


def test_nothing_in_a_file_is_run(tmp_path):
    assert problems(tmp_path, "import os\nTASKS = [Task(instruction=os.getcwd(), actions=[])]") == [
        "line 2: instruction: must be written out, not 'os.getcwd()'"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("TASKS = [\n", "line 1: is not Python: '[' was never closed"),
        ("x = 1\n", "line 1: holds no list of tasks, NAME = [Task("),
        ("A = []\nB = []\n", "line 1: holds 2 lists (A on line 1, B on line 2); keep one list of tasks in a file"),
        ("TASKS = []\nTASKS.append(1)\n", "line 2: is code, and a task file is read, never run"),
        ("TASKS = []\nfor x in y:\n    pass\n", "line 2: is code"),
        ("TASKS = [\n1]", "line 2: must be an object, not the number 1"),
        ("TASKS = [\nTask('x')]", "line 2: task: must be written out, not \"Task('x')\""),
        ("TASKS = [Task(\ninstruction=3,\nactions=[])]", "line 2: instruction: must be text, not the number 3"),
        ("TASKS = [Task(instruction='')]", "line 1: instruction: must not be empty"),
        ("TASKS = [Task(instruction='x')]", "line 1: actions: is missing"),
        (
            "TASKS = [Task(instruction='x', actions=[\nAction(name='a',\nkwargs=[])])]",
            "line 3: actions.0.kwargs: must be an object, not a list",
        ),
        ("TASKS = [Task(instruction='x', actions=[], outputs=[\n12])]", "line 2: outputs.0: must be text, not the"),
        (
            "TASKS = [Task(instruction=f'{x}', actions=[])]",
            "line 1: instruction: must be written out, not \"f'{x}'\"",
        ),
        ("TASKS = [Task(instruction='x', actions=[], **more)]", "line 1: task: must have names that are text"),
        ("TASKS = [Task(instruction='x', actions=[], n=1e999)]", "line 1: n: must be text, a number, True, False or"),
        ("TASKS = [Task(instruction=b'x', actions=[])]", "line 1: instruction: must be text, a number"),
    ],
)
def test_what_is_odd_is_named(tmp_path, text, told):
    assert any(problem.startswith(told) for problem in problems(tmp_path, text)), problems(tmp_path, text)


def test_all_bad_tasks_are_named_at_once(tmp_path):
    text = f"TASKS = [\nTask(instruction=1, actions=2),\n{ONE},\nTask(actions=[])]"
    assert problems(tmp_path, text) == [
        "line 2: instruction: must be text, not the number 1",
        "line 2: actions: must be a list, not the number 2",
        "line 11: instruction: is missing",
    ]


def test_bad_tasks_can_be_left_out(tmp_path):
    reading = read(tmp_path, f"TASKS = [Task(instruction=1, actions=[]), {ONE}]", skip_bad_lines=True)
    assert ([task.id[-6:] for task in reading.records], len(reading.skipped)) == (["000001"], 1)


def test_a_file_that_is_not_text_is_named(tmp_path):
    (tmp_path / "t.py").write_bytes(b"x = 1\n# \xff")
    with pytest.raises(BadInput, match=r"t\.py, line 2: is not UTF-8"):
        read_tasks(tmp_path / "t.py", "retail")


def test_a_file_nested_beyond_reason_is_named(tmp_path):
    assert "too" in problems(tmp_path, f"TASKS = {'[' * 5000}{']' * 5000}")[0]


def test_a_benchmarks_file_needs_an_environment(tmp_path):
    (tmp_path / "t.py").write_text("TASKS = []")
    with pytest.raises(UsageError, match="say with --env which environment"):
        read_tasks(tmp_path / "t.py", None)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*gone\.py"):
        read_tasks(tmp_path / "gone.py", "retail")


def test_a_scenario_of_taubench_2_becomes_an_instruction(tmp_path):
    (task,) = read(tmp_path, json.dumps([SCENARIO]), "tasks.json").records
    assert task.instruction == (
        "Why you get in touch:\nYou want order #W1 cancelled.\n\nWhat you know:\nYou are Mona Quist.\n\n"
        "What you do not know:\nYou do not know your user id.\n\nHow you go about it:\nBe brief."
    )
    assert (task.actions[0].name, task.outputs, task.origin["id"]) == ("cancel_pending_order", ["12.4"], "7")


def test_what_a_scenario_leaves_out_is_left_out(tmp_path):
    told = {"reason_for_call": "Refund.", "known_info": None, "domain": "retail"}
    changed = SCENARIO | {"user_scenario": {"persona": "A pilot.", "instructions": told}}
    (task,) = read(tmp_path, json.dumps([changed]), "tasks.json").records
    assert task.instruction == "Who you are:\nA pilot.\n\nWhy you get in touch:\nRefund."


def test_what_is_not_in_the_reward_basis_need_not_be_said(tmp_path):
    criteria = SCENARIO["evaluation_criteria"] | {"reward_basis": ["DB"]}
    (task,) = read(tmp_path, json.dumps([SCENARIO | {"evaluation_criteria": criteria}]), "tasks.json").records
    assert task.outputs == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1,\n2]", "line 2: must be an object, not the number 2"),
        ('[\n{"id": 1}]', "line 2: user_scenario: is missing"),
        ("[{}\n{}]", "line 2: is not JSON: the list goes on without a comma"),
        ("[\n{]", "line 2: is not JSON: Expecting property name"),
        ("[{},\n]", "line 2: is not JSON: the list ends with a comma"),
        ("[{}]\n[{}]", "line 2: is not JSON: something follows the list"),
        ("[{}, NaN]", "line 1: is not JSON: NaN is no number there"),
        (json.dumps([SCENARIO | {"initial_state": {"message_history": [1]}}]), "line 1: initial_state: tasks begin"),
        ("[" * 100_000, "line 1: is nested too deeply"),
    ],
)
def test_what_is_odd_in_json_is_named(tmp_path, text, told):
    found = problems(tmp_path, text, "tasks.json")
    assert any(problem.startswith(told) for problem in found), found


def test_json_lines_are_read_as_ever(tmp_path):
    line = {"id": "a", "environment": "retail", "actions": [{"name": "think", "arguments": {}}], "outputs": ["x"]}
    (task,) = read(tmp_path, json.dumps(line), "tasks.jsonl").records
    assert (task.actions[0].name, task.outputs) == ("think", ["x"])
