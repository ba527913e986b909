"""Sequences in one row, with what they have in common only once."""

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from sca.training.forest import Visit, grow, visits

few = st.integers(0, 2)  # few kinds of token, so that many prefixes are shared


@st.composite
def families(draw: st.DrawFn) -> list[list[int]]:
    found: list[list[int]] = []
    for _ in range(draw(st.integers(1, 8))):
        begun = draw(st.sampled_from(found))[: draw(st.integers(0, 8))] if found and draw(st.booleans()) else []
        found.append(begun + draw(st.lists(few, min_size=1, max_size=6)))
    return found


def flat(members: Sequence[Visit]) -> Iterator[Visit]:
    for visit in members:
        yield visit
        yield from flat(visit.children)


@given(families(), st.integers(1, 5))
def test_each_sequence_is_read_off_its_path(sequences, min_shared):
    forest = grow(sequences, min_shared=min_shared)
    assert [forest.ids[places].tolist() for places in forest.places] == sequences


@given(families(), st.integers(1, 5))
def test_each_token_knows_its_place_in_its_sequence(sequences, min_shared):
    forest = grow(sequences, min_shared=min_shared)
    assert [forest.positions[p].tolist() for p in forest.places] == [list(range(len(s))) for s in sequences]


@given(families(), st.integers(1, 20))
def test_visits_go_through_the_row_once_and_in_order(sequences, tokens):
    forest = grow(sequences, min_shared=1)
    found = list(flat(visits(forest.roots, tokens)))
    assert [(v.start, v.end) for v in found] == list(zip([0, *(v.end for v in found)], [v.end for v in found]))  # noqa: B905  # one more begins than ends
    assert found[-1].end == len(forest.ids)


@given(families(), st.integers(1, 20))
def test_a_visit_is_small_or_a_single_branch(sequences, tokens):
    for visit in flat(visits(grow(sequences, min_shared=1).roots, tokens)):
        assert visit.end - visit.start <= tokens or len(visit.branches) == 1


@given(families(), st.integers(1, 20))
def test_visits_below_another_grow_from_its_only_branch(sequences, tokens):
    for visit in flat(visits(grow(sequences, min_shared=1).roots, tokens)):
        if visit.children:
            (branch,) = visit.branches
            assert all(branch.path[-1] in below.branches[0].above for below in visit.children)


def test_what_all_have_in_common_lies_there_once():
    forest = grow([[*range(100), 1, 2], [*range(100), 3]])
    assert len(forest.ids) == 103


def test_a_short_common_prefix_is_not_worth_a_branch():
    forest = grow([[0, 1, 1], [0, 2, 2]])
    assert [len(root.children) for root in forest.roots] == [0, 0]


def test_equal_sequences_are_one():
    assert len(grow([[5, 6, 7]] * 4).ids) == 3
