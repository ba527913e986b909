"""What is kept of attempts and of tasks, and how many each step leaves."""

import pytest

from sca.errors import UsageError
from sca.records.contract import JudgedTask, Message, Task, Trajectory, Verdict
from sca.selection.choosing import Wanted, choose


def attempt(task, number, reward, *said, run="r"):
    return Trajectory(
        id=f"{task}-a{number}", task_id=task, environment="e", attempt=number, reward=reward, run=run,
        outcome="success" if reward else "failure", usage={"completion_tokens": 10},
        messages=[{"role": "user", "content": "?"}, *({"role": "assistant", "content": text} for text in said)],
    )  # fmt: skip


ATTEMPTS = [
    attempt("a", 0, 0, "x"),
    attempt("a", 1, 1, "x", "y"),
    attempt("a", 2, 1, "z"),
    attempt("a", 3, 1, "z"),
    attempt("b", 0, 1, "x"),
    attempt("c", 0, 0, "x"),
]


def kept(records, **wanted):
    return [record.id for record in choose(records, Wanted(**wanted)).kept]


def test_facts_of_a_task_are_of_all_its_attempts():
    assert kept(ATTEMPTS, conditions=("0 < avg < 1", "attempts == 4 and successes == 3")) == [
        f"a-a{n}" for n in range(4)
    ]


def test_the_best_is_the_shortest_success():
    assert kept(ATTEMPTS, conditions=("best",)) == ["a-a2", "b-a0", "c-a0"]
    assert kept(ATTEMPTS, best=2) == ["a-a2", "a-a3", "b-a0", "c-a0"]


def test_of_attempts_that_say_the_same_one_is_kept():
    assert kept(ATTEMPTS, dedup=True) == ["a-a0", "a-a1", "a-a2", "b-a0", "c-a0"]


def test_attempts_say_the_same_whatever_they_heard():
    heard = {"role": "tool", "content": "another time"}
    again = ATTEMPTS[5].model_copy(update={"id": "c-a1", "messages": [*ATTEMPTS[5].messages, Message(**heard)]})
    assert kept([ATTEMPTS[5], again], dedup=True) == ["c-a0"]


def test_a_lot_does_not_depend_on_the_order_of_the_file():
    assert sorted(kept(ATTEMPTS, max_per_task=1)) == sorted(kept(ATTEMPTS[::-1], max_per_task=1))
    assert len({tuple(kept(ATTEMPTS, max_per_task=1, seed=seed)) for seed in range(20)}) > 1


def test_a_number_of_all_is_kept_by_lot_in_the_order_of_the_file():
    assert kept(ATTEMPTS, number=3) == [name for name in kept(ATTEMPTS) if name in kept(ATTEMPTS[::-1], number=3)]
    assert len({tuple(kept(ATTEMPTS, number=3, seed=seed)) for seed in range(20)}) > 1
    assert kept(ATTEMPTS, number=100) == kept(ATTEMPTS)


def test_attempts_at_certain_tasks_are_kept_and_no_other_environments():
    assert kept(ATTEMPTS, tasks=frozenset({("e", "b"), ("f", "a"), ("e", "c")})) == ["b-a0", "c-a0"]


def test_every_step_is_counted():
    steps = choose(ATTEMPTS, Wanted(("reward == 1",), dedup=True, best=1)).steps
    assert steps == [("read", 6, 3), ("--filter 'reward == 1'", 4, 2), ("--dedup", 3, 2), ("--best 1", 2, 2)]


def judged(name, instruction, **quality):
    return JudgedTask(
        id=name, environment="e", instruction=instruction, verdict=Verdict(valid=True, reason=None, quality=quality)
    )


TASKS = [
    judged("a", "Do it.", mutation_score=0.9, duplicate_of=None),
    judged("b", "do  it.", mutation_score=0.2, duplicate_of=None),
    judged("c", "Do that.", mutation_score=None, duplicate_of="a"),
]


def test_of_several_words_a_verdict_says_each_can_be_asked_for():
    tasks = [judged("a", "Do it.", flags=["lenient", "over_strict"]), judged("b", "Do that.", flags=[])]
    assert kept(tasks, conditions=("'lenient' in flags",)) == ["a"]
    assert kept(tasks, conditions=("flags == None",)) == ["b"]
    assert kept(tasks, conditions=("'lenient' not in flags",)) == ["b"]


def test_a_task_is_chosen_by_what_its_verdict_says():
    assert kept(TASKS, conditions=("valid and mutation_score > 0.5",)) == ["a"]
    assert kept(TASKS, conditions=("duplicate_of == None",)) == ["a", "b"]


def test_tasks_that_ask_or_do_the_same_are_kept_once():
    assert kept(TASKS, dedup=True) == ["a"]


def test_of_tasks_that_do_the_same_one_is_kept_though_the_first_of_them_was_left_out():
    tasks = [*TASKS, judged("d", "Do what was said.", duplicate_of="a")]
    assert kept(tasks, conditions=("mutation_score != 0.9",), dedup=True) == ["b", "c"]


def test_tasks_without_an_instruction_are_no_duplicates():
    assert kept([Task(id=name, environment="e") for name in "ab"], dedup=True) == ["a", "b"]


def test_tasks_have_no_attempts_to_choose_from():
    with pytest.raises(UsageError, match="these records are tasks"):
        choose(TASKS, Wanted(best=1))
