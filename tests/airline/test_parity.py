"""Our airline tools against a retelling of TauBench's, on the same data and the same actions."""

import hashlib
import json

import pytest
from airline.actions import Author
from airline.desk import FOLDER, SMALL, TOOLS, call, desk, fresh, state_hash
from airline.original import Original
from official.task_file import evaluate, write_task_file


def ours(actions, *switches):
    """The desk after actions, and the names of those that were carried out."""
    ran = desk(*switches)
    done = {name for name, args in actions if name in TOOLS and not TOOLS[name].ends and call(ran, name, args)}
    return ran, done


def theirs(actions):
    original = Original(fresh())
    for name, arguments in actions:
        original.step(name, arguments)
    return original.data


def test_on_three_hundred_random_sequences_the_databases_are_the_same():
    different = []
    for seed in range(300):
        actions = Author(SMALL, seed).actions(7)
        if state_hash(ours(actions, "original_cabin")[0].state) != state_hash(theirs(actions)):
            different.append(seed)
    assert different == []


def test_these_sequences_carry_out_every_tool_that_writes():
    done = set().union(*(ours(Author(SMALL, seed).actions(7))[1] for seed in range(100)))
    assert {name for name, tool in TOOLS.items() if tool.kind == "write" and not tool.ends} <= done


def test_without_the_switch_only_cabins_differ():
    differ = 0
    for seed in range(100):
        kept = {}
        for name, arguments in Author(SMALL, seed).actions(7):
            if name == "update_reservation_flights" and arguments["reservation_id"] not in kept:
                kept[arguments["reservation_id"]] = name, arguments
        written, original = ours(kept.values())[0].state, theirs(kept.values())
        differ += written != original
        for reservation_id in kept:
            for state in (written, original):
                state["reservations"].get(reservation_id, {}).pop("cabin", None)
        assert written == original
    assert differ > 10


@pytest.mark.docker
def test_a_task_file_replays_to_the_databases_of_the_original(tmp_path):
    tasks = [Author(SMALL, 1000 + index).actions(7) for index in range(8)]
    path = write_task_file(tmp_path, tasks)
    attempts, summary = evaluate("airline+original_cabin", FOLDER / "small", path, "oracle")
    whole = [json.dumps(theirs(task), sort_keys=True, ensure_ascii=False) for task in tasks]
    assert [one["state_hash"] for one in attempts] == [hashlib.sha256(text.encode()).hexdigest() for text in whole]
    assert (summary["successes"], summary["noop_passes"]) == (8, 0)
