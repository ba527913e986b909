"""`sca eval --compare`: what is printed, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sca.cli.attempting import rule_of
from sca.dialogue.setting import Setting
from sca.records.contract import Action, Task


@pytest.fixture
def results(tmp_path):
    for name, rewards in (("a", (0, 1, 0, 0)), ("b", (1, 1, 1, 0))):
        lines = [
            {"id": f"t{n // 2}-a{n % 2}", "task_id": f"t{n // 2}", "environment": "e", "attempt": n % 2, "reward": r,
             "outcome": "success" if r else "failure", "messages": [], "model": name}
            for n, r in enumerate(rewards)
        ]  # fmt: skip
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        meta = {"settings": {"environments": {"e": name if name == "c" else "x"}}, "counts": {"trials": 2}}
        (tmp_path / f"{name}.jsonl.meta.json").write_text(json.dumps(meta))
    return tmp_path


def test_two_results_are_printed_side_by_side(results, sca_here):
    told = sca_here("eval", "--compare", "a.jsonl", "b.jsonl").stdout
    (line,) = [line for line in told.splitlines() if line.startswith(" pass@1")]
    assert line.split() == [
        "pass@1",
        "25.0%",
        "[0.0,",
        "50.0]",
        "75.0%",
        "[50.0,",
        "100.0]",
        "+50.0",
        "[+50.0,",
        "+50.0]",
    ]
    assert "over 2 tasks that both have: 2 better in the second, 0 worse" in told


def test_figures_stay_whole_beside_long_names_and_in_a_narrow_window(results):
    for name in "ab":
        (results / f"{name * 60}.jsonl").symlink_to(results / f"{name}.jsonl")
    command = [sys.executable, "-m", "sca", "eval", "--compare", f"{'a' * 60}.jsonl", f"{'b' * 60}.jsonl"]
    told = subprocess.run(
        command, cwd=results, capture_output=True, text=True, env=os.environ | {"COLUMNS": "40"}, check=True
    ).stdout
    assert "25.0% [0.0, 50.0]" in told
    assert "+50.0 [+50.0, +50.0]" in told


@pytest.mark.parametrize("taken", ["keep.json", "b.jsonl.meta.json"])
def test_a_comparison_replaces_nothing(results, sca_here, taken):
    (results / "keep.json").write_text("[1]")
    before = (results / taken).read_text()
    sca_here("eval", "--compare", "a.jsonl", "b.jsonl", "-o", taken, code=2)
    assert (results / taken).read_text() == before


def test_a_comparison_replaces_one_and_no_device(results, sca_here):
    for place in ("new.json", "new.json", "/dev/null"):
        sca_here("eval", "--compare", "a.jsonl", "b.jsonl", "-o", place)
    assert not Path("/dev/null").is_file()


def test_the_figures_of_a_comparison_can_be_had_as_json(results, sca_here):
    found = json.loads(sca_here("eval", "--compare", "a.jsonl", "b.jsonl", "-o", "-").stdout)
    assert found["pass@2"]["difference"]["value"] == 0.5


def test_a_flag_that_would_do_nothing_is_an_error(results, sca_here):
    told = sca_here("eval", "--compare", "a.jsonl", "b.jsonl", "--trials", "2", code=2).stderr
    assert told == "error: --trials: means nothing to --compare\n"


def test_a_line_that_was_cut_off_is_named_with_what_makes_it_anew(results, sca_here):
    (results / "b.jsonl").write_text((results / "b.jsonl").read_text()[:-30])
    told = sca_here("eval", "--compare", "a.jsonl", "b.jsonl", code=1).stderr
    assert "b.jsonl, line 4: is not JSON" in told
    assert told.splitlines()[-1].endswith("one that was cut off is made anew by the command that made the file")


def test_an_evaluation_needs_an_environment(sca_here):
    assert "name the environment with --env" in sca_here("eval", code=2).stderr


def test_who_judges_knows_the_defects_that_the_environment_knows_at_first_and_again():
    arguments = {"reservation_id": "CZ9RDV", "cabin": "no cabin"}
    task = Task(
        id="t", environment="airline", actions=[Action(name="update_reservation_flights", arguments=arguments)]
    )
    setting = Setting.open("airline")
    assert rule_of(setting, "official").known_defects(task) == setting.defects(task) != []
