"""The guard on curves made up by hand."""

import pytest

from sca.training.guard import Guard, GuardRules

FINE = {"kl": 0.01, "entropy": 0.4}


def told(rules, rewards, figures=FINE):
    """(guard, what it said of each iteration)."""
    guard, said = Guard(rules), []
    for iteration, reward in enumerate(rewards, start=1):
        guard.rewarded(iteration, reward)
        said.append(guard.updated(figures))
    return guard, said


def test_a_reward_that_stays_below_half_of_its_best_average_stops_the_run():
    guard, said = told(GuardRules("stop"), [0.4, 0.6, 0.5, 0.2, 0.24, 0.1])
    assert said[:5] == [None] * 5
    assert said[5] == "the reward was below 50% of its best average, 50.0%, 3 times in a row"
    assert guard.stopped


def test_a_dip_that_ends_in_time_is_none():
    guard, said = told(GuardRules("stop"), [0.6, 0.1, 0.1, 0.5, 0.1, 0.1, 0.5])
    assert said == [None] * 7
    assert not guard.stopped


def test_the_best_weights_are_those_at_the_highest_moving_average():
    assert told(GuardRules(), [0.2, 0.6, 0.7, 0.8, 0.5, 0.5])[0].best == 4


def test_one_lucky_draw_at_the_start_is_not_the_best():
    """Its average over three iterations is the highest at the sixth."""
    assert told(GuardRules(), [0.9, 0.1, 0.2, 0.5, 0.6, 0.7])[0].best == 6
    assert told(GuardRules(), [0.9, 0.1])[0].best == 1
    assert told(GuardRules(), [0.0, 0.0, 0.0, 0.0])[0].best == 1


def test_it_goes_back_at_half_the_rate_and_stops_after_the_last_time():
    guard, said = told(GuardRules("rollback", patience=1, window=1, rollbacks=2), [0.8, 0.1, 0.8, 0.1])
    assert [bool(one) for one in said] == [False, True, False, True]
    assert (guard.rollbacks, guard.rate, guard.stopped) == (2, 0.25, False)
    guard.rewarded(5, 0.1)
    assert guard.updated(FINE)
    assert guard.stopped


def test_whether_weights_are_the_best_so_far_is_told_when_they_have_been_tried():
    guard = Guard(GuardRules())
    rewards = enumerate([0.2, 0.6, 0.7, 0.1], start=1)
    assert [guard.rewarded(iteration, reward) for iteration, reward in rewards] == [True, False, True, False]


def test_what_was_earned_before_it_went_back_counts_no_more():
    rules = GuardRules("rollback", patience=2, window=2)
    _, said = told(rules, [0.5, 0.5, 0.2, 0.2, 0.2])
    assert [bool(one) for one in said] == [False, False, False, True, False]
    assert told(rules, [0.5, 0.5, 0.2, 0.2, 1.0])[0].best == 2  # one lucky draw


@pytest.mark.parametrize(
    ("figures", "word"),
    [({"kl": 1.5, "entropy": 0.4}, "1.50 nats a token away"), ({"kl": None, "entropy": 1e-5}, "entropy is 1e-05")],
)
def test_divergence_and_entropy_have_bounds(figures, word):
    assert word in told(GuardRules(), [0.5], figures)[1][0]


def test_entropy_may_not_rise_by_more_than_a_nat():
    guard = Guard(GuardRules())
    assert guard.updated({"kl": None, "entropy": 0.5}) is None
    assert guard.updated({"kl": None, "entropy": 1.4}) is None
    assert guard.updated({"kl": None, "entropy": 1.6}) == "the entropy is 1.6 nats a token, 0.5 at first"


def test_without_a_guard_nothing_is_said():
    guard, said = told(GuardRules("none"), [0.9, 0, 0, 0, 0], {"kl": 9.0, "entropy": 9.0})
    assert said == [None] * 5
    assert not guard.stopped


def test_a_run_without_any_figure_goes_on():
    assert told(GuardRules(), [0.0, 0.0, 0.0, 0.0, 0.0], {})[1] == [None] * 5
