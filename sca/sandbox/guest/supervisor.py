"""PID 1 of a container: takes requests from the host, has processes forked, and says how each ended.

It keeps the capabilities SETUID, SETGID and KILL and nothing else. It never parses a program and never imports
the environment. When the host is gone, or silent for too long, it ends, and the kernel ends the rest.
"""

import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from sca.sandbox.guest.confine import close_all_but
from sca.sandbox.guest.frames import SMALL, Channel, Inbox, pack, unpack
from sca.sandbox.guest.processes import Process, Refusal, Server, Trouble
from sca.sandbox.guest.running import Runner

MOST_REQUEST = 8 * SMALL
MOST_ACTIONS = 64
"""How many actions' CPU time one prompt may use in all."""


class World:
    """A state process, and the code processes of the prompts over it."""

    def __init__(self, server: Server, family: str) -> None:
        self.server, self.family = server, family
        self.lock = threading.Lock()
        self.prompts: dict[int, Process | None] = {}


class Supervisor:
    """Answers the host's requests, each in a thread of its own."""

    def __init__(self, states: Server, runner: Runner, families: dict[str, list[dict[str, Any]]]) -> None:
        self.states, self.runner, self.families = states, runner, families
        self.worlds: dict[int, World] = {}
        self._writing = threading.Lock()

    def answer(self, request: dict[str, Any]) -> None:
        """Do what is asked and send the answer, or what went wrong with the machinery."""
        operations: dict[str, Callable[..., dict[str, Any]]] = {
            "world": self.world, "run": self.run, "evaluate": self.evaluate, "execute": self.execute,
            "hash": self.hash, "state": self.state, "close": self.close, "leave": self.leave, "parse": self.parse,
            "ping": dict,
        }  # fmt: skip
        arguments = {key: value for key, value in request.items() if key not in ("id", "op")}
        try:
            answer = operations[request["op"]](**arguments)
        except Refusal as error:
            answer = {"refused": str(error)}
        except Trouble as error:
            answer = {"trouble": str(error)}
        except Exception as error:  # noqa: BLE001 - a bug in here is the machinery's fault, whatever it is
            answer = {"trouble": f"{type(error).__name__}: {error}"}
        self.tell(answer | {"id": request["id"]})

    def tell(self, message: dict[str, Any]) -> None:
        """Send a frame to the host."""
        data = memoryview(pack(message))
        with self._writing:
            while data:
                data = data[os.write(1, data) :]

    def world(self, world: int, family: str) -> dict[str, Any]:
        """Fork a pristine state process."""
        self.worlds[world] = World(self.states.fork_state({"family": family}), family)
        return {}

    def _job(self, world: World, mode: str, source: str, **more: Any) -> dict[str, Any]:
        return {"mode": mode, "source": source, "tools": self.families[world.family], **more}

    def run(self, world: int, source: str) -> dict[str, Any]:
        """Run a program on a world."""
        place = self.worlds[world]
        with place.lock:
            return self.runner.run(self.runner.start(), place.server, self._job(place, "run", source))

    def evaluate(self, world: int, source: str, answer: str, times: int) -> dict[str, Any]:
        """Run a check, each time on a fork of the world's state that is thrown away."""
        place = self.worlds[world]
        runs = []
        with place.lock:
            for _ in range(times):
                if place.server.lost:
                    runs.append({"status": place.server.lost})
                    continue
                state = place.server.fork_state({"op": "fork"})
                try:
                    job = self._job(place, "evaluate", source, answer=answer)
                    runs.append(self.runner.run(self.runner.start(), state, job))
                finally:
                    state.end()
        return {"runs": runs}

    def execute(self, world: int, prompt: int, source: str) -> dict[str, Any]:
        """Run an action at a prompt; the prompt starts with its first action and again after it has died."""
        place = self.worlds[world]
        with place.lock:
            process = place.prompts.get(prompt) or self.runner.start(MOST_ACTIONS)
            place.prompts[prompt] = None
            outcome = self.runner.run(process, place.server, self._job(place, "action", source), keep=True)
            place.prompts[prompt] = process if outcome["alive"] else None
            return outcome

    def hash(self, world: int) -> dict[str, Any]:
        """The state's hash."""
        return self._ask(world, {"op": "hash"})

    def state(self, world: int) -> dict[str, Any]:
        """The state, as JSON text."""
        return self._ask(world, {"op": "state"})

    def _ask(self, world: int, message: Any) -> dict[str, Any]:
        place = self.worlds[world]
        with place.lock:
            if place.server.lost:
                return {"lost": place.server.lost}
            return dict(place.server.ask(message, patience=60)[0])

    def leave(self, world: int, prompt: int) -> dict[str, Any]:
        """Close a prompt."""
        place = self.worlds.get(world)
        if place:
            with place.lock:
                process = place.prompts.pop(prompt, None)
                if process:
                    self.runner.end(process)
        return {}

    def close(self, world: int) -> dict[str, Any]:
        """Close a world and its prompts."""
        place = self.worlds.pop(world, None)
        if place:
            with place.lock:
                for process in place.prompts.values():
                    if process:
                        self.runner.end(process)
                place.server.end()
        return {}

    def parse(self, sources: list[str]) -> dict[str, Any]:
        """Parse in a process that dies; one that takes it along is found by parsing each on its own."""
        state = self.states.fork_state({"family": next(iter(self.families))})
        try:
            told = self.runner.run(self.runner.start(), state, {"mode": "parse", "sources": sources, "tools": []})
        finally:
            state.end()
        if told["status"] == "ok" and isinstance(told.get("told"), list) and len(told["told"]) == len(sources):
            return {"told": told["told"]}
        if len(sources) == 1:
            return {"told": [f"parsing it ends in {told['status']}"]}
        return {"told": [self.parse([source])["told"][0] for source in sources]}


