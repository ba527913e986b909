"""Our retail tools against a retelling of TauBench's, on the same data and the same actions."""

import copy
import marshal

import pytest
from official.original import Original
from official.retail_actions import Author
from official.task_file import evaluate, write_task_file
from retail.shop import state_hash

from sca.environment import ToolError, tools_of
from sca.environment.binding import Parameters
from sca.environment.loading import find, load

FOLDER = find("retail")
RETAIL = load(FOLDER)
SMALL = RETAIL.load(FOLDER / "small")
TOOLS = tools_of(RETAIL)


def fresh():
    return marshal.loads(marshal.dumps(SMALL))


def ours(actions):
    """The database after actions, called as the sandbox calls tools."""
    desk = RETAIL(fresh())
    carried_out = set()
    for name, arguments in actions:
        if name not in TOOLS or TOOLS[name].ends:
            continue
        try:
            tool = getattr(desk, name)
            bound = Parameters(tool).bind([], copy.deepcopy(arguments))
            tool(*bound.args, **bound.kwargs)
            carried_out.add(name)
        except (ToolError, TypeError):
            continue
    return desk.state, carried_out


def theirs(actions):
    original = Original(fresh())
    for name, arguments in actions:
        original.step(name, arguments)
    return original.data


def test_on_three_hundred_random_sequences_the_databases_are_the_same():
    different = []
    for seed in range(300):
        actions = Author(SMALL, seed).actions(8)
        if state_hash(ours(actions)[0]) != state_hash(theirs(actions)):
            different.append(seed)
    assert different == []


def test_these_sequences_carry_out_every_tool_that_writes():
    done = set().union(*(ours(Author(SMALL, seed).actions(8))[1] for seed in range(100)))
    assert {name for name, tool in TOOLS.items() if tool.kind == "write" and not tool.ends} <= done


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """A task file replayed by the oracle, and by nobody: the attempts of each and the actions."""
    folder = tmp_path_factory.mktemp("replayed")
    tasks = [Author(SMALL, 1000 + index).actions(9) for index in range(12)]
    path = write_task_file(folder, tasks)
    results = {}
    for agent in ("oracle", "nop"):
        results[agent], results[f"{agent} summary"] = evaluate("retail", FOLDER / "small", path, agent)
    return results, tasks


@pytest.mark.docker
def test_a_task_file_replays_to_the_databases_of_the_original(replayed):
    results, tasks = replayed
    assert [attempt["state_hash"] for attempt in results["oracle"]] == [state_hash(theirs(task)) for task in tasks]


@pytest.mark.docker
def test_the_oracle_has_the_official_reward_and_nobody_else(replayed):
    results, _ = replayed
    assert [attempt["reward"] for attempt in results["oracle"]] == [1] * 12
    assert [attempt["reward"] for attempt in results["nop"]] == [0] * 12


@pytest.mark.docker
def test_the_changes_of_each_attempt_lead_from_one_database_to_the_other(replayed):
    results, tasks = replayed
    for attempt, actions in zip(results["oracle"], tasks, strict=True):
        assert attempt["state_changes_left_out"] == 0
        assert applied(SMALL, attempt["state_changes"]) == theirs(actions)
    assert all(attempt["state_changes"] == {} for attempt in results["nop"])


@pytest.mark.docker
def test_the_summary_names_the_reward_and_the_data(replayed):
    summary = replayed[0]["oracle summary"]
    assert (summary["reward"], summary["noop_passes"], len(summary["data_hash"])) == ("official", 0, 64)


def applied(state, changes):
    """A state with changes made to it that are told by JSON pointers."""
    state = copy.deepcopy(state)
    for pointer, change in changes.items():
        place = state
        *way, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if isinstance(place, list) and int(last) == len(place):
            place.append(change["after"])
        elif "after" in change:
            place[int(last) if isinstance(place, list) else last] = change["after"]
        else:
            del place[int(last) if isinstance(place, list) else last]
    return state
