"""0 done, 1 failed or incomplete, 2 wrong usage, 130 interrupted; one line on stderr, never a traceback."""

import json
import logging
import os
import signal
import subprocess
import sys
import time

import pytest

from sca.cli import main, running
from sca.errors import BadInput, EngineError, SandboxError, UsageError


@pytest.fixture
def ending(monkeypatch, capsys):
    """How `sca` ends where its command raises something."""

    def ending(error):
        def command(**_):
            raise error

        monkeypatch.setattr(running, "app", command)
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return ending


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "sca", *arguments], capture_output=True, text=True, check=False, **options
    )


def test_a_failed_part_is_one_line_and_1(ending):
    assert ending(SandboxError("docker is not running; start it")) == (1, "error: docker is not running; start it\n")


def test_wrong_usage_is_one_line_and_2(ending):
    assert ending(UsageError("name another file with -o")) == (2, "error: name another file with -o\n")


def test_bad_lines_are_all_told_with_what_to_do(ending):
    error = BadInput(["t.jsonl, line 3: id: is missing", "t.jsonl, line 5: is not JSON"], hint="mend them")
    assert ending(error) == (
        1,
        "t.jsonl, line 3: id: is missing\nt.jsonl, line 5: is not JSON\nerror: 2 problems; mend them\n",
    )


def test_brackets_in_a_message_stay(ending):
    assert ending(UsageError("no file [red]x[/red] :smile:"))[1] == "error: no file [red]x[/red] :smile:\n"


def test_control_characters_in_a_message_become_visible(ending):
    assert ending(UsageError("no file \x1b[2J"))[1] == "error: no file \\x1b[2J\n"


def test_a_long_message_is_not_broken(ending):
    assert ending(UsageError("x/" * 200))[1] == "error: " + "x/" * 200 + "\n"


def test_errors_of_parallel_work_are_told_one_by_one(ending):
    group = ExceptionGroup("", [EngineError("a"), ExceptionGroup("", [UsageError("b"), EngineError("a")])])
    assert ending(group) == (2, "error: a\nerror: b\n")


def test_a_bug_among_errors_of_parallel_work_keeps_its_traceback(monkeypatch):
    def command(**_):
        raise ExceptionGroup("", [EngineError("a"), ZeroDivisionError()])

    monkeypatch.setattr(running, "app", command)
    with pytest.raises(ExceptionGroup):
        main()


def test_a_warning_is_a_line_on_stderr(monkeypatch, capsys):
    monkeypatch.setattr(running, "app", lambda **_: logging.getLogger("sca.records").warning("t.jsonl [x]: cut"))
    monkeypatch.setattr(logging.getLogger("sca"), "handlers", [])
    main()
    assert capsys.readouterr() == ("", "warning: t.jsonl [x]: cut\n")


@pytest.mark.parametrize("arguments", [["nothing"], ["show"], ["show", "x", "--limit", "-1"], ["show", "none.jsonl"]])
def test_wrong_arguments_are_2(arguments):
    ran = run(*arguments)
    assert (ran.returncode, "Traceback" in ran.stderr, ran.stdout) == (2, False, "")


def test_an_interrupted_command_is_130(tmp_path):
    pipe = tmp_path / "endless"
    os.mkfifo(pipe)
    with (
        subprocess.Popen([sys.executable, "-m", "sca", "show", pipe], stderr=subprocess.PIPE, text=True) as command,
        open(pipe, "w"),  # opens as soon as the command reads
    ):
        time.sleep(0.05)
        command.send_signal(signal.SIGINT)
        _, told = command.communicate()
    assert (command.returncode, told) == (130, "interrupted\n")


def test_a_reader_that_leaves_early_causes_no_words(tmp_path):
    task = {"environment": "e", "instruction": "x" * 100}
    lines = [json.dumps({"id": f"t{index}", **task}) for index in range(5000)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    ran = subprocess.run(
        f"{sys.executable} -m sca show in.jsonl --limit 0 | head -1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("5000 tasks: 5000 no hand-in\n", "")


TASKS = '{"id": "a", "environment": "e", "instruction": "Üben?"}\n'


@pytest.mark.parametrize("redirected", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_no_error(tmp_path, redirected):
    (tmp_path / "t.jsonl").write_text(TASKS)
    command = f"{sys.executable} -m sca select t.jsonl -o out.jsonl {redirected}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert (tmp_path / "out.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize(
    "command", ["show t.jsonl", "select t.jsonl -o -", "select t.jsonl --names", "--help", "env list"]
)
def test_a_full_disk_is_one_line(tmp_path, command):
    (tmp_path / "t.jsonl").write_text(TASKS)
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m sca {command} > /dev/full"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "No space left on device" in done.stderr.splitlines()[-1]


def test_a_folder_that_cannot_be_looked_into_is_one_line(ending):
    assert ending(PermissionError(13, "Permission denied", "/x/y")) == (1, "error: /x/y: Permission denied\n")


@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"COLUMNS": "0"}])
def test_a_strange_terminal_is_shown_all(tmp_path, setting):
    (tmp_path / "t.jsonl").write_text(TASKS)
    done = run("show", "t.jsonl", cwd=tmp_path, env=os.environ | setting)
    assert (done.returncode, "ben?" in done.stdout) == (0, True)


def test_a_password_in_an_option_is_not_said(ending):
    assert "hunter2" not in ending(UsageError("https://me:hunter2@host/m: no such model folder"))[1]
