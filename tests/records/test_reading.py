"""Every line is read before anything starts, and each bad one is named by file, line and field."""

import io
import json
import sys

import pytest

from sca.errors import BadInput, UsageError
from sca.records import reading
from sca.records.contract import Task, Trajectory
from sca.records.reading import read

TASK = {"id": "e-1", "environment": "e", "instruction": "Add 1 and 2."}
ATTEMPT = {
    "id": "e-1-a0",
    "task_id": "e-1",
    "environment": "e",
    "attempt": 0,
    "reward": 1,
    "outcome": "success",
    "messages": [{"role": "user", "content": "Add."}],
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*lines, end="\n"):
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + end
        (tmp_path / "in.jsonl").write_text(text, newline="")
        return "in.jsonl"

    return write


def problems_of(path, kind=Task):
    with pytest.raises(BadInput) as caught:
        read(path, kind)
    return list(caught.value.problems)


def test_an_attempt_is_no_task(write):
    attempt = {"id": "e-1-a0", "task_id": "e-1", "environment": "e", "messages": []}
    assert problems_of(write(attempt)) == ["in.jsonl, line 1: is an attempt, not a task"]


def test_a_file_is_read_in_its_order(write):
    path = write({**TASK, "id": "b"}, {**TASK, "id": "a"})
    assert [task.id for task in read(path, Task).records] == ["b", "a"]


def test_unknown_fields_are_kept(write):
    (task,) = read(write({**TASK, "difficulty": {"level": 3}}), Task).records
    assert task.difficulty == {"level": 3}


@pytest.mark.parametrize(
    ("spoiled", "problem"),
    [
        ({"instruction": 5}, "instruction: must be text, not the number 5"),
        ({"id": ""}, "id: must not be empty"),
        ({"id": None}, "id: must be text, not null"),
        ({"environment": ["e"]}, "environment: must be text, not a list"),
        ({"failure_cases": "x = 1"}, "failure_cases: must be a list, not 'x = 1'"),
        ({"failure_cases": ["pass", 1]}, "failure_cases.1: must be text, not the number 1"),
        ({"origin": []}, "origin: must be an object, not a list"),
    ],
)
def test_a_wrong_field_of_a_task_is_named(write, spoiled, problem):
    assert problems_of(write({**TASK, **spoiled})) == [f"in.jsonl, line 1: {problem}"]


@pytest.mark.parametrize(
    ("spoiled", "problem"),
    [
        ({"reward": 0.5}, "reward: must be 0 or 1, not the number 0.5"),
        ({"reward": "1"}, "reward: must be 0 or 1, not '1'"),
        ({"attempt": "0"}, "attempt: must be a whole number, not '0'"),
        ({"attempt": True}, "attempt: must be a whole number, not true"),
        (
            {"outcome": "won"},
            "outcome: must be 'success', 'failure', 'out_of_turns', 'out_of_context' or 'malformed', not 'won'",
        ),
        ({"messages": [{"role": "user"}]}, "messages.0.content: is missing"),
        ({"messages": {"role": "user"}}, "messages: must be a list, not an object"),
        ({"calls": [{"name": "f", "arguments": [1]}]}, "calls.0.arguments: must be an object, not a list"),
        ({"usage": {"tokens": 1.5}}, "usage.tokens: must be a whole number, not the number 1.5"),
        (
            {"tokens": [{"trained": [[0, 1, 2]], "logprobs": [], "ids": []}]},
            "tokens.0.trained.0: must have 2 items, not 3",
        ),
        (
            {"tokens": [{"trained": [], "logprobs": ["x"], "ids": []}]},
            "tokens.0.logprobs.0: must be a number, not 'x'",
        ),
    ],
)
def test_a_wrong_field_of_an_attempt_is_named(write, spoiled, problem):
    assert problems_of(write({**ATTEMPT, **spoiled}), Trajectory) == [f"in.jsonl, line 1: {problem}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[1, 2]", "must be an object, not a list"),
        ('"text"', "must be an object, not 'text'"),
        ("null", "must be an object, not null"),
        ("{oops}", "is not JSON: key must be a string at column 2"),
        ('{"id": "a"} {"id": "b"}', "is not JSON: trailing characters at column 13"),
        ('{"id": "a", "environment": "e", "x": NaN}', "is not JSON: NaN is no number there"),
        ('{"id": "a", "environment": "e", "x": -Infinity}', "is not JSON: -Infinity is no number there"),
        ('{"id": "\\ud800", "environment": "e"}', "is not JSON: half of a surrogate pair at column 15"),
        ("[" * 100_000, "is not JSON: recursion limit exceeded at column 202"),
        ('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}", "is not JSON: recursion limit exceeded at column 207"),
        ('{"x": ' + "9" * 5000 + "}", "is not JSON: number out of range at column 4308"),
    ],
)
def test_a_line_that_is_no_record_is_named(write, line, problem):
    assert problems_of(write(TASK, line)) == [f"in.jsonl, line 2: {problem}"]


def test_a_text_that_says_nan_is_fine(write):
    assert read(write({**TASK, "instruction": "NaN or -Infinity?"}), Task).records


