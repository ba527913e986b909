"""Which words compare, explain or name a thing."""

import pytest

from sca.judging.telling import _COMPARES, _EXPLAINS
from sca.judging.wording import telling, words


@pytest.mark.parametrize("text", ["stop an order of mine", "i moved last week", "that would do me better"])
def test_words_that_only_look_like_a_comparison_are_none(text):
    assert not _COMPARES.search(text)


@pytest.mark.parametrize("text", ["the minimum price", "the last order", "the first one", "the cheapest"])
def test_a_comparison_is_seen(text):
    assert _COMPARES.search(text)


def test_having_no_use_for_a_thing_is_a_reason():
    assert _EXPLAINS.search("i have no use for it")


@pytest.mark.parametrize("word", ["kite", "rope", "lamp", "blanket", "mug"])
def test_one_and_several_have_the_same_stem(word):
    assert words(word) == words(f"{word}s")


def test_common_words_tell_nothing_whatever_their_stem():
    assert telling("there have been some like these") == set()
