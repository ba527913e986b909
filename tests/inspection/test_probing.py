"""The calls that tools are tried with."""

import itertools

from sca.inspection.probing import STRANGE, Vocabulary, _combination, probes

STATE = {"users": {"u1": {"name": "Ann"}, "u2": {"name": "Bo"}}}


def move(user_id: str, street: str, number: int, city: str, state: str, country: str, zip: str) -> None:
    """A tool whose values combine in more ways than are ever written out."""


def test_every_parameter_of_a_long_list_is_varied():
    users = {probe.args[0] for probe in probes("move", move, Vocabulary(STATE), 40)}
    assert users == {"u1", "u2", STRANGE, ""}


def test_few_combinations_are_all_tried():
    def look(user_id: str, closely: bool) -> None:
        """Look."""

    tried = [probe.args for probe in probes("look", look, Vocabulary(STATE), 12)]
    assert tried == list(itertools.product(["u1", "u2", STRANGE, ""], [True, False]))


def test_a_combination_is_found_by_its_place():
    choices = [[1, 2, 3], ["a"], [None, 0.5]]
    every = list(itertools.product(*choices))
    assert [tuple(_combination(choices, place)) for place in range(len(every))] == every
