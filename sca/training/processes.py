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
    command = [
        sys.executable, "-m", "accelerate.commands.launch", f"--num_processes={processes}", "--num_machines=1",
        "--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0", *_device(processes),
        "-m", "sca", *arguments,
    ]  # fmt: skip
    os.execv(sys.executable, command)


def agreed(value: bool) -> bool:
    """What process 0 says, in all of them; the others wait for it here."""
    if count() == 1:
        return value
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    PartialState()  # joins the processes
    said = [value]
    broadcast_object_list(said)
    return said[0]


def _device(processes: int) -> list[str]:
    import torch

    return ["--multi_gpu"] if torch.cuda.device_count() >= processes else ["--cpu"]
