"""CPU time of the containers, of the engine and of this process, beside the wall time; and what machine this is."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

ENGINE = ("dockerd", "containerd", "runc", "podman", "conmon")
_GROUPS = ("cpuacct/docker/cpuacct.usage", "cpu,cpuacct/docker/cpuacct.usage")


@dataclass(frozen=True)
class Spent:
    """Seconds. `containers` is None where the engine's control group is not readable here."""

    wall: float
    host: float
    engine: float
    containers: float | None

    def per(self, count: int) -> str:
        """In milliseconds, for each of so many."""
        cpu = [("command", self.host), ("engine", self.engine), ("containers", self.containers)]
        told = ", ".join(f"{name} {1e3 * value / count:.1f}" for name, value in cpu if value is not None)
        return f"{1e3 * self.wall / count:.1f} ms wall; CPU ms: {told}"


class Meter:
    """Started when made."""

    def __init__(self) -> None:
        self._before = self._now()

    def spent(self) -> Spent:
        """Since then."""
        wall, host, engine, containers = (
            None if a is None or b is None else b - a for a, b in zip(self._before, self._now(), strict=True)
        )
        return Spent(wall or 0.0, host or 0.0, engine or 0.0, containers)

    @staticmethod
    def _now() -> tuple[float, float, float, float | None]:
        times = os.times()
        host = times.user + times.system + times.children_user + times.children_system
        return time.perf_counter(), host, _engine(), _containers()


def _engine() -> float:
    """CPU seconds of the engine's processes, their dead children included."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, _, rest = (entry / "stat").read_text("utf-8").partition("(")[2].rpartition(")")
            except OSError:
                continue
            if name.startswith(ENGINE):
                ticks += sum(int(field) for field in rest.split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _containers() -> float | None:
    for group in _GROUPS:
        try:
            return int(Path("/sys/fs/cgroup", group).read_text("ascii")) / 1e9
        except OSError:
            continue
    return None


def about() -> str:
    """The machine and how busy it is with other things."""
    model = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} × {model}, Linux {platform.release()}, Python {platform.python_version()}, load {load:.1f}"
    )
