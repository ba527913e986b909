"""What several tests use: the command line in their own process, and containers, started once."""

import os
import signal
import subprocess
import sys

import pytest

from sca.sandbox.host import DockerSandbox
from sca.scaffold import FOLDER

# As the command line does, before PyTorch is loaded: threads that wait for each other sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = (
    "engines/test_vllm_engine.py",
    "sandbox/test_cases.py",
    "stages/test_killed.py",
    "sandbox/test_whole_commands.py",
    "engines/test_vllm_server.py",
    "training/test_spread.py",
    "held_out/test_tasks.py",
    "sandbox/test_faults.py",
    "stages/test_online.py",
)
"""Files that take a minute or more. A worker that began one of them last would keep the others waiting."""


def pytest_collection_modifyitems(items):
    """The long files first, the others as they were."""
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if str(item.path).endswith(name)), len(LONG)))


@pytest.fixture(scope="session")
async def shop_in_docker():
    """The small shop in real containers, each test on a fresh copy of the state."""
    async with DockerSandbox(FOLDER) as sandbox:
        yield sandbox


@pytest.fixture
def sca_here(tmp_path, monkeypatch, capfd):
    """`sca ARGUMENTS` in this process and the test's folder: to start another takes longer than most commands do."""
    from sca.cli import main

    def sca_here(*arguments, code=0):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["sca", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        done = subprocess.CompletedProcess(arguments, ended.value.code or 0, *capfd.readouterr())
        assert code in (None, done.returncode), done.stderr
        return done

    return sca_here
