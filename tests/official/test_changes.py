from sca.judging.changes import MOST, changes

BEFORE = {"orders": {"#W1": {"status": "pending", "paid": [1, 2]}, "a/b~c": 1}, "n": 1, "gone": None}


def test_a_value_that_differs_is_told_by_its_pointer():
    after = BEFORE | {"orders": {"#W1": {"status": "cancelled", "paid": [1, 2]}, "a/b~c": 2}}
    assert changes(BEFORE, after) == (
        {
            "/orders/#W1/status": {"before": "pending", "after": "cancelled"},
            "/orders/a~1b~0c": {"before": 1, "after": 2},
        },
        0,
    )


def test_what_came_and_what_went_have_one_side_only():
    after = {"orders": {"#W1": {"status": "pending", "paid": [1, 2, 3]}, "a/b~c": 1}, "n": 1, "new": None}
    assert changes(BEFORE, after)[0] == {
        "/orders/#W1/paid/2": {"after": 3},
        "/gone": {"before": None},
        "/new": {"after": None},
    }


def test_numbers_that_are_written_differently_differ():
    assert changes({"n": 1, "t": 1}, {"n": 1.0, "t": True})[0] == {
        "/n": {"before": 1, "after": 1.0},
        "/t": {"before": 1, "after": True},
    }


def test_an_equal_state_has_no_changes():
    assert changes(BEFORE, {**BEFORE}) == ({}, 0)


def test_there_is_an_end_to_what_is_kept():
    found, left_out = changes({}, {str(number): 0 for number in range(MOST + 5)})
    assert (len(found), left_out) == (MOST, 5)


def test_one_huge_entry_is_left_out_and_the_rest_kept():
    found, left_out = changes({}, {"huge": "x" * 300_000, "small": 1})
    assert (list(found), left_out) == (["/small"], 1)
