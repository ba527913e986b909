"""Two results side by side against figures worked out by hand and by plain loops."""

import json
import random
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sca.errors import BadInput, UsageError
from sca.judging import estimates
from sca.judging.comparison import Result, compare, refuse_unlike
from sca.judging.estimates import Tally, bootstrap, difference, pass_at_k, pass_hat_k
from sca.records.contract import Trajectory


def attempts(text="t", **rewards):
    return [
        Trajectory(
            id=f"{task}-a{number}", task_id=task, environment="e", family=task[0], attempt=number, reward=int(reward),
            outcome="success" if reward == "1" else "failure", messages=[], model="m", task_hash=text,
        )
        for task, row in rewards.items()
        for number, reward in enumerate(row)
    ]  # fmt: skip


def result(tmp_path, name="one", data="x", text="t", **rewards):
    meta = {"settings": {"environments": {"e": data}, "reward": "check"}}
    return Result(tmp_path / f"{name}.jsonl", attempts(text, **rewards), meta)


def test_figures_are_over_the_tasks_that_both_have_whole(tmp_path):
    first = result(tmp_path, a1="1100", a2="0000", b1="1111", c="11")
    second = result(tmp_path, a1="1111", a2="0001", b1="1110", d="0000", c="1111")
    found = compare(first, second)
    assert found["pass@1"]["first"]["value"] == pytest.approx(0.5)
    assert found["pass@1"]["second"]["value"] == pytest.approx((1 + 0.25 + 0.75) / 3, abs=1e-6)
    assert found["pass@1"]["difference"]["value"] == pytest.approx(1 / 6, abs=1e-6)
    assert found["pass^4"]["difference"]["value"] == 0
    assert found["families"]["a"]["pass@1"]["difference"]["value"] == pytest.approx(0.375)
    assert (found["better"], found["worse"]) == (["a1", "a2"], ["b1"])
    assert [found[f"tasks_{of}"] for of in ("shared", "only_first", "only_second", "incomplete")] == [3, 0, 1, 1]


def test_the_interval_of_a_difference_is_paired():
    chance = random.Random(0)
    hard = [chance.random() for _ in range(60)]
    pairs = [(Tally(50, round(45 * p)), Tally(50, round(45 * p) + 3)) for p in hard]
    found = difference(pairs, 1, pass_at_k)
    assert (found.value, found.low, found.high) == pytest.approx((0.06, 0.06, 0.06))


def test_two_results_without_a_task_in_common_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no task in common"):
        compare(result(tmp_path, a="1"), result(tmp_path, b="1"))


@pytest.mark.parametrize(
    ("other", "said"),
    [({"data": "y"}, 'environments: {"e": "x"}'), ({"text": "u"}, "1 tasks have another text or check")],
)
def test_results_of_another_benchmark_are_refused(tmp_path, other, said):
    with pytest.raises(UsageError) as error:
        refuse_unlike(result(tmp_path, a="1"), result(tmp_path, "two", **other, a="1"))
    assert said in str(error.value)
    assert "--force compares all the same" in str(error.value)


def test_a_file_of_which_nobody_knows_how_it_was_made_is_refused(tmp_path):
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(a.model_dump()) + "\n" for a in attempts(a="1")))
    with pytest.raises(UsageError, match=r"no r\.jsonl\.meta\.json says how"):
        refuse_unlike(Result.read(tmp_path / "r.jsonl"), result(tmp_path, a="1"))


def test_a_broken_line_is_named(tmp_path):
    (tmp_path / "r.jsonl").write_text('{"id": "a"}\n')
    with pytest.raises(BadInput, match="line 1: task_id: is missing"):
        Result.read(tmp_path / "r.jsonl")


tables = st.integers(1, 5).flatmap(
    lambda trials: st.lists(
        st.tuples(*[st.lists(st.booleans(), min_size=trials, max_size=trials)] * 2), min_size=1, max_size=6
    )
)


@settings(max_examples=25, deadline=None)
@given(tables, st.data())
def test_every_figure_equals_a_plain_reference_on_random_tables(table, data):
    k = data.draw(st.integers(1, len(table[0][0])))
    chance = random.Random(1)
    pairs = [(Tally(len(one), sum(one)), Tally(len(other), sum(other))) for one, other in table]
    for statistic, holds in ((pass_at_k, any), (pass_hat_k, all)):
        found = difference(pairs, k, statistic)
        values = [by_sampling(other, k, holds) - by_sampling(one, k, holds) for one, other in table]
        assert found.value == pytest.approx(fmean(values))
        means = sorted(fmean(chance.choices(values, k=len(values))) for _ in range(2000))
        # Means of a few tasks are a few points; an end of the interval may fall on a neighbour of the reference's.
        assert means[20] - 1e-9 <= found.low <= means[90] + 1e-9
        assert means[-91] - 1e-9 <= found.high <= means[-21] + 1e-9


def by_sampling(trials, k, holds):
    return fmean(map(holds, combinations(trials, k)))


def test_draws_made_in_parts_are_the_same_draws(monkeypatch):
    values = [chance / 7 for chance in range(50)]
    whole = bootstrap(values)
    monkeypatch.setattr(estimates, "_AT_ONCE", 999)
    assert bootstrap(values) == whole
