"""The Makefile: its list of targets, and set-up on machines that lack something."""

import os
import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
TARGETS = ["setup", "demo", "test", "test-all", "lint", "bench", "tiny-model", "clean"]


@pytest.fixture
def python(tmp_path):
    """A command that fails at one step as a Python that lacks something does, and is the real one otherwise."""

    def lacking(failing: str) -> Path:
        script = tmp_path / "python"
        script.write_text(f'#!/bin/sh\ncase "$*" in *"{failing}"*) exit 1;; esac\nexec python3 "$@"\n')
        script.chmod(0o755)
        return script

    return lacking


def new_venv(python: Path | str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [REPO / "scripts/new-venv", folder],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHON": str(python)} | environment,
    )


def test_make_alone_lists_every_target_with_a_line_of_help():
    told = subprocess.run(
        ["make", "--no-print-directory"], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout
    listed = dict(line.removeprefix("  make ").split(maxsplit=1) for line in told.splitlines())
    assert set(TARGETS) <= set(listed)
    assert all(listed.values())


def test_every_script_that_the_makefile_calls_can_be_run():
    called = set(re.findall(r"scripts/[\w-]+", (REPO / "Makefile").read_text(encoding="utf-8")))
    assert len(called) >= 4
    assert [name for name in sorted(called) if not os.access(REPO / name, os.X_OK)] == []


def test_a_python_that_is_not_there_is_named(tmp_path):
    done = new_venv("python9.9", tmp_path / "venv")
    assert done.returncode == 1
    assert (
        done.stderr
        == "setup: there is no python9.9: install Python 3.11 or later, or name it: make setup PYTHON=python3.12\n"
    )


def test_an_old_python_is_refused_with_what_to_do(tmp_path, python):
    done = new_venv(python("version_info < (3, 11)"), tmp_path / "venv")
    assert done.returncode == 1
    assert "3.11 or later is needed; name another: make setup PYTHON=python3.12" in done.stderr


def test_a_python_without_venv_and_without_root_names_the_package(tmp_path, python):
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    done = new_venv(python("ensurepip"), tmp_path / "venv", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "cannot make virtual environments: sudo apt-get install python3." in done.stderr
