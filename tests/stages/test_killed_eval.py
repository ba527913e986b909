"""An evaluation on a server, killed in mid-run and called again, ends with the same ids, none lost and none twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sca.dialogue.setting import Setting

pytestmark = pytest.mark.docker

STUB = Path(__file__).resolve().parents[2] / "benchmarks" / "parts" / "stub_server.py"


@pytest.fixture
def server():
    """Answers after 0.2 s; the second turn of a dialogue is an answer."""
    command = [sys.executable, str(STUB), "0.2", "2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        process.stdin.close()


def ids(path):
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_it_goes_on_to_the_same_ids(server, tmp_path):
    lines = Setting.open("calculation").test_tasks.read_text("utf-8").splitlines(keepends=True)[:6]
    (tmp_path / "tasks.jsonl").write_text("".join(lines), "utf-8")
    command = [
        sys.executable, "-m", "sca", "eval", "--env", "calculation", "--tasks", "tasks.jsonl", "--trials", "4",
        "--concurrency", "2", "--base-url", server, "--model", "stub",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 120
    while len(ids(tmp_path / "results.jsonl")) < 5 and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = ids(tmp_path / "results.jsonl")
    assert 5 <= len(left) < 24
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    names = [json.loads(line)["id"] for line in lines]
    assert ids(tmp_path / "results.jsonl") == [f"{name}-a{trial}" for name in names for trial in range(4)]
    assert json.loads((tmp_path / "results.summary.json").read_text())["coverage"] == 1.0
