"""Whatever a model put into a record, its line can be written and read again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sca.records.contract import JudgedTask, Segment, Task, ToolCall, Trajectory, Verdict
from sca.records.reading import parse
from sca.records.writing import line_of


def attempt(**fields):
    known = {"id": "a", "task_id": "t", "environment": "e", "attempt": 0, "reward": 1, "outcome": "success"}
    return Trajectory(**{**known, "messages": [], **fields})


def call(argument):
    record = attempt(calls=[ToolCall(name="f", arguments={"x": argument})])
    return json.loads(line_of(record))["calls"][0]["arguments"]["x"]


def nested(depth):
    value = "core"
    for _ in range(depth):
        value = [value]
    return value


def test_text_is_written_as_it_reads():
    assert "Grüße 你好 🙂" in line_of(Task(id="a", environment="e", instruction="Grüße 你好 🙂")).decode()


def test_a_record_is_one_line():
    assert line_of(Task(id="a", environment="e", instruction="one\ntwo\r\u2028three")).count(b"\n") == 1


def test_bulky_fields_stand_last():
    task = JudgedTask(id="a", environment="e", verdict=Verdict(valid=True, reason=None), theme="x")
    assert list(json.loads(line_of(task)))[-3:] == ["verdict", "theme", "origin"]


def test_tokens_stand_after_unknown_fields():
    assert list(json.loads(line_of(attempt(note="x"))))[-2:] == ["note", "tokens"]


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("a\ud800b", "a?b"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ((1, 2), [1, 2]),
        (10**3000, 10**3000),
        (b"x", "b'x'"),
        ({1: "a"}, {"1": "a"}),
    ],
)
def test_what_json_cannot_hold_is_written_as_text(argument, written):
    assert call(argument) == written


def test_a_number_of_more_digits_than_parsers_take_is_written_as_hex():
    assert call(10**5000) == hex(10**5000)


@pytest.mark.parametrize("depth", [250, 5000])
def test_what_is_nested_too_deep_is_cut(depth):
    assert "nested too deep" in json.dumps(call(nested(depth)))


def test_what_is_nested_within_bounds_is_kept():
    assert call(nested(64)) == nested(64)


def test_a_surrogate_in_a_name_is_replaced():
    assert call({"\udc80": 1}) == {"?": 1}


def test_a_number_that_is_none_in_a_typed_field_is_refused():
    with pytest.raises(ValueError, match="logprobs"):
        line_of(attempt(tokens=[Segment(trained=[(0, 1)], logprobs=[float("nan")], ids=[1])]))


any_text = st.text(st.characters(exclude_categories=()))  # lone surrogates included
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
)


@given(anything, any_text)
def test_what_is_written_can_be_read(value, name):
    record = attempt(calls=[ToolCall(name="f", arguments={name: value})], extra=value)
    assert parse(line_of(record), Trajectory).id == "a"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_as_it_was(value):
    assert call(value) == value
