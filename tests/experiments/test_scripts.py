"""Stages of an experiment are made once, and the whole of part a runs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.__main__ import ROOT


def bash(folder, text, **variables):
    return subprocess.run(
        ["bash", "-c", f". {ROOT}/experiments/common.sh; place here; {text}"],
        env=os.environ | {"EVIDENCE": str(folder)} | variables, capture_output=True, text=True,
    )  # fmt: skip


def test_a_stage_that_was_made_is_not_made_again(tmp_path):
    for _ in range(2):
        assert bash(tmp_path, "once say bash -c 'echo made >>log'").returncode == 0
    assert (tmp_path / "here" / "log").read_text() == "made\n"
    assert [line.split()[0] for line in (tmp_path / "here" / "seconds.txt").read_text().splitlines()] == ["say"]


def test_a_stage_that_failed_ends_the_script_and_is_made_again(tmp_path):
    first = bash(tmp_path, "once say bash -c 'echo made >>log; exit 3'; echo went on >>log")
    assert first.returncode == 3
    bash(tmp_path, "once say bash -c 'echo made >>log; exit 3'")
    assert (tmp_path / "here" / "log").read_text() == "made\nmade\n"


def test_a_stage_of_another_command_is_refused(tmp_path):
    bash(tmp_path, "once say echo 1")
    told = bash(tmp_path, "once say echo 2")
    assert told.returncode == 1
    assert "say was made by another command: echo 1; remove the folder to begin afresh" in told.stderr


def test_what_was_made_may_move_with_the_project(tmp_path):
    for move in ("", "root=/elsewhere;"):
        assert bash(tmp_path, f"{move} once say bash -c 'echo made >>log' $root/sca/models/tiny").returncode == 0
    assert (tmp_path / "here" / "log").read_text() == "made\n"


def test_a_loop_over_environments_keeps_its_place(tmp_path):
    told = 'echo "$each ${data[*]:-} ${#measured[@]}" >>log'
    loop = f"for each in calculation retail; do in_environment $each; {told}; done"
    assert bash(tmp_path, loop).returncode == 0
    files = 2 * len(list(ROOT.glob("environments/*/tasks/test.jsonl")))
    small = f"--data {ROOT}/environments/retail/small"
    assert (tmp_path / "here" / "log").read_text() == f"calculation  {files}\nretail {small} {files}\n"


def test_all_parts_are_run_and_others_build_on_the_first():
    listed = re.findall(r"^\./([\w-]+\.sh)", (ROOT / "experiments" / "all.sh").read_text(), re.MULTILINE)
    scripts = {file.name for file in (ROOT / "experiments").glob("*.sh")} - {"all.sh", "common.sh"}
    assert set(listed) == scripts
    assert listed[:2] == ["leaks.sh", "self-improvement.sh"]
    assert listed.count("self-improvement.sh") == 2


@pytest.mark.slow
@pytest.mark.docker
def test_every_part_runs_and_the_page_is_written(tmp_path):
    """In small: a part that measures nothing would be missing from the page."""
    for name in ("held_out.jsonl", "held_out_retail.jsonl"):
        lines = (ROOT / "tiny_model" / name).read_text("utf-8").splitlines(keepends=True)
        (tmp_path / name).write_text("".join(lines[::10]), "utf-8")
    environment = os.environ | {
        "EVIDENCE": str(tmp_path / "evidence"), "FRESH": str(tmp_path), "PYTHONPATH": str(ROOT),
        "SEEDS": "1", "EPISODES": "60", "TRIALS": "1", "TOTAL": "160", "ITERATIONS": "1", "DOCUMENTS": "500",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    done = subprocess.run([ROOT / "experiments" / "all.sh"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    written = subprocess.run(
        [sys.executable, "-m", "experiments", str(tmp_path / "evidence"), "--docs", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(json.loads(written.stdout.splitlines()[-1])) == {"base", "none", "full", "control"}
    told = (tmp_path / "evidence.md").read_text()
    assert "## b. What each filter lets through" in told
    assert "Not run yet" not in told
