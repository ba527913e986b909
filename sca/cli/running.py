"""Calls a command and tells how it ended: one line on stderr, and an exit code."""

import logging
import os
import sys

from sca.cli.app import app
from sca.errors import BadInput, ScaError


def main() -> None:
    """Run `sca` with the arguments of the process. Exits 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
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
    except BaseExceptionGroup as group:
        known, others = group.split(ScaError)
        if known is None or others is not None:
            raise
        sys.exit(max(_tell(error) for error in _leaves(known)))
    finally:
        _close_stdout()


def _share_the_processor() -> None:
    """Let PyTorch's threads sleep while they wait for each other; it must be said before PyTorch is loaded.

    By default they spin. Beside one other busy process, as the sandbox is, two threads on two cores then were more
    than five times slower than one; sleeping, they were faster than one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _tell(error: ScaError) -> int:
    from sca.cli.console import say

    if isinstance(error, BadInput):
        for problem in error.problems:
            say(problem)
        count = len(error.problems)
        hint = f"; {error.hint}" if error.hint else ""
        say(f"error: {count} problem{'s' if count > 1 else ''}{hint}", style="red")
    else:
        say(f"error: {error}", style="red")
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
    """Let a reader that left early, as `head` does, cause no words at the end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
