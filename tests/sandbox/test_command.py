"""`sca sandbox`, as a person calls it."""

import json
import os
import socket
import subprocess
import sys
import tempfile

import pytest

from sca.sandbox.host import engine
from sca.sandbox.host.seccomp import profile


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
def test_without_an_engine_a_command_says_so_in_one_line(sca_here, monkeypatch, arguments):
    monkeypatch.setenv("SCA_DOCKER_HOST", "unix:///nowhere/docker.sock")
    done = sca_here("sandbox", *arguments, code=1)
    assert done.stdout == ""
    assert done.stderr.startswith("error: no Docker engine answers at unix:///nowhere/docker.sock")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_without_permission_a_command_says_so_in_one_line():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as engine:
        os.chmod(folder, 0o755)
        path = f"{folder}/docker.sock"
        engine.bind(path)
        engine.listen()
        os.chmod(path, 0o600)
        source = "import os, docker.utils; from sca.sandbox.host import engine; os.setuid(65534); engine.connect()"
        done = subprocess.run(
            [sys.executable, "-c", source],
            capture_output=True,
            text=True,
            env=os.environ | {"SCA_DOCKER_HOST": f"unix://{path}"},
        )
    assert f"no permission to use the Docker engine at unix://{path}: join the group" in done.stderr.splitlines()[-1]


@pytest.mark.docker
def test_a_proxy_is_looked_for_unless_the_engine_is_at_a_socket(monkeypatch):
    """To look for one reads all of the environment, which fails while another thread changes it."""
    client, looked = engine.connect(), []
    monkeypatch.setattr("requests.utils.proxy_bypass", lambda host: looked.append(host) or False)
    assert client.ping()
    client.close()
    assert bool(looked) == (not engine.address().startswith("unix://"))


def test_the_profile_refuses_whatever_it_does_not_name():
    allowed = json.loads(profile())
    assert allowed["defaultAction"] == "SCMP_ACT_ERRNO"
    names = {name for rule in allowed["syscalls"] if not rule.get("args") for name in rule["names"]}
    for refused in (
        *(
            "socket",
            "connect",
            "bind",
            "ptrace",
            "process_vm_readv",
            "bpf",
            "perf_event_open",
            "userfaultfd",
            "seccomp",
        ),
        *("mount", "unshare", "setns", "clone", "chroot", "mknod", "unlink", "rename", "chmod", "truncate", "keyctl"),
        *("io_uring_setup", "memfd_create", "shmget", "msgget", "semget", "mq_open", "init_module", "kexec_load"),
        *("settimeofday", "clock_settime", "timer_create", "prctl", "ioctl", "fcntl", "personality"),
    ):
        assert refused not in names
