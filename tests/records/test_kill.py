"""A writer may be killed at any moment: what it leaves can be continued to the same bytes."""

import random
import subprocess
import sys
from pathlib import Path

WRITER = Path(__file__).with_name("killed.py")


def test_a_kill_at_any_fifth_line_of_our_code_loses_nothing(tmp_path):
    ran = subprocess.run(
        [sys.executable, WRITER, tmp_path, "4", "every", "5"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout.split()[1]) > 80


def test_kills_at_random_moments_end_in_the_same_bytes(tmp_path):
    subprocess.run([sys.executable, WRITER, tmp_path / "whole", "80", "0"], check=True)
    kills, chance = 0, random.Random(5)
    while True:
        command = [sys.executable, WRITER, tmp_path / "cut", "80", "0.01"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"loaded\n"
            try:
                # Longer each time, so that it comes to its end on any machine.
                writer.wait(timeout=chance.random() / 4 + kills / 100)
                break
            except subprocess.TimeoutExpired:
                writer.kill()
                kills += 1
    assert kills > 0
    for name in ("v.jsonl", "r.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
