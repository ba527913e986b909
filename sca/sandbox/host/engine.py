"""The Docker engine: finding it, and turning its faults into one line that says what to do."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, TypeAlias

from sca.errors import SandboxError
from sca.records.scrubbing import scrub_text
from sca.sandbox.host.engine_address import ask, engine_address

Engine: TypeAlias = Any
"""docker.APIClient, whose type stubs are partial, and which is imported only where it is used."""
HOST_VARIABLE = "SCA_DOCKER_HOST"
"""Address of the engine to use, before DOCKER_HOST; a private engine of the project is named by it."""
NO_ENGINE = (
    "no Docker engine answers at {address}{why}: start Docker (or run `make demo`, which starts an engine of its "
    "own), or name another with DOCKER_HOST. Nothing was run."
)
NO_PERMISSION = (
    "no permission to use the Docker engine at {address}: join the group `docker` and log in again, or be root. "
    "Nothing was run."
)


def address() -> str:
    """Where the engine is looked for."""
    return os.environ.get(HOST_VARIABLE) or engine_address() or "unix:///var/run/docker.sock"


def shown_address() -> str:
    """The same for a person's eyes: without a password."""
    return scrub_text(address())


def connect(timeout: int = 60) -> Engine:
    """A client of the engine that answers. Raises SandboxError, one line, where none does."""
    import docker
    from docker.utils import kwargs_from_env

    where = address()
    if where.startswith("unix://") and (answer := ask(where)) != "answers":
        message = NO_PERMISSION if answer == "forbidden" else NO_ENGINE
        raise SandboxError(message.format(address=scrub_text(where), why=""))
    try:
        client = docker.APIClient(
            version="auto", timeout=timeout, **kwargs_from_env({**os.environ, "DOCKER_HOST": where})
        )
    except docker.errors.DockerException as error:
        asked = str(error).startswith("Error while fetching")  # else it had no way to: no certificate, no paramiko
        why = "" if asked else f" ({scrub_text(' '.join(str(error).split()))})"
        raise SandboxError(NO_ENGINE.format(address=scrub_text(where), why=why)) from error
    client.trust_env = not where.startswith("unix://")  # no proxy stands before a socket, so none is looked for
    return client


def answers(client: Engine) -> bool:
    """Whether the engine is there."""
    try:
        with faults("answering"):
            return bool(client.ping())
    except SandboxError:
        return False


def describe(client: Engine) -> dict[str, Any]:
    """What a sidecar says of the engine, and what the pool needs to know of its machine."""
    with faults("asking for its version"):
        version, info = client.version(), client.info()
    return {
        "version": version.get("Version"),
        "api": version.get("ApiVersion"),
        "kernel": info.get("KernelVersion"),
        "memory_bytes": int(info.get("MemTotal", 0)),
        "cpus": info.get("NCPU"),
    }


@contextlib.contextmanager
def faults(doing: str) -> Iterator[None]:
    """Whatever the engine does wrong in here is a SandboxError."""
    import docker.errors
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        explanation = getattr(error, "explanation", None) or str(error)
        raise SandboxError(
            f"the Docker engine failed at {doing}: {scrub_text(' '.join(str(explanation).split()))}"
        ) from error
