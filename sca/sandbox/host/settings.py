"""How a container is created: what it may not do, what it may use, whose it is."""

import json
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sca.sandbox import Limits
from sca.sandbox.host.image import Content
from sca.sandbox.host.link import SILENCE
from sca.sandbox.host.seccomp import profile

RUN, OWNER, PLACE, DEADLINE = "sca.run", "sca.owner", "sca.place", "sca.deadline"
"""Labels: the run, its process (pid and start time), where that pid means something, and when it is stale anyway."""
LIFETIME = 24 * 3600
OVERHEAD_BYTES = 384 << 20
"""Memory for the supervisor, its fork servers and the state processes, which share most of it."""
OVERHEAD_PROCESSES = 24
UID_BLOCK = 4096
CAPABILITIES = ["SETUID", "SETGID", "KILL"]
"""Of the supervisor; no program has any."""
READ_ONLY = [
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    "/dev", "/dev/pts", "/dev/mqueue", "/sys/fs/cgroup",
]  # fmt: skip
"""The engine's own list, and what would else keep the time at which a program looked at it."""


def security() -> list[str]:
    """Security options."""
    return ["no-new-privileges", f"seccomp={profile()}"]


@dataclass(frozen=True)
class Settings:
    """All containers of one run."""

    image: str
    content: Content
    limits: Limits
    runtime: str | None = None
    switches: tuple[str, ...] = ()
    """Of the environment, those that are on."""
    run: str = field(default_factory=lambda: secrets.token_hex(6))

    def container(self, programs: int) -> dict[str, Any]:
        """The engine's own description of a container for so many programs at a time."""
        memory = programs * self.limits.memory_bytes + OVERHEAD_BYTES
        setup = {
            "environment": self.content.place,
            "data": f"{self.content.place}/data",
            # Per-uid limits count across containers, so each has its own block of uids, far from any real user's.
            "base": (1 << 20) + secrets.randbelow(1 << 18) * UID_BLOCK,
            "limits": self.limits.asdict(),
            "switches": self.switches,
            "silence": SILENCE,
        }
        return {
            "Image": self.image,
            "Cmd": [json.dumps(setup)],
            "Hostname": "sandbox",
            "AttachStdin": True, "AttachStdout": True, "AttachStderr": True,
            "OpenStdin": True, "StdinOnce": True, "Tty": False,
            "NetworkDisabled": True,
            "Labels": self.labels(),
            "HostConfig": {
                "NetworkMode": "none", "IpcMode": "none", "ReadonlyRootfs": True,
                "ReadonlyPaths": READ_ONLY,
                "CapDrop": ["ALL"], "CapAdd": CAPABILITIES, "SecurityOpt": security(), "Privileged": False,
                "Memory": memory, "MemorySwap": memory, "CpuShares": 512,
                "PidsLimit": programs * (self.limits.processes + 4) + OVERHEAD_PROCESSES,
                "Ulimits": [
                    {"Name": "nofile", "Soft": 4096, "Hard": 4096}, {"Name": "core", "Soft": 0, "Hard": 0},
                    {"Name": "fsize", "Soft": 0, "Hard": 0}, {"Name": "stack", "Soft": 8 << 20, "Hard": 8 << 20},
                ],
                "LogConfig": {"Type": "none"}, "AutoRemove": True,
                "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
                **({"Runtime": self.runtime} if self.runtime else {}),
            },
        }  # fmt: skip

    def labels(self) -> dict[str, str]:
        """Whose the container is, and until when."""
        return {RUN: self.run, OWNER: owner(), PLACE: place(), DEADLINE: str(int(time.time()) + LIFETIME)}


def owner(pid: int | None = None) -> str:
    """A process that no later one is mistaken for: its pid and the time it was started. Empty: there is none."""
    number = os.getpid() if pid is None else pid
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return f"{number}-" if pid is None else ""
    return "" if fields[0] == "Z" else f"{number}-{fields[19]}"


def place() -> str:
    """The machine's boot and the pid namespace, within which a pid says who is meant."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}-{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""
