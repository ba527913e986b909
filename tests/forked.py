"""`sca` in a process of its own that is forked from one which has PyTorch loaded: loading it takes longer than most
commands do. What it does is the same, and it can be killed like any other."""

import json
import multiprocessing
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([
    "sca.cli", "sca.engines.transformers_engine", "sca.training.loop", "sca.sandbox.host", "docker",
    "transformers.models.llama.modeling_llama", "transformers.models.auto.modeling_auto",
])  # fmt: skip


class Forked:
    """A function of some module, called in a folder by a process of its own, which leads a group of processes."""

    def __init__(self, folder: Path, function: Callable[..., Any], *arguments: Any) -> None:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            self._said = Path(file.name)
        heard, started = _SERVER.Pipe()
        how = (folder, dict(os.environ), self._said, started)
        self._process = _SERVER.Process(target=_call, args=(how, function, arguments), daemon=True)
        self._process.start()
        started.close()  # of this process, so that the other's end is heard
        heard.recv()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.exitcode

    def kill(self) -> None:
        """SIGKILL to it and all that it started, as to a whole job; nothing if it has ended."""
        if self.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()
        self._said.unlink(missing_ok=True)

    def wait(self, timeout: float) -> tuple[int, str]:
        """Its exit code, and what it said on stdout and stderr. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        said = self._said.read_text("utf-8")
        if self.poll() is None:
            self.kill()
            raise subprocess.TimeoutExpired(self._said, timeout, said)
        self._said.unlink()
        return self._process.exitcode, said


def start(folder: Path, *arguments: str) -> Forked:
    """`sca ARGUMENTS`, running."""
    return Forked(folder, _sca, *arguments)


def sca(folder: Path, *arguments: str, code: int = 0, timeout: float = 300) -> str:
    """`sca ARGUMENTS`, ended with `code`; returns what it said."""
    ended, said = start(folder, *arguments).wait(timeout)
    assert ended == code, said
    return said


def lines(path: Path) -> list[dict[str, Any]]:
    """The records that a command left in a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _call(how: tuple[Any, ...], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    folder, environment, said, started = how
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    started.send("it leads its own group")
    function(*arguments)


def _sca(*arguments: str) -> None:
    import sys

    from sca.cli import main

    sys.argv = ["sca", *arguments]
    main()
