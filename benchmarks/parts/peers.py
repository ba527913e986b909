"""Other projects in a virtual environment of their own, made once and kept in `benchmarks/.peers`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / ".peers"
PINS = Path(__file__).with_name("peers.txt")


def install() -> str | None:
    """Make the environment where it is not there yet; None, or why it cannot be made."""
    stamp = FOLDER / "installed"
    wanted = PINS.read_text("utf-8")
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return None
    print(f"installing verifiers and Inspect into {FOLDER}", flush=True)
    # Pins of this project are not theirs.
    own = {name: value for name, value in os.environ.items() if name not in ("PIP_CONSTRAINT", "PYTHONPATH")}
    pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(PINS)]
    for command in ([sys.executable, "-m", "venv", "--clear", str(FOLDER)], pip):
        done = subprocess.run(command, env=own, capture_output=True, text=True)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    stamp.write_text(wanted, "utf-8")
    return None


def run(script: str, *arguments: Any) -> dict[str, float]:
    """What a script of this folder prints in its last line. Raises `RuntimeError` with the end of its errors."""
    command = [str(FOLDER / "bin" / "python"), str(Path(__file__).parent / script), *map(str, arguments)]
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=own, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script} failed: {done.stderr[-1500:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
