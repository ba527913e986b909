"""`sca sandbox`, as a person calls it."""

import os
import subprocess
import sys

import pytest


def sca(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "sca", "sandbox", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | variables,
    )


@pytest.mark.docker
def test_the_doctor_proves_each_property(shop):
    done = sca("doctor", "--env", str(shop))
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) > 15
    assert all(line.startswith("yes ") for line in lines)
    assert done.stderr == "code is confined as it must be\n"


@pytest.mark.docker
def test_build_prints_the_id_of_the_image(shop):
    done = sca("build", "--env", str(shop))
    assert done.stdout.startswith("sha256:")
    assert done.stderr.startswith("built sca-shop:")


@pytest.mark.parametrize("arguments", [("doctor",), ("clean",), ("bench",), ("build", "--env", "calculation")])
def test_without_an_engine_a_command_says_so_in_one_line(arguments):
    done = sca(*arguments, SCA_DOCKER_HOST="unix:///nowhere/docker.sock")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no Docker engine answers at unix:///nowhere/docker.sock")
    assert done.stderr.count("\n") == 1
