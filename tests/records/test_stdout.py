"""Records on stdout: no resume, no sidecar, and nothing of anyone else's between them."""

import json
import os
import subprocess
import sys

import pytest

WRITER = """
import os, sys
from sca.records.contract import Task
from sca.records.output import Output
with Output.open(sys.argv[1], Task, {"seed": 1}) as out:
    print("noise of a library")
    os.system("echo noise of a program")
    assert not out.done
    out.write(Task(id="b", environment="e"))
    out.write(Task(id="a", environment="e"))
    out.finish(counts={"tasks": 2})
print("afterwards")
"""


def run(place, tmp_path, **options):
    return subprocess.run([sys.executable, "-c", WRITER, place], cwd=tmp_path, text=True, **options)


@pytest.mark.parametrize("place", ["-", "/dev/stdout"])
def test_only_records_reach_stdout_while_it_is_open(tmp_path, place):
    ran = run(place, tmp_path, capture_output=True, check=True)
    *records, last = ran.stdout.splitlines()
    assert ([json.loads(record)["id"] for record in records], last) == (["b", "a"], "afterwards")


def test_noise_goes_to_stderr(tmp_path):
    ran = run("-", tmp_path, capture_output=True, check=True)
    assert sorted(ran.stderr.splitlines()) == ["noise of a library", "noise of a program"]


def test_no_file_is_made(tmp_path):
    run("-", tmp_path, capture_output=True, check=True)
    assert os.listdir(tmp_path) == []


def test_a_named_pipe_is_written_through(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as reader:
        run("pipe", tmp_path, capture_output=True, check=True)
        assert [json.loads(line)["id"] for line in reader.stdout] == ["b", "a"]
    assert os.listdir(tmp_path) == ["pipe"]


def test_the_same_id_twice_is_refused(tmp_path):
    ran = run("-", tmp_path, capture_output=True)
    assert ran.returncode == 0
    twice = WRITER.replace('id="a"', 'id="b"')
    ran = subprocess.run([sys.executable, "-c", twice, "-"], cwd=tmp_path, capture_output=True, text=True)
    assert "ValueError: b was written already" in ran.stderr


def test_a_full_disk_behind_stdout_is_one_line(tmp_path):
    with open("/dev/full", "w") as full:
        ran = run("-", tmp_path, stdout=full, stderr=subprocess.PIPE)
    assert ran.stderr.splitlines()[-1].startswith("sca.errors.ScaError: cannot write -: No space left on device")
