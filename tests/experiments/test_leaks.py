"""The leak check: which pairs it names, and how the command ends."""

import json

import pytest
import typer
from typer.testing import CliRunner

from experiments.leaks import Text, find, main, texts

THERE = "You are Mona Quist. You want to cancel the order with the Tent, for it costs 12.50 too much."


def leaks(here, there=THERE, **options):
    return [leak.sort for leak in find([Text("a", *here)], [Text("b", there, "cancel( 'W2' )")], **options)]


@pytest.mark.parametrize(
    ("said", "sort"),
    [
        ("you are mona quist! You want to CANCEL the order with the tent, for it costs 12.50 too much", "exact"),
        (
            THERE.replace("Mona Quist", "Vera Ruiz").replace("Tent", "Wool Scarf").replace("12.50", "3"),
            "values",
        ),
        (THERE.replace("too much", "more than you have"), "near"),
    ],
)
def test_instructions_that_are_too_much_alike_are_named(said, sort):
    assert leaks([said]) == [sort]


def test_other_instructions_are_not():
    assert (
        leaks(["You are Mona Quist. You want to return the Tent, and the money should go to your gift card."]) == []
    )


def test_where_values_have_to_be_the_same_other_values_are_another_task():
    other = THERE.replace("Mona Quist", "Vera Ruiz").replace("Tent", "Wool Scarf").replace("12.50", "3")
    assert leaks([other], same=True) == []
    assert leaks([THERE], same=True) == ["exact"]
    assert leaks([THERE.replace("too much", "more than you have")], same=True) == ["near"]


def test_short_instructions_are_not_near_to_each_other():
    assert leaks(["Add 3 and 4"], "Add 3 and 5 now", near=0.1) == []


def test_the_same_solution_is_the_same_task():
    assert leaks(["In quite other words.", 'cancel("W2")']) == ["solution"]
    assert leaks(["In quite other words.", 'cancel("W3")']) == []


@pytest.mark.parametrize("solution", ['result = "pending"', "cancel(", "", None])
def test_a_solution_that_calls_nothing_tells_too_little(solution):
    there = Text("b", THERE, solution)
    assert list(find([Text("a", "In quite other words.", solution)], [there])) == []


def test_each_text_is_named_with_the_nearest_alone():
    there = [Text("far", THERE.replace("too much", "more than you have had")), Text("close", THERE)]
    (leak,) = find([Text("a", THERE.replace("too much", "a lot"))], there, near=0.3)
    assert leak.there.where == "close"


@pytest.fixture
def command(tmp_path):
    """The command over files of records; its exit code, what it said, and a folder."""
    app = typer.Typer()
    app.command()(main)
    (tmp_path / "tests.jsonl").write_text(json.dumps({"id": "t-1", "instruction": THERE}) + "\n")

    def run(records, *options):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (tmp_path / "here.jsonl").write_text(lines)
        arguments = [str(tmp_path / "here.jsonl"), "--against", str(tmp_path / "tests.jsonl"), *options]
        done = CliRunner().invoke(app, arguments)
        return done.exit_code, done.output

    return run


DIALOGUE = {"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": THERE}]}
HANDED_IN = {
    "messages": [
        {"role": "user", "content": "mona_quist_1"},
        {"role": "assistant", "content": f"<instruction>\n{THERE}\n</instruction>"},
    ]
}


@pytest.mark.parametrize("record", [{"id": "a", "instruction": THERE}, DIALOGUE, HANDED_IN])
def test_a_leak_fails_the_command_and_is_named(command, record):
    code, said = command([{"instruction": "Something else."}, record])
    assert code == 1
    assert "here.jsonl:2" in said
    assert "tests.jsonl:1 (t-1)" in said
    assert "1 of 2 instructions leak" in said


def test_without_a_leak_it_ends_well(command):
    assert command([{"instruction": "Something else."}])[0] == 0


def test_the_lines_that_do_not_leak_can_be_kept(command, tmp_path):
    records = [{"instruction": "Something else."}, {"instruction": THERE}]
    code, _ = command(records, "--clean", str(tmp_path / "clean.jsonl"))
    assert code == 0
    assert [json.loads(line) for line in (tmp_path / "clean.jsonl").read_text().splitlines()] == records[:1]


@pytest.mark.parametrize("line", ["{", "[]", '{"messages": []}', '"text"'])
def test_a_line_that_is_no_record_is_named(tmp_path, line):
    (tmp_path / "bad.jsonl").write_text('{"instruction": "x"}\n' + line + "\n")
    with pytest.raises(typer.BadParameter, match=r"bad\.jsonl, line 2: neither a task nor a dialogue"):
        texts(tmp_path / "bad.jsonl")


def test_a_task_without_an_instruction_has_none_to_leak(tmp_path):
    (tmp_path / "tasks.jsonl").write_text('{"id": "a", "instruction": null}\n')
    assert texts(tmp_path / "tasks.jsonl") == []
