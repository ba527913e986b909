"""What a code process finds out about its own confinement, by trying."""

import contextlib
import errno
import os
import socket
from typing import Any


def look() -> dict[str, Any]:
    """Facts, not judgements: the host decides whether they are enough."""
    status = dict(line.split(":\t", 1) for line in _read("/proc/self/status").splitlines() if ":\t" in line)
    return {
        "uids": sorted({*os.getresuid(), *os.getresgid()}),
        "groups": os.getgroups(),
        "capabilities": status.get("CapEff", "?").strip(),
        "no_new_privileges": status.get("NoNewPrivs", "?").strip(),
        "seccomp": status.get("Seccomp", "?").strip(),
        "interfaces": sorted(line.split(":")[0].strip() for line in _read("/proc/self/net/dev").splitlines()[2:]),
        "connect": _connect(),
        "writable": [place for place in ("/", "/tmp", "/dev", "/dev/shm", "/run", "/var/tmp") if _writable(place)],
        "data": _tried(lambda: os.listdir("/opt/sca")),
        "signal_1": _tried(lambda: os.kill(1, 0)),
        "memory": _cgroup("memory.max", "memory/memory.limit_in_bytes"),
        "swap": _cgroup("memory.swap.max", "memory/memory.memsw.limit_in_bytes"),
        "pids": _cgroup("pids.max", "pids/pids.max"),
        "environment": sorted(os.environ),
        "descriptors": _descriptors(),
    }


def _descriptors() -> list[str]:
    found = []
    for fd in range(1024):
        try:
            found.append(os.readlink(f"/proc/self/fd/{fd}").split(":")[0])
        except OSError:
            continue
    return found


def _connect() -> str:
    """How an attempt to reach the world ends: the name of the error, or `connected`."""

    def attempt() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("192.0.2.1", 9))  # TEST-NET-1: nothing is sent, a route is looked up

    return _tried(attempt)


def _writable(place: str) -> bool:
    path = f"{place}/.canary"
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError:
        return False
    with contextlib.suppress(OSError):  # that one may not take it away again says nothing
        os.unlink(path)
    return True


def _tried(attempt: Any) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "allowed"


def _cgroup(unified: str, legacy: str) -> str:
    return (_read(f"/sys/fs/cgroup/{unified}") or _read(f"/sys/fs/cgroup/{legacy}")).strip()


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""
