"""Removing what earlier runs left behind, and nothing of runs that live."""

import time
from typing import Any

from sca.sandbox.host.engine import Engine, faults
from sca.sandbox.host.image import LABEL
from sca.sandbox.host.settings import DEADLINE, OWNER, PLACE, RUN, owner, place


def remove_run(client: Engine, run: str) -> None:
    """Remove the containers of one run. Raises SandboxError if one will not go."""
    for _ in range(50):
        left = remove_found(client, run)
        if not left:
            return
        time.sleep(0.1)
    with faults("removing containers"):
        raise OSError(f"{left} containers of run {run} could not be removed; try `sca sandbox clean`")


def remove_found(client: Engine, run: str) -> int:
    """Ask once for the removal of a run's containers; how many there were."""
    found = _containers(client, f"{RUN}={run}")
    _remove(client, found)
    return len(found)


def remove_stale(client: Engine) -> int:
    """Remove containers whose command is gone; how many."""
    stale = [container for container in _containers(client, RUN) if is_stale(container["Labels"])]
    _remove(client, stale)
    return len(stale)


def is_stale(labels: dict[str, str]) -> bool:
    """Whether the command that a container belonged to has ended. Of another machine only the deadline is known."""
    if labels.get(PLACE) == place() and labels.get(OWNER):
        return owner(int(labels[OWNER].partition("-")[0])) != labels[OWNER]
    return time.time() > float(labels.get(DEADLINE, 0))


def remove_images(client: Engine) -> int:
    """Remove images of sca that no container uses; how many."""
    import docker.errors

    removed = 0
    with faults("removing images"):
        for found in client.images(filters={"label": LABEL}):
            try:
                client.remove_image(found["Id"], force=False)
            except docker.errors.APIError as error:
                if error.status_code != 409:  # a container still uses it
                    raise
                continue
            removed += 1
    return removed


def _containers(client: Engine, label: str) -> list[dict[str, Any]]:
    with faults("listing containers"):
        return list(client.containers(all=True, filters={"label": label}))


def _remove(client: Engine, containers: list[dict[str, Any]]) -> None:
    from sca.sandbox.host.container import remove

    for container in containers:
        remove(client, container["Id"])
