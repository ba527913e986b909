from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sca.judging.estimates import Tally, estimate, pass_at_k, pass_hat_k


def test_hand_worked_values():
    assert pass_at_k(Tally(4, 1), 1) == pytest.approx(0.25)
    assert pass_at_k(Tally(4, 2), 2) == pytest.approx(1 - 1 / 6)
    assert pass_hat_k(Tally(4, 2), 2) == pytest.approx(1 / 6)
    assert pass_hat_k(Tally(4, 4), 4) == 1


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.data())
def test_both_equal_the_count_over_all_choices_of_k_trials(trials, data):
    k = data.draw(st.integers(1, len(trials)))
    chosen = list(combinations(trials, k))
    tally = Tally(len(trials), sum(trials))
    assert pass_at_k(tally, k) == pytest.approx(sum(map(any, chosen)) / len(chosen))
    assert pass_hat_k(tally, k) == pytest.approx(sum(map(all, chosen)) / len(chosen))


@pytest.mark.parametrize("k", [0, 5])
def test_k_beyond_the_trials_is_refused(k):
    with pytest.raises(ValueError, match="the task has 4 trials"):
        pass_at_k(Tally(4, 2), k)


def test_the_interval_shrinks_with_tasks_and_holds_the_mean():
    few = estimate([Tally(4, i % 5) for i in range(10)], 1, pass_at_k)
    many = estimate([Tally(4, i % 5) for i in range(1000)], 1, pass_at_k)
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low


def test_the_interval_is_that_of_a_binomial_for_single_trials():
    found = estimate([Tally(1, int(i < 30)) for i in range(100)], 1, pass_at_k)
    assert found.low == pytest.approx(0.21, abs=0.02)
    assert found.high == pytest.approx(0.39, abs=0.02)


def test_no_tasks_give_no_estimate():
    with pytest.raises(ValueError, match="no tasks"):
        estimate([], 1, pass_at_k)
