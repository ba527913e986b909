"""Records on stdout: no resume, no sidecar, and nothing of anyone else's between them."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

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


SELECTOR = """
import os, sys
from pathlib import Path
from sca.records.whole import write_lines
os.set_blocking(1, False)
write_lines(Path("-"), [b"%04d" % n + b"x" * 995 + b"\\n" for n in range(1000)], {}, {})
"""


def until_it_waits(process):
    """Until a process sleeps, in a read or a write; or has ended."""
    place, until = Path("/proc") / str(process.pid) / "stat", time.monotonic() + 30
    while process.poll() is None and not place.read_text().rpartition(")")[2].startswith(" S"):
        assert time.monotonic() < until, "it tries again and again"
        time.sleep(0.01)


def test_a_reader_that_is_slow_gets_every_line():
    with subprocess.Popen([sys.executable, "-c", SELECTOR], stdout=subprocess.PIPE) as writer:
        select.select([writer.stdout], [], [])
        until_it_waits(writer)  # the pipe is full
        lines = writer.stdout.read().splitlines()
    assert (writer.returncode, len(lines)) == (0, 1000)
    assert {len(line) for line in lines} == {999}


def test_a_writer_that_is_slow_is_read_to_its_end():
    reader = """
import os
from sca.records.contract import Task
from sca.records.reading import read
os.set_blocking(0, False)
print("begins", flush=True)
print(len(read("-", Task).records))
"""
    with subprocess.Popen([sys.executable, "-c", reader], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begins\n"
        until_it_waits(process)
        process.stdin.write(b'{"id": "a", "environment": "e"}\n')
        process.stdin.close()
        assert process.stdout.read() == b"1\n"


def test_a_full_disk_behind_stdout_is_one_line(tmp_path):
    with open("/dev/full", "w") as full:
        ran = run("-", tmp_path, stdout=full, stderr=subprocess.PIPE)
    assert ran.stderr.splitlines()[-1].startswith("sca.errors.ScaError: cannot write -: No space left on device")
