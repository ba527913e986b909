"""Find a Docker engine that runs: `DOCKER_HOST`, the usual sockets, then a private one of this project.

`scripts/docker-engine` starts a private engine where no other runs, each in a folder of its own under `PRIVATE`.
Only root can write there, so a socket found there was put there by root. Standard library only: the script
uses this file before anything is installed.
"""

import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

PRIVATE = Path("/run/sca-docker")
"""Holds a folder for each private engine, with its `docker.sock`. Short, for a socket's path ends at 107 bytes."""

Answer = Literal["answers", "forbidden", "silent"]


def engine_address() -> str | None:
    """The address of a Docker engine, as `DOCKER_HOST` would hold it; None where none runs.

    `DOCKER_HOST` is taken at its word. A socket that exists but may not be opened is given only where no other
    answers, so that the reader is told of the missing permission and not of a missing engine.
    """
    if named := os.environ.get("DOCKER_HOST"):
        return named
    forbidden = None
    for address in usual_addresses():
        answer = ask(address)
        if answer == "answers":
            return address
        if answer == "forbidden":
            forbidden = forbidden or address
    return forbidden


def usual_addresses() -> Iterator[str]:
    """Where to look without `DOCKER_HOST`: the system's engine, the user's own, private ones, newest first."""
    yield "unix:///var/run/docker.sock"
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield f"unix://{runtime}/docker.sock"
    if home := os.environ.get("HOME"):
        yield f"unix://{home}/.docker/run/docker.sock"
    for path in private_sockets():
        yield f"unix://{path}"


def private_sockets() -> list[Path]:
    """Sockets of private engines, the newest first; none where others than root could have put them there."""
    try:
        folder = PRIVATE.stat()
        if folder.st_uid != 0 or folder.st_mode & 0o022:
            return []
        found = [(path.stat().st_mtime, path) for path in PRIVATE.glob("*/docker.sock")]
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)]


def ask(address: str, seconds: float = 5.0) -> Answer:
    """Ask the engine at a `unix://` address whether it is there (`GET /_ping`), waiting at most `seconds` a step."""
    path = address.removeprefix("unix://")
    try:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(seconds)
            stream.connect(path)
            stream.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            reply = http.client.HTTPResponse(stream)
            reply.begin()
            return "answers" if reply.status == http.client.OK else "silent"
    except PermissionError:
        return "forbidden" if os.path.exists(path) else "silent"  # in a closed folder there may be nothing
    except (OSError, http.client.HTTPException):
        return "silent"
