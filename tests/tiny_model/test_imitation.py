"""The base's weakness, as its corpus sets it."""

import pytest

from tiny_model import imitation

MEASURES = {"calculation": imitation.calculation, "retail": imitation.retail}


def mean(measure, mistakes, of_a_kind):
    right = measure(mistakes, of_a_kind)
    return sum(right.values()) / len(right)


@pytest.mark.parametrize("environment", MEASURES)
def test_a_perfect_imitation_of_the_last_phase_is_right_in_a_quarter_or_a_third(environment):
    assert 0.2 < mean(MEASURES[environment], "systematic", 12) < 0.36


@pytest.mark.parametrize("environment", MEASURES)
def test_the_sibling_is_shown_what_is_right_alone(environment):
    assert set(MEASURES[environment]("clean", 2).values()) == {1.0}
