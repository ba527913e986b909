"""Which Docker engine is found, with real sockets."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sca.sandbox.host import engine_address as module
from sca.sandbox.host.engine_address import ask, engine_address

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its rights, or own /run")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


@contextmanager
def engine(path: Path, reply: bytes = OK) -> Iterator[str]:
    """A server on a Unix socket that sends `reply` to whoever connects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(1024)
                    client.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"unix://{path}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def only(monkeypatch):
    """No engine but the given addresses."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    def look_at(*addresses: str) -> None:
        monkeypatch.setattr(module, "usual_addresses", lambda: iter(addresses))

    return look_at


def test_an_engine_that_pings_answers(tmp_path):
    with engine(tmp_path / "s") as address:
        assert ask(address) == "answers"


@pytest.mark.parametrize("reply", [b"", b"hello\r\n", b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"])
def test_what_sends_anything_else_is_no_engine(tmp_path, reply):
    with engine(tmp_path / "s", reply) as address:
        assert ask(address) == "silent"


def test_a_socket_without_a_process_is_silent(tmp_path):
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "s"))
    assert ask(f"unix://{tmp_path}/s") == "silent"


def test_an_engine_that_hangs_is_silent_after_the_wait(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        assert ask(f"unix://{tmp_path}/s", seconds=0.1) == "silent"


def test_a_path_too_long_for_a_socket_is_silent():
    assert ask(f"unix:///{'x' * 200}") == "silent"


@as_root
@pytest.mark.parametrize(
    ("mode", "answer"), [(0o755, "forbidden"), (0o700, "silent")], ids=["in sight", "out of sight"]
)
def test_a_socket_is_forbidden_only_where_it_can_be_seen(mode, answer):
    with TemporaryDirectory(dir="/tmp") as folder, engine(Path(folder) / "s") as address:
        (Path(folder) / "s").chmod(0o600)
        Path(folder).chmod(mode)
        os.seteuid(65534)
        try:
            found = ask(address)
        finally:
            os.seteuid(0)
    assert found == answer


def test_docker_host_is_taken_at_its_word(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    assert engine_address() == "tcp://elsewhere:2375"


def test_the_first_engine_that_answers_is_taken(tmp_path, only):
    with engine(tmp_path / "a", b"") as silent, engine(tmp_path / "b") as second, engine(tmp_path / "c") as third:
        only(silent, second, third)
        assert engine_address() == second


def test_without_an_engine_there_is_no_address(tmp_path, only):
    only(f"unix://{tmp_path}/none")
    assert engine_address() is None


def test_an_engine_that_may_not_be_used_is_named_only_where_no_other_answers(tmp_path, only, monkeypatch):
    answers = {"unix://closed": "forbidden", "unix://open": "answers", "unix://gone": "silent"}
    monkeypatch.setattr(module, "ask", lambda address: answers[address])
    only("unix://closed", "unix://gone")
    assert engine_address() == "unix://closed"
    only("unix://closed", "unix://open")
    assert engine_address() == "unix://open"


@as_root
def test_private_engines_come_newest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PRIVATE", tmp_path)
    for age, name in enumerate(["new", "old"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "docker.sock").touch()
        os.utime(tmp_path / name / "docker.sock", (1000 - age, 1000 - age))
    assert [path.parent.name for path in module.private_sockets()] == ["new", "old"]


def test_a_folder_that_others_can_write_to_holds_no_private_engine(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PRIVATE", tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "docker.sock").touch()
    tmp_path.chmod(0o777)
    assert module.private_sockets() == []
