"""`scripts/docker-engine`: what it prints, what it starts, and that it leaves nothing behind."""

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import docker
import pytest

from sca.sandbox.host.engine_address import engine_address

REPO = Path(__file__).resolve().parents[2]
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("dockerd"),
    reason="only root may start an engine, and dockerd must be there",
)


@pytest.fixture
def script():
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("docker_engine", str(REPO / "scripts/docker-engine"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("docker_engine", loader))
    sys.modules["docker_engine"] = module  # dataclasses look it up
    loader.exec_module(module)
    yield module
    del sys.modules["docker_engine"]


@pytest.fixture
def nothing_runs(script, monkeypatch, tmp_path):
    """No engine on the machine, as far as the script can see, and no dockerd either."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(script, "usual_addresses", lambda: iter([f"unix://{tmp_path}/none"]))
    monkeypatch.setattr(script, "PRIVATE", tmp_path / "run")
    monkeypatch.setattr(script, "OURS", script.Engine(tmp_path / "ours"))
    monkeypatch.setattr(script, "HOME", tmp_path / ".docker-engine")
    monkeypatch.setattr(script, "PATH", str(tmp_path))
    return script


def call(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the script as a person would; its output ends with it, or this would hang."""
    command = [sys.executable, "-I", "-S", str(folder / "scripts/docker-engine"), *arguments]
    kept = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    return subprocess.run(command, capture_output=True, text=True, env=kept | environment, timeout=120)


def clone(folder: Path) -> Path:
    """As much of a checkout as the script needs; the blank and the umlaut are on purpose."""
    copy = folder / "a clône of it"
    (copy / "scripts").mkdir(parents=True)
    shutil.copy2(REPO / "scripts/docker-engine", copy / "scripts")
    shutil.copytree(REPO / "sca", copy / "sca", ignore=shutil.ignore_patterns("models", "__pycache__"))
    return copy


@pytest.fixture
def checkout(tmp_path):
    copy = clone(tmp_path)
    yield copy
    call(copy, "stop")


def address_in(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().removeprefix("DOCKER_HOST=")


def test_without_root_one_line_says_what_to_do(nothing_runs, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["docker-engine"])
    assert nothing_runs.main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "docker-engine: no Docker engine answers: start one (https://docs.docker.com/engine/install), name one in "
        "DOCKER_HOST, or run this command as root on Debian or Ubuntu, where it starts one of its own\n"
    )


def test_root_elsewhere_than_on_debian_gets_one_line(nothing_runs, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "argv", ["docker-engine"])
    assert nothing_runs.main() == 1  # there is no apt-get on its path
    (line,) = capsys.readouterr().err.splitlines()
    assert "no Docker engine is installed, and this is neither Debian nor Ubuntu: start one" in line


def test_an_engine_that_one_may_not_use_is_said_to_be_one(nothing_runs, monkeypatch, capsys):
    monkeypatch.setattr(nothing_runs, "ask", lambda address: "forbidden")
    monkeypatch.setattr(sys, "argv", ["docker-engine"])
    assert nothing_runs.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "join its group (sudo usermod -aG docker $USER, then log in again) or run this command as root" in line


def test_a_dead_docker_host_is_named_and_not_replaced(tmp_path):
    done = call(REPO, DOCKER_HOST=f"unix://{tmp_path}/gone.sock")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"docker-engine: DOCKER_HOST is unix://{tmp_path}/gone.sock, and no engine answers there: "
        "start that one, or unset DOCKER_HOST\n"
    )


def test_apt_waits_while_another_holds_the_lists(script, tmp_path, monkeypatch):
    fake = tmp_path / "apt-get"
    again = tmp_path / "again"
    fake.write_text(
        f"#!/bin/sh\n[ -e {again} ] && exit 0\ntouch {again}\necho 'E: Could not get lock' >&2\nexit 100\n"
    )
    fake.chmod(0o755)
    monkeypatch.setattr(script, "PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(script.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert script.apt("update", log=tmp_path / "log") == 0


@needs_root
def test_a_folder_is_removed_after_its_mounts(script, tmp_path):
    mount = tmp_path / "a plâce" / "below"
    mount.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", mount], check=True)
    assert script.mounts_under(mount.parent) == [str(mount)]
    script.remove(mount.parent)
    assert not mount.parent.exists()


@pytest.mark.docker
@needs_root
def test_a_private_engine_answers_beside_another(checkout):
    address = address_in(call(checkout, "start", "--private"))
    client = docker.DockerClient(base_url=address)
    assert client.info()["DockerRootDir"] == str(checkout / ".docker-engine/data")
    client.close()


@pytest.mark.docker
@needs_root
def test_a_second_start_finds_the_first(checkout):
    first = call(checkout, "--private")
    second = call(checkout, "--private")
    assert address_in(first) == address_in(second)
    assert "starting" in first.stderr
    assert "starting" not in second.stderr


@pytest.mark.docker
@needs_root
def test_stop_leaves_nothing(checkout, script):
    socket = Path(address_in(call(checkout, "--private")).removeprefix("unix://"))
    daemon = script.Engine(socket.parent).pid
    assert call(checkout, "stop").returncode == 0
    assert not (checkout / ".docker-engine").exists()
    assert not socket.parent.exists()
    assert script.mounts_under(checkout) == script.mounts_under(socket.parent) == []
    assert script.Engine(socket.parent).pid is None
    assert not Path(f"/proc/{daemon}/exe").exists()


@pytest.mark.docker
@needs_root
def test_an_engine_whose_checkout_is_gone_is_stopped_from_another(checkout, tmp_path):
    lost = clone(tmp_path / "lost")
    socket = Path(address_in(call(lost, "--private")).removeprefix("unix://"))
    shutil.rmtree(lost, ignore_errors=True)  # the data folder is a mount point while the engine runs
    assert call(checkout, "stop").returncode == 0
    assert not socket.parent.exists()


@pytest.mark.docker
@needs_root
def test_a_killed_engine_starts_again(checkout, script):
    socket = Path(address_in(call(checkout, "--private")).removeprefix("unix://"))
    os.kill(script.Engine(socket.parent).pid, 9)
    assert script.wait(lambda: script.Engine(socket.parent).pid is None, seconds=10)
    assert "starting" in call(checkout, "--private").stderr


@pytest.mark.docker
def test_an_engine_that_runs_is_used_and_not_stopped(tmp_path):
    copy = clone(tmp_path)
    address = address_in(call(copy, DOCKER_HOST=str(engine_address())))
    assert call(copy, "stop").returncode == 0
    client = docker.DockerClient(base_url=address)
    assert client.ping()
    client.close()
