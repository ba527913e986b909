"""Wrong answers that a check should reject, and right ones that it should accept."""

import re

from sca.judging.answers import Answers
from sca.judging.kinship import Kinship
from sca.judging.reading import Document, Library

ORDER = {
    "items": [
        {"name": "Tent", "price": 1234.5, "colour": "green"},
        {"name": "Kite", "price": 36.0, "colour": "crimson"},
    ]
}
INSTRUCTION = "You want to know what the tent cost."


def answers(text, user=True):
    library = Library(INSTRUCTION, [Document("get_order", {"order_id": "A1"}, ORDER, told=True)])
    return Answers(text, INSTRUCTION, user, Kinship(library), "")


def test_an_amount_gives_way_to_another_of_its_kind_and_to_near_misses():
    (fact,) = answers("It cost 1234.5 dollars.").facts
    assert fact.amount
    assert "36.0" in fact.instead
    assert "1244.5" in fact.instead


def test_a_fact_that_is_said_twice_is_wrong_or_left_out_in_both_places():
    told = answers("It cost 1234.5 dollars. So I found 1,234.50 for the Tent, which is green. Green!")
    price, colour = told.facts
    assert told.without(price) == "It cost  dollars. So I found  for the Tent, which is green. Green!"
    assert told.wrong(colour) == [
        "It cost 1234.5 dollars. So I found 1,234.50 for the Tent, which is crimson. crimson!"
    ]
    assert told.equivalent()["numbers with two decimals"].count("1234.50") == 2


def test_where_nobody_listens_each_place_is_a_fact_of_its_own():
    told = answers("[2, 2]", user=False)
    assert {place: told.wrong(fact)[0] for place, fact in told.places().items()} == {
        "answer[2]": "[3, 2]",
        "answer[2 at 4]": "[2, 3]",
    }


def test_a_small_number_gives_way_to_one_that_holds_its_digit():
    (fact,) = answers("You have 4 orders.").facts
    assert fact.instead == ("5", "14")


def test_a_word_of_a_record_gives_way_to_its_neighbour():
    (fact,) = answers("It is green.").facts
    assert fact.instead == ("crimson",)


def test_where_a_user_listens_the_same_may_be_said_in_many_ways():
    ways = answers("It cost 1234.5 dollars.").equivalent()
    assert ways["numbers with two decimals and commas"] == "It cost 1,234.50 dollars."
    assert ways["said twice"].count("1234.5") == 2
    assert ways["in other capitals"] == "it cost 1234.5 dollars."
    assert sorted(re.findall(r"\w+", ways["in another order of words"])) == sorted(
        ["Well", "It", "cost", "1234", "5", "dollars"]
    )


def test_a_number_of_more_decimals_is_not_rounded():
    assert not [way for way in answers("The rate is 0.125.").equivalent() if way.startswith("numbers")]
    assert answers("It is 0.30000000000000004.").equivalent()["numbers with two decimals"] == "It is 0.30."


def test_where_nobody_listens_only_the_number_may_be_written_otherwise():
    assert answers("13.5", user=False).equivalent() == {"with another zero": "13.50"}
    assert answers("15", user=False).equivalent() == {"with another zero": "15.0"}
    assert answers("marble", user=False).equivalent() == {}


def test_a_list_is_corrupted_by_its_order():
    assert answers('["a", "b"]', user=False).corrupted() == ['["b", "a"]', '["b"]']


def test_what_the_instruction_names_is_asked_for():
    told = answers("It is green.")
    (fact,) = told.facts
    assert not told.asked_by_name(fact)
    told.instruction = "You want to know the colour of the tent."
    assert told.asked_by_name(fact)
