"""PID 1 of a container: takes requests from the host, has processes forked, and says how each ended.

It keeps the capabilities SETUID, SETGID and KILL and nothing else. It never parses a program and never imports
the environment. When the host is gone, or silent for too long, it ends, and the kernel ends the rest.
"""

import importlib
import json
import os
import signal
import socket
import sys
import threading
from typing import Any

from sca.sandbox.guest.confine import close_all_but
from sca.sandbox.guest.frames import SMALL, Channel, Inbox, pack, unpack
from sca.sandbox.guest.jobs import Job, Program, Refusal, Server, Trouble

MOST_REQUEST = 8 * SMALL
MOST_ACTIONS = 64
"""How many actions' CPU time one prompt may use in all."""


class World:
    """A state process, forked at the first need of it, and the code processes of the prompts over it."""

    def __init__(self, states: Server, family: str) -> None:
        self.states, self.family = states, family
        self.lock = threading.Lock()
        self.prompts: dict[int, Program] = {}
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The state process."""
        if self._server is None:
            self._server = self._pristine()
        return self._server

    @property
    def lost(self) -> str | None:
        """Why the state process is no longer there, if a program that it served is to blame."""
        return self._server.lost if self._server else None

    def copy(self) -> Server:
        """A state process of its own with the same state."""
        return self._server.fork_state() if self._server else self._pristine()

    def _pristine(self) -> Server:
        return self.states.fork_state(family=self.family)

    def close(self) -> None:
        """End all its processes."""
        for program in self.prompts.values():
            program.end()
        if self._server:
            self._server.end()


class Supervisor:
    """Answers the host's requests, each in a thread of its own."""

    def __init__(self, states: Server, template: Server, hello: dict[str, Any], limits: dict[str, Any]) -> None:
        self.states, self.template, self.limits = states, template, limits
        self.families: dict[str, list[dict[str, Any]]] = hello.get("families", {})
        self.checks: dict[str, list[dict[str, Any]]] = hello.get("checks", {})
        self.worlds: dict[int, World] = {}
        self._writing = threading.Lock()
        self.tell(hello | {"python": sys.version.split()[0]})

    def take(self, request: dict[str, Any]) -> None:
        """Begin to answer. Requests for a world are taken in the order in which they came."""
        number, operation = request.pop("id"), request.pop("op")
        if "world" in request:
            place, family = request.pop("world"), request.pop("family")
            world = self.worlds.pop(place, None) if operation == "close" else self.worlds.get(place)
            request["world"] = world or World(self.states, family)
            if operation != "close":
                self.worlds[place] = request["world"]
        try:
            threading.Thread(target=self._answer, args=(number, operation, request), daemon=True).start()
        except RuntimeError:  # no room for another thread; then one after the other
            self._answer(number, operation, request)

    def tell(self, message: dict[str, Any]) -> None:
        """Send a frame to the host."""
        data = memoryview(pack(message))
        with self._writing:
            while data:
                data = data[os.write(1, data) :]

    def _answer(self, number: int, operation: str, arguments: dict[str, Any]) -> None:
        try:
            answer = getattr(self, f"do_{operation}")(**arguments)
        except Refusal as error:
            answer = {"refused": str(error)}
        except Trouble as error:
            answer = {"trouble": str(error)}
        except Exception as error:  # noqa: BLE001 - a bug in here is the machinery's fault, whatever it is
            answer = {"trouble": f"{type(error).__name__}: {error}"}
        self.tell(answer | {"id": number})

    def do_ping(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def do_parse(self, sources: list[str]) -> dict[str, Any]:
        """Parse programs in a process that dies; it has no state."""
        return Job(Program(self.template), None, self.limits).run({"mode": "parse", "sources": sources, "tools": []})

    def do_run(self, world: World, source: str) -> dict[str, Any]:
        """Run a program on a world."""
        with world.lock:
            return self._run(world, world.server, mode="run", source=source)

    def do_evaluate(self, world: World, source: str, answer: str) -> dict[str, Any]:
        """Run a check on a fork of the world's state that is thrown away."""
        with world.lock:
            if world.lost:
                return {"status": world.lost}
            state = world.copy()
        try:
            return self._run(world, state, mode="evaluate", source=source, answer=answer)
        finally:
            state.end()

    def do_execute(self, world: World, prompt: int, source: str) -> dict[str, Any]:
        """Run an action at a prompt; the prompt starts with its first action and again after it has died."""
        with world.lock:
            program = world.prompts.pop(prompt, None) or Program(self.template, MOST_ACTIONS)
            outcome = self._run(world, world.server, program, mode="action", source=source)
            if outcome["alive"]:
                world.prompts[prompt] = program
            return outcome

    def _run(self, world: World, state: Server, program: Program | None = None, **job: Any) -> dict[str, Any]:
        if state.lost:
            if program:
                program.end()
            return {"status": state.lost, "alive": False}
        job["tools"] = self.families[world.family] + (self.checks[world.family] if job["mode"] == "evaluate" else [])
        return Job(program or Program(self.template), state, self.limits, keep=program is not None).run(job)

    def do_look(self, world: World, what: str) -> dict[str, Any]:
        """The state or its marks as JSON text, the state's public hash, or the digest of both."""
        with world.lock:
            if world.lost:
                return {"lost": world.lost}
            return world.server.ask({"op": what}, patience=60)

    def do_leave(self, world: World, prompt: int) -> dict[str, Any]:
        """Close a prompt."""
        with world.lock:
            program = world.prompts.pop(prompt, None)
            if program:
                program.end()
        return {}

    def do_close(self, world: World) -> dict[str, Any]:
        """Close a world and its prompts."""
        with world.lock:
            world.close()
        return {}


def main() -> None:
    """Start the fork servers while there is one thread, then take requests until stdin ends."""
    setup = json.loads(sys.argv[1])
    if missing := _missing():
        os.write(1, pack({"missing": missing}))
        os._exit(5)
    if os.getpid() != 1:
        _adopt_orphans()
    setup["base"] = _base(setup["base"])
    importlib.import_module("sca.environment.authoring")  # once, for both
    states, template = _server("state", setup), _server("template", setup)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects orphans
    signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
    supervisor = Supervisor(states, template, states.channel.receive()[0], setup["limits"])
    inbox = Inbox(MOST_REQUEST)
    while True:
        signal.alarm(setup["silence"])
        data = os.read(0, 1 << 16)
        if not data:
            os._exit(0)
        for body in inbox.feed(data):
            supervisor.take(unpack(body))


def _server(name: str, setup: dict[str, Any]) -> Server:
    """Fork a server, which alone imports what it needs."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        try:
            nothing = os.open("/dev/null", os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
            close_all_but([theirs.fileno()])
            importlib.import_module(f"sca.sandbox.guest.{name}").main(Channel(theirs), setup)
        finally:
            os._exit(1)
    theirs.close()
    return Server(Channel(ours))


def _base(wanted: int | None) -> int | None:
    """Where this container's own block of 4096 uids starts: as wanted, or lower where only few uids are mapped."""
    if wanted is None:
        return None
    with open("/proc/self/uid_map", encoding="ascii") as file:
        mapped = sum(int(line.split()[2]) for line in file)
    return wanted if mapped > wanted + 4096 else 4096 * (1 + wanted // 4096 % 14)


def _missing() -> str | None:
    """What this kernel, or what plays one, does not have and nothing here works without."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"pidfd_open ({error.strerror}); Linux has it since 5.3"
    return None


def _adopt_orphans() -> None:
    """Be to orphans what PID 1 is; only a double needs it."""
    import ctypes

    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
