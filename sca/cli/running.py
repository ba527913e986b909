"""Calls a command and tells how it ended: one line on stderr, and an exit code."""

import io
import logging
import os
import sys

from sca.cli.app import app
from sca.errors import BadInput, ScaError


def main() -> None:
    """Run `sca` with the arguments of the process. Exits 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    _have_streams()
    _share_the_processor()
    _hear_warnings()
    try:
        app(prog_name="sca")
    except SystemExit as ended:
        if ended.code == 130:
            _say_interrupted()
        raise
    except ScaError as error:
        sys.exit(_tell(error))
    except OSError as error:  # a disk that is full, a folder that may not be read
        if isinstance(error, BrokenPipeError):
            raise
        sys.exit(_tell(ScaError(_of_system(error))))
    except BaseExceptionGroup as group:
        known, others = group.split(ScaError)
        if known is None or others is not None:
            raise
        sys.exit(max(_tell(error) for error in _leaves(known)))
    finally:
        _close_stdout()


def _have_streams() -> None:
    """Open what is closed of stdin, stdout and stderr, as under a daemon: else the next file that is opened is taken
    for it. A letter that the terminal has no sign for is written as its code.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
            setattr(sys, name, stream)
    if not os.environ.get("COLUMNS", "").strip("0"):
        os.environ.pop("COLUMNS", None)  # a terminal of no width would show nothing
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _of_system(error: OSError) -> str:
    return f"{error.filename or 'stdout'}: {error.strerror or error}"


def _share_the_processor() -> None:
    """Let PyTorch's threads sleep while they wait for each other; it must be said before PyTorch is loaded.

    By default they spin. Beside one other busy process, as the sandbox is, two threads on two cores then were more
    than five times slower than one; sleeping, they were faster than one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _tell(error: ScaError) -> int:
    from sca.cli.console import say
    from sca.records.scrubbing import scrub_text

    if isinstance(error, BadInput):
        for problem in error.problems:
            say(problem)
        count = len(error.problems)
        hint = f"; {error.hint}" if error.hint else ""
        say(f"error: {count} problem{'s' if count > 1 else ''}{hint}", style="red")
    else:
        say(f"error: {scrub_text(str(error))}", style="red")  # an option may hold what it should not
    return error.exit_code


def _say_interrupted() -> None:
    from sca.cli.console import say

    say("interrupted", style="red")


def _leaves(group: BaseExceptionGroup[ScaError]) -> list[ScaError]:
    found: list[ScaError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return list({str(error): error for error in found}.values())


def _hear_warnings() -> None:
    from sca.cli.console import Warnings

    logger = logging.getLogger("sca")
    if not logger.handlers:
        logger.addHandler(Warnings(logging.WARNING))


def _close_stdout() -> None:
    """Let a reader that left early, as `head` does, cause no words at the end, and a full disk one line."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            sys.exit(_tell(ScaError(_of_system(error))))
