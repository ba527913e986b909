"""One command in several processes, as `accelerate launch` starts them. Loads no torch until there are several."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")

GRACE = 15.0
"""Seconds that a process which fails leaves to the first one to fail likewise, and to say so."""
PATIENCE = timedelta(days=7)
"""So long processes wait for each other: online, for one that has attempts made."""


def rank() -> int:
    """Of this process among those of the command; 0 writes and speaks."""
    return int(os.environ.get("RANK", "0"))


def count() -> int:
    """How many there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def sharding_wanted() -> bool:
    """Whether `accelerate launch` was told to use FSDP. Accelerate itself no longer hears of it."""
    return os.environ.pop("ACCELERATE_USE_FSDP", "false").lower() == "true"


def start(processes: int, arguments: Sequence[str]) -> int:
    """Run `sca` with `arguments` in so many processes; the exit code of the one that failed first, 0 if none did."""
    import logging

    # What `accelerate launch` runs, too; that one knows processes on a CPU only through MPI.
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    launcher: Any = run
    # The command's own processes say what is wrong; the launcher would add a traceback of its own.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // processes, 1)))
    try:
        launcher.run(launcher.parse_args(["--standalone", f"--nproc-per-node={processes}", "-m", "sca", *arguments]))
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return int(failure.exitcode) if failure.exitcode > 0 else 128 - int(failure.exitcode)
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


@contextmanager
def one_voice(hush: Callable[[bool], None]) -> Iterator[None]:
    """In here the first process alone speaks; the others are to `hush`.

    What fails in another mostly fails in the first one, too, which is to say so; the launcher ends all when one has
    ended. Where the first one lives on, the other speaks after all.
    """
    if not rank():
        yield
        return
    hush(True)
    try:
        yield
    except Exception:
        time.sleep(GRACE)
        hush(False)
        raise


def agreed(value: T) -> T:
    """What process 0 says, in all of them; the others wait for it here."""
    if count() == 1:
        return value
    from accelerate.utils import broadcast_object_list

    join()
    said = [value]
    broadcast_object_list(said)
    return said[0]


def join() -> None:
    """Let this process know of the others."""
    from accelerate import PartialState

    PartialState(cpu=not _gpus(), timeout=PATIENCE)


def _gpus() -> bool:
    """Whether there is one for each process on this machine."""
    import torch

    return torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