def test_all_bad_lines_are_named_at_once(write):
    path = write(TASK, "{", {"id": "e-2"}, {**TASK, "id": 3, "solution": []})
    assert problems_of(path) == [
        "in.jsonl, line 2: is not JSON: it ends within an object at column 1",
        "in.jsonl, line 3: environment: is missing",
        "in.jsonl, line 4: id: must be text, not the number 3",
        "in.jsonl, line 4: solution: must be text, not a list",
    ]


def test_a_line_of_many_problems_names_the_first_ten(write):
    path = write({**ATTEMPT, "tokens": [{"trained": [], "logprobs": ["x"] * 4000, "ids": []}]})
    assert problems_of(path, Trajectory)[10:] == ["in.jsonl, line 1: and 3990 more problems"]


def test_bad_lines_can_be_skipped_and_are_counted(write):
    found = read(write(TASK, {"id": 3}, {**TASK, "id": "e-2"}), Task, skip_bad_lines=True)
    assert [task.id for task in found.records] == ["e-1", "e-2"]
    assert found.skipped == ["in.jsonl, line 2: id: must be text, not the number 3; environment: is missing"]


def test_the_error_says_how_to_go_on(write):
    with pytest.raises(BadInput) as caught:
        read(write("{"), Task)
    assert caught.value.hint == "mend these lines, or go on without them with --skip-bad-lines"


def test_an_id_that_comes_twice_names_the_line_of_the_first(write):
    assert problems_of(write(TASK, "", TASK)) == ["in.jsonl, line 3: id: is the same as on line 1"]


def test_two_runs_may_share_an_id(write):
    path = write({**ATTEMPT, "run": "3fa9c1"}, {**ATTEMPT, "run": "77b2e0"})
    assert len(read(path, Trajectory).records) == 2


def test_one_run_may_not_share_an_id(write):
    path = write({**ATTEMPT, "run": "3fa9c1"}, {**ATTEMPT, "run": "3fa9c1"})
    assert problems_of(path, Trajectory) == ["in.jsonl, line 2: id: is the same as on line 1"]


def test_of_two_lines_with_one_id_the_first_is_kept(write):
    found = read(write(TASK, {**TASK, "instruction": "Other."}), Task, skip_bad_lines=True)
    assert [task.instruction for task in found.records] == ["Add 1 and 2."]


def test_empty_lines_are_read_past_and_counted(write):
    assert problems_of(write("", "   ", TASK, "{")) == [
        "in.jsonl, line 4: is not JSON: it ends within an object at column 1"
    ]


def test_windows_line_ends_are_fine(write):
    assert len(read(write(json.dumps(TASK) + "\r", "\r", end=""), Task).records) == 1


def test_a_byte_order_mark_is_read_past(write):
    assert read(write("\ufeff" + json.dumps(TASK)), Task).records


def test_an_empty_file_holds_no_records(write):
    assert read(write(end=""), Task).records == []


def test_a_last_line_without_a_newline_counts(write):
    assert len(read(write(TASK, end=""), Task).records) == 1


def test_a_line_that_was_cut_off_is_named_as_that(write):
    assert problems_of(write(TASK, '{"id": "e', end="")) == [
        "in.jsonl, line 2: is not JSON: it ends within a string at column 9"
        " (the last line, without a newline: was it cut off?)"
    ]


def test_bytes_that_are_no_utf8_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_bytes(b'{"id": "\xff"}\n' + json.dumps(TASK).encode() + b"\n")
    assert problems_of("in.jsonl") == ["in.jsonl, line 1: is not UTF-8: byte 0xff at position 9"]


def test_a_file_in_utf16_is_named_as_that(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_text(json.dumps(TASK), "utf-16")
    assert "is not UTF-8: byte 0xff at position 1" in problems_of("in.jsonl")[0]


def test_line_separators_within_text_end_no_line(write):
    text = "a\u2028b\u0085c\x0bd"
    assert (
        read(write(json.dumps({**TASK, "instruction": text}, ensure_ascii=False)), Task).records[0].instruction
        == text
    )


def test_a_newline_in_a_text_makes_no_second_record(write):
    fake = 'x"}\n{"id": "e-9", "environment": "e"}'
    assert len(read(write({**TASK, "instruction": fake}), Task).records) == 1


def test_a_source_of_ten_megabytes_is_read(write):
    (task,) = read(write({**TASK, "solution": "x" * 10_000_000}), Task).records
    assert len(task.solution) == 10_000_000


def test_a_line_beyond_the_longest_is_named_and_read_past(write, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST", 2**20)
    path = write({**TASK, "solution": "x" * 3 * 2**20}, TASK, {**TASK, "solution": "y" * 2**20})
    assert problems_of(path) == ["in.jsonl, line 1: is longer than 1 MiB", "in.jsonl, line 3: is longer than 1 MiB"]


def test_a_dash_is_stdin(monkeypatch):
    text = io.TextIOWrapper(io.BytesIO(json.dumps(TASK).encode() + b"\n{"))
    monkeypatch.setattr(sys, "stdin", text)
    with pytest.raises(BadInput, match=r"^stdin, line 2: is not JSON"):
        read("-", Task)


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"^cannot read .*none\.jsonl: No such file or directory$"):
        read(tmp_path / "none.jsonl", Task)


def test_a_folder_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="Is a directory"):
        read(tmp_path, Task)
