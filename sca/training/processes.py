"""One command in several processes, as `accelerate launch` starts them. Loads no torch until there are several."""

import os
import sys
from collections.abc import Sequence


def rank() -> int:
    """Of this process among those of the command; 0 writes and speaks."""
    return int(os.environ.get("RANK", "0"))


def count() -> int:
    """How many there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def start(processes: int, arguments: Sequence[str]) -> None:
    """Become a launcher of so many processes, each running `sca` with `arguments`. Does not return."""
    # What `accelerate launch` runs, too; that one knows processes on a CPU only through MPI.
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}",
        "-m", "sca", *arguments,
    ]  # fmt: skip
    os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // processes, 1)))
    os.execv(sys.executable, command)


def agreed(value: bool) -> bool:
    """What process 0 says, in all of them; the others wait for it here."""
    if count() == 1:
        return value
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    PartialState(cpu=not _gpus())  # joins the processes
    said = [value]
    broadcast_object_list(said)
    return said[0]


def _gpus() -> bool:
    """Whether there is one for each process on this machine."""
    import torch

    return torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
