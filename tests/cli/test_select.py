"""`sca select` and `sca export` as commands."""

import fcntl
import json
import subprocess
import sys

import pytest


def sca(folder, *arguments, code=0, stdin=None):
    done = subprocess.run(
        [sys.executable, "-m", "sca", *arguments], cwd=folder, capture_output=True, text=True, input=stdin
    )
    assert done.returncode == code, done.stderr
    return done


LINES = [
    {"id": f"t{n // 2}-a{n % 2}", "task_id": f"t{n // 2}", "environment": "e", "attempt": n % 2, "reward": reward,
     "outcome": "success" if reward else "failure", "mine": n,
     "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": f"{n}"}]}
    for n, reward in enumerate([0, 1, 1, 1, 0, 0])
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return tmp_path


def test_a_dry_run_counts_and_writes_nothing(folder, sca_here):
    told = sca_here("select", "t.jsonl", "--filter", "0 < avg < 1", "--best", "1", "--dry-run").stderr
    assert told.splitlines() == [
        "6 attempts at 3 tasks  read",
        "2 attempts at 1 tasks  --filter '0 < avg < 1'",
        "1 attempts at 1 tasks  --best 1",
        "would write 1 lines to selected.jsonl",
    ]
    assert [path.name for path in folder.iterdir()] == ["t.jsonl"]


def test_lines_are_kept_with_fields_that_we_do_not_know_and_a_sidecar_says_how(folder, sca_here):
    sca_here("select", "t.jsonl", "--filter", "reward == 1 and attempts == 2", "-o", "s.jsonl")
    assert [json.loads(line)["mine"] for line in (folder / "s.jsonl").read_text().splitlines()] == [1, 2, 3]
    meta = json.loads((folder / "s.jsonl.meta.json").read_text())
    assert (meta["settings"]["filter"], meta["counts"]) == (
        ["reward == 1 and attempts == 2"],
        {"records": 6, "kept": 3, "bad_lines": 0},
    )


def test_a_file_that_is_there_is_not_replaced_unasked(folder, sca_here):
    (folder / "s.jsonl").write_text("mine\n")
    told = sca_here("select", "t.jsonl", "-o", "s.jsonl", code=2).stderr
    assert "s.jsonl is there; name another file with -o, or replace it with --force" in told
    assert (folder / "s.jsonl").read_text() == "mine\n"


def test_of_two_commands_one_writes(folder):
    """The first is held up in the middle of its input."""
    command = [sys.executable, "-m", "sca", "select", "-", "-o", "out.jsonl"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        sca(folder, "select", "t.jsonl", "-o", "out.jsonl")
        _, said = first.communicate(json.dumps(LINES[0]) + "\n")
    assert (first.returncode, "out.jsonl is there" in said) == (2, True)
    assert len((folder / "out.jsonl").read_text().splitlines()) == 6


def test_a_file_that_another_command_is_writing_is_left_to_it(folder, sca_here):
    with open(folder / "out.jsonl.tmp", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = sca_here("select", "t.jsonl", "-o", "out.jsonl", code=2)
    assert "out.jsonl is being written by another command" in done.stderr


def test_nothing_selected_is_no_other_error(folder, sca_here):
    sca_here("select", "t.jsonl", "--filter", "turns > 9", "-o", "none.jsonl")
    assert "0 of 0 lines" in sca_here("select", "none.jsonl", "--filter", "avg < 1", "-o", "-").stderr
    done = sca_here("export", "none.jsonl", "--to", "openai", code=1)
    assert "there are no records in none.jsonl" in done.stderr


def test_stdin_is_read_once(folder):
    done = sca(folder, "select", "-", "--tasks", "-", "-o", "-", code=2, stdin=json.dumps(LINES[0]))
    assert "stdin can be read once" in done.stderr


def test_selection_is_piped_into_export(folder):
    chosen = sca(folder, "select", "t.jsonl", "--filter", "best and reward == 1", "-o", "-").stdout
    told = sca(folder, "export", "-", "--to", "openai", "-o", "-", stdin=chosen).stdout
    assert [json.loads(line)["messages"][-1]["content"] for line in told.splitlines()] == ["1", "2"]


def test_a_condition_is_pointed_at_in_the_error(folder, sca_here):
    told = sca_here("select", "t.jsonl", "--filter", "rewrd == 1", code=2).stderr
    assert told == "error: there is no 'rewrd' here; did you mean reward?\n  rewrd == 1\n  ^^^^^\n"


def test_attempts_and_tasks_are_not_mixed(folder, sca_here):
    (folder / "tasks.jsonl").write_text('{"id": "x", "environment": "e"}\n')
    assert "hold attempts and tasks" in sca_here("select", "t.jsonl", "tasks.jsonl", code=2).stderr


def test_a_broken_line_is_named_by_its_field(folder, sca_here):
    (folder / "bad.jsonl").write_text(json.dumps(LINES[0] | {"reward": 2}) + "\n")
    assert "bad.jsonl, line 1: reward: must be 0 or 1" in sca_here("select", "bad.jsonl", code=1).stderr


def test_a_flag_that_a_format_does_not_know_is_an_error(folder, sca_here):
    assert (
        "--tokens: means nothing to openai"
        in sca_here("export", "t.jsonl", "--to", "openai", "--tokens", code=2).stderr
    )
