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
