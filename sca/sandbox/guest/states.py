"""Loads the environment once and forks a state process for each world: a pristine copy for free."""

import gc
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sca.environment.authoring import tools_of
from sca.environment.loading import load
from sca.sandbox.guest import confine
from sca.sandbox.guest.binding import Parameters
from sca.sandbox.guest.forking import collect, fork
from sca.sandbox.guest.frames import Channel
from sca.sandbox.guest.state import Family, State, digest


def main(control: Channel, setup: dict[str, Any]) -> None:
    """Load, drop every right, then fork on request until the supervisor is gone."""
    try:
        environment = load(Path(setup["environment"]))
        families = {
            name: Family(cls, {t.name: (asdict(t), Parameters(getattr(cls, t.name))) for t in tools_of(cls).values()})
            for name, cls in (dict(environment.families) or {"": environment}).items()
        }
        state = environment.load(Path(setup["data"]))
        pristine = digest(state)
        confine.become(None if setup["base"] is None else setup["base"] + confine.STATE)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the host must hear of it
        control.send({"error": f"{type(error).__name__}: {error}"})
        return
    gc.collect()
    gc.freeze()
    control.send({"families": {name: [tool for tool, _ in f.tools.values()] for name, f in families.items()}})
    while True:
        try:
            request, fds = control.receive()
        except EOFError:
            os._exit(0)

        def work(fd: int = fds[0], family: Family = families[request["family"]]) -> None:
            State(Channel.of(fd), family, state, pristine, setup["limits"]).work()

        collect()
        fork(control, fds, work)
