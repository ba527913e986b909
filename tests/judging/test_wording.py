import pytest

from sca.judging.wording import numbers, phrases, plain, says, words

TEXT = 'You are Mona Quist (mona.quist1@example.com), zip 80203. Order #W1: send it to "12 Fern Row, Apt 4".'


@pytest.mark.parametrize(
    "value", ["mona.quist1@example.com", "Mona", "80203", 80203, "#W1", "12 Fern Row", "Apt 4", "mona QUIST"]
)
def test_a_value_that_stands_in_the_text_is_said(value):
    assert says(phrases(TEXT), TEXT, value)


@pytest.mark.parametrize("value", ["8020", "mona.quist", "#W12", "Dover", "2 Fern Row"])
def test_a_part_of_a_word_or_what_is_not_there_is_not_said(value):
    assert not says(phrases(TEXT), TEXT, value)


def test_numbers_are_read_in_digits_and_words():
    assert list(numbers("It costs 1,234.50, not 7; two of #W12 make a dozen")) == [1234.5, 7.0, 2.0, 12.0]


def test_endings_and_sizes_do_not_matter():
    assert words("Needed: two large shirts, size L") == words("need 2 LARGE shirt size large")


def test_a_whole_float_is_an_integer():
    assert plain(12.0) == plain(12) == "12"