def main() -> None:
    """Start the fork servers while there is one thread, then take requests until stdin ends."""
    setup = json.loads(sys.argv[1])
    if os.getpid() != 1:
        _adopt_orphans()
    setup["base"] = _base(setup["base"])
    servers = [_server(name, setup) for name in ("states", "programs")]
    states, template = (server for _, server in servers)
    hello, _ = states.channel.receive()
    supervisor = Supervisor(states, Runner(template, setup["base"], setup["limits"]), hello.get("families", {}))
    supervisor.tell(hello | {"python": sys.version.split()[0]})
    threading.Thread(target=_reap, args=({pid for pid, _ in servers},), daemon=True).start()
    signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
    inbox = Inbox(MOST_REQUEST)
    while True:
        signal.alarm(setup["silence"])
        data = os.read(0, 1 << 16)
        if not data:
            os._exit(0)
        for body in inbox.feed(data):
            threading.Thread(target=supervisor.answer, args=(unpack(body),), daemon=True).start()


def _server(name: str, setup: dict[str, Any]) -> tuple[int, Server]:
    """Fork a server, which alone imports what it needs."""
    ours, theirs = Channel.pair()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            nothing = os.open("/dev/null", os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
            close_all_but([theirs.sock.fileno()])
            importlib.import_module(f"sca.sandbox.guest.{name}").main(theirs, setup)
        finally:
            os._exit(1)
    theirs.close()
    return pid, Server(ours)


def _reap(servers: set[int]) -> None:
    """Collect orphans; a fork server that is gone takes the container with it."""
    while True:
        pid, _ = os.wait()
        if pid in servers:
            os._exit(4)


def _base(wanted: int | None) -> int | None:
    """Where this container's own block of 4096 uids starts: as wanted, or lower where only few uids are mapped."""
    if wanted is None:
        return None
    with open("/proc/self/uid_map", encoding="ascii") as file:
        mapped = sum(int(line.split()[2]) for line in file)
    return wanted if mapped > wanted + 4096 else 4096 * (1 + wanted // 4096 % 14)


def _adopt_orphans() -> None:
    """Be to orphans what PID 1 is; only a double needs it."""
    import ctypes

    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
