"""Thresholds, duplicates and difficulty: arithmetic over records that were judged."""

import pytest

from sca.judging.difficulty import distribution, lines, tokens
from sca.judging.duplicates import Duplicates
from sca.judging.rephrasing import canonical
from sca.judging.summary import quality_figures
from sca.judging.thresholds import OBJECTIONS, STRICTEST, Thresholds
from sca.records.contract import JudgedTask, Verdict


def task(name="t1", solution="return_items('A1', ['x'])\n\nresult = 1", valid=True, **quality):
    return JudgedTask(
        id=name,
        environment="e",
        solution=solution,
        verdict=Verdict(valid=valid, reason=None if valid else "x", quality=quality),
    )


@pytest.mark.parametrize(
    ("quality", "objections"),
    [
        ({}, []),
        ({"mutation_score": None, "grounded": None, "tolerant": None, "duplicate_of": None}, []),
        ({"mutation_score": 1.0, "grounded": True, "tolerant": True}, []),
        ({"mutation_score": 0.9}, ["lenient"]),
        ({"grounded": False}, ["not_grounded"]),
        ({"tolerant": False}, ["over_strict"]),
        ({"duplicate_of": "t0"}, ["duplicate"]),
        ({"mutation_score": 0, "grounded": False, "tolerant": False, "duplicate_of": "t0"}, list(OBJECTIONS)),
    ],
)
def test_a_number_that_is_null_is_never_held_against_a_task(quality, objections):
    assert STRICTEST.objections(task(**quality)) == objections
    assert Thresholds().objections(task(**quality)) == []


def test_a_score_at_the_threshold_will_do():
    assert Thresholds(min_mutation_score=0.75).objections(task(mutation_score=0.75)) == []


def test_the_second_of_two_that_do_the_same_is_the_duplicate():
    duplicates = Duplicates(Thresholds())
    found = [duplicates.mark(task(name, effect=effect)) for name, effect in (("a", "1"), ("b", "2"), ("c", "1"))]
    assert [one.verdict.quality["duplicate_of"] for one in found] == [None, None, "a"]


def test_an_invalid_task_makes_no_duplicate_of_a_valid_one():
    duplicates = Duplicates(Thresholds(), [task("a", valid=False, effect="1")])
    assert duplicates.mark(task("b", effect="1")).verdict.quality["duplicate_of"] is None


@pytest.mark.parametrize("interrupted", [False, True])
def test_of_those_that_do_the_same_the_first_that_is_let_in_is_no_duplicate(interrupted):
    demands = Thresholds(min_mutation_score=1.0, drop_duplicates=True)
    lenient = task("a", effect="1", mutation_score=0.5)
    duplicates = Duplicates(demands, [lenient] if interrupted else ())
    shown = ([] if interrupted else [lenient]) + [task(name, effect="1", mutation_score=1.0) for name in "bc"]
    marked = [duplicates.mark(one) for one in shown]
    assert [one.id for one in marked if not demands.objections(one)] == ["b"]
    assert marked[-1].verdict.quality["duplicate_of"] == "b"


def test_what_was_judged_by_an_earlier_run_is_remembered():
    duplicates = Duplicates(Thresholds(), [task("a", effect="1")])
    assert duplicates.mark(task("b", effect="1")).verdict.quality["duplicate_of"] == "a"


def test_the_first_stays_the_first_though_the_file_of_the_rejected_is_read_after_its_duplicate():
    rejected, admitted = task("a", effect="1", duplicate_of=None), task("b", effect="1", duplicate_of="a")
    duplicates = Duplicates(Thresholds(), [admitted, rejected])
    assert duplicates.mark(task("c", effect="1")).verdict.quality["duplicate_of"] == "a"


def test_difficulty_is_the_length_of_the_solution():
    assert (tokens(task()), lines(task())) == (15, 2)


def test_a_distribution_has_quartiles_and_says_of_how_many_tasks():
    told = distribution([task(solution_calls=calls) for calls in (1, 2, 3, 4, 10)] + [task(solution=None)])
    assert told["calls"] == {"tasks": 5, "mean": 4.0, "least": 1, "quartiles": [2.0, 3.0, 4.0], "most": 10}
    assert told["tokens"]["tasks"] == 5


def test_the_quartiles_of_one_are_that_one():
    assert distribution([task(solution_calls=2)])["calls"]["quartiles"] == [2, 2, 2]


def test_the_distribution_of_nothing_is_empty():
    assert distribution([]) == {name: {"tasks": 0} for name in ("tokens", "lines", "calls")}


def test_means_leave_out_what_is_unknown_and_what_is_not_valid():
    measured = {"grounded": True, "tolerant": None, "flags": []}
    figures = quality_figures(
        [
            task("a", mutation_score=1.0, **measured),
            task("b", mutation_score=None, **measured),
            task("c", mutation_score=0.5, grounded=False, tolerant=True, flags=["lenient", "not_grounded"]),
            task("d", valid=False, mutation_score=0.0, **measured),
            task("e"),
            task("f", mutation_score=None, grounded=None, tolerant=None, unmeasured="its programs take too long"),
        ]
    )
    assert figures["measured"] == 3
    assert figures["mutation_score"] == {"tasks": 2, "mean": 0.75}
    assert figures["tolerant"] == {"tasks": 1, "mean": 1.0}
    assert figures["flags"] == {"lenient": 1, "not_grounded": 1}
    assert figures["unflagged"] == 2


def test_states_are_the_same_that_differ_in_rounding_and_the_order_of_lists():
    assert canonical({"a": [2, {"x": 0.1 + 0.2}], "b": 1}) == canonical({"b": 1, "a": [{"x": 0.3}, 2]})
    assert canonical({"a": [2, 2]}) != canonical({"a": [2]})
