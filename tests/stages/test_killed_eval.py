"""An evaluation on a server, killed in mid-run and called again, ends with the same ids, none lost and none twice."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from forked import sca, start

from sca.dialogue.setting import Setting

pytestmark = pytest.mark.docker

STUB = Path(__file__).resolve().parents[2] / "benchmarks" / "parts" / "stub_server.py"


@pytest.fixture
def server():
    """Answers after 0.1 s; the second turn of a dialogue is an answer."""
    command = [sys.executable, str(STUB), "0.1", "2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        process.stdin.close()


def ids(path):
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_it_goes_on_to_the_same_ids(server, tmp_path):
    lines = Setting.open("calculation").test_tasks.read_text("utf-8").splitlines(keepends=True)[:6]
    (tmp_path / "tasks.jsonl").write_text("".join(lines), "utf-8")
    command = (
        "eval", "--env", "calculation", "--tasks", "tasks.jsonl", "--trials", "4", "--concurrency", "2",
        "--base-url", server, "--model", "stub",
    )  # fmt: skip
    process = start(tmp_path, *command)
    until = time.monotonic() + 120
    while len(ids(tmp_path / "results.jsonl")) < 5 and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    left = ids(tmp_path / "results.jsonl")
    assert 5 <= len(left) < 24
    sca(tmp_path, *command, timeout=120)
    names = [json.loads(line)["id"] for line in lines]
    assert ids(tmp_path / "results.jsonl") == [f"{name}-a{trial}" for name in names for trial in range(4)]
    assert json.loads((tmp_path / "results.summary.json").read_text())["coverage"] == 1.0
