"""PID 1 of a container: takes requests from the host, has processes forked, and says how each ended.

It keeps the capabilities SETUID, SETGID and KILL and nothing else. It never parses a program and never imports
the environment. When the host is gone, or silent for too long, it ends, and the kernel ends the rest.
"""

import gc
import importlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Generator
from typing import Any

from sca.sandbox.guest.confine import MOST_JOBS, fork
from sca.sandbox.guest.frames import SMALL, Channel, Inbox, Malformed, pack, unpack, write
from sca.sandbox.guest.jobs import Job
from sca.sandbox.guest.loop import Loop, Work
from sca.sandbox.guest.programs import Program, Refusal, Server, Template

MOST_REQUEST = 8 * SMALL
LINKS = ("/proc/net", "/proc/mounts")
"""They keep the time of the first look at them, for a day: were it a program's, it would be a mark for the next."""


class World:
    """A state process, forked at the first need of it, and the code processes of the prompts over it."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.server: Server | None = None
        self.prompts: dict[int, Program] = {}
        self.queue: deque[Any] = deque()
        """Requests in the order in which they came; the first is under way."""


class Supervisor:
    """Answers the host's requests."""

    def __init__(self, states: Server, template: Template, hello: dict[str, Any], setup: dict[str, Any]) -> None:
        self.states, self.template, self.limits = states, template, setup["limits"]
        self.silence: int = setup["silence"]
        self.loop, self.inbox = Loop(), Inbox(MOST_REQUEST)
        self.worlds: dict[int, World] = {}
        self.parser: tuple[Program, int] | None = None
        """One that waits, and how often it has served."""
        self.families = list(hello.get("families", {}))
        template.channel.send(hello.get("families", {}))
        write(1, pack(hello))

    def hear(self) -> None:
        """Take in what the host says, until it is gone."""
        signal.alarm(self.silence)
        data = os.read(0, 1 << 16)
        if not data:
            os._exit(0)
        try:
            for body in self.inbox.feed(data):
                self._take(unpack(body))
        except Malformed:
            os._exit(4)  # nothing that comes later could be made out

    def _take(self, request: dict[str, Any]) -> None:
        """Answer, or first what came earlier for the same world."""
        place = request.pop("world", None)
        world = World("") if place is None else self.worlds.setdefault(place, World(request.pop("family")))
        if request["op"] == "close":
            del self.worlds[place]
        world.queue.append(request)
        if len(world.queue) == 1:
            self.loop.start(self._serve(world))

    def _serve(self, world: World) -> Work:
        """Answer one request after the other, until there is none."""
        while world.queue:
            number, operation = world.queue[0].pop("id"), world.queue[0].pop("op")
            try:
                told = getattr(self, f"do_{operation}")(world, **world.queue[0])
                told = (yield from told) if isinstance(told, Generator) else told
            except Refusal as refusal:
                told = {"refused": str(refusal)}
            except Exception as error:  # noqa: BLE001 - the machinery's fault, whatever it is
                told = {"trouble": f"{type(error).__name__}: {error}"}
            write(1, pack(told | {"id": number}))
            world.queue.popleft()

    def do_parse(self, _: World, sources: list[str]) -> Work:
        """Parse programs in a process that has no state and runs nothing; if it lives it serves the next task."""
        (parser, served), self.parser = self.parser or (self._fork(None), 0), None
        job = Job(self.loop, parser, None, self.limits, keep=True)
        told = yield from job.run({"mode": "parse", "sources": sources})
        if told["code"] is None:
            if self.parser or served + 1 == MOST_JOBS:
                parser.discard()
            else:
                self.parser = parser, served + 1
        return told

    def do_run(self, world: World, source: str, check: str | None = None) -> Work:
        """Run a program on a world, and then, if that has an answer, a check of the state and the answer."""
        told = yield from self._run(world, {"mode": "run", "source": source})
        answer = None if check is None or told["cause"] or told["code"] else answer_in(told["report"])
        if answer is not None and len(answer.encode("utf-8", "replace")) <= self.limits["answer_bytes"]:
            told["check"] = yield from self.do_evaluate(world, str(check), answer)
        return told

    def do_evaluate(self, world: World, source: str, answer: str) -> Work:
        """Run a check on a world, whose state it leaves as it is."""
        return self._run(world, {"mode": "evaluate", "source": source, "answer": answer})

    def do_execute(self, world: World, prompt: int, source: str) -> Work:
        """Run an action at a prompt; the prompt starts with its first action and again after it has died."""
        return self._run(world, {"mode": "action", "source": source}, prompt)

    def _run(self, world: World, job: dict[str, Any], prompt: int | None = None) -> Work:
        program = world.prompts.pop(prompt, None) if prompt is not None else None
        if world.server and world.server.lost:
            if program:
                program.discard()
            return {"cause": "timeout", "code": 0, "lost": True}
        program = program or self._fork(world)
        work = Job(self.loop, program, world.server, self.limits, keep=prompt is not None)
        told = yield from work.run(job | {"tools": world.family})
        if prompt is not None and told["code"] is None:
            world.prompts[prompt] = program
        if (after := told.pop("after", None)) and told["wrote"] is None:
            self.states.order("digest")
            told["wrote"] = after != self.states.channel.receive()["told"]
        return told

    def _fork(self, world: World | None) -> Program:
        """A new code process and, at the same time, the world's state process if there is none yet."""
        ours = self._ask_state(world) if world and not world.server else None
        program = Program(self.template)
        state, born = self.states.reply()[0] if ours else 0, self.template.reply()[0]
        if world and ours and state > 0:
            world.server = Server(ours, state)
        if born > 0:
            program.begin(born)
        if min(state, born) < 0:
            program.discard()
            raise _no_room(min(state, born))
        return program

    def _ask_state(self, world: World) -> Channel:
        ours, theirs = Channel.pair()
        self.states.order("fork", self.families.index(world.family), theirs)
        return ours

    def do_look(self, world: World, what: str) -> Any:
        """The state or its marks as JSON text, the state's public hash, or the digest of both."""
        if not world.server:
            ours, (born, _, _) = self._ask_state(world), self.states.reply()
            if born < 0:
                raise _no_room(born)
            world.server = Server(ours, born)
        if world.server.lost:
            return {"lost": "a tool hung and was killed"}
        world.server.order(what)
        return world.server.channel.receive()

    def do_leave(self, world: World, prompt: int) -> dict[str, Any]:
        """Close a prompt."""
        if program := world.prompts.pop(prompt, None):
            program.discard()
        return {}

    def do_close(self, world: World) -> dict[str, Any]:
        """Close a world and its prompts."""
        for program in world.prompts.values():
            program.discard()
        if world.server:
            world.server.end()
        return {}


def _no_room(number: int) -> Refusal:
    return Refusal(f"the container has no room for another process ({os.strerror(-number)})")


def answer_in(report: str | None) -> str | None:
    """The answer that a program reported, for its check; None where there is none to be checked."""
    try:
        told = unpack((report or "").encode())
    except Malformed:
        return None
    answer = told.get("result", "") if isinstance(told, dict) else None
    return answer if isinstance(answer, str) else None


def main() -> None:
    """Start the fork servers, then take requests until stdin ends."""
    gc.disable()  # each process switches it on when it has made what lasts
    setup = json.loads(sys.argv[1])
    for link in LINKS:
        os.lstat(link)
    setup["base"] = _base(setup["base"])
    states, template = Server(_start("state", setup)), Template(_start("template", setup), setup["base"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects orphans
    signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
    gc.freeze()
    gc.enable()
    hello = states.channel.receive()
    for link in LINKS:
        os.readlink(link)
    supervisor = Supervisor(states, template, hello, setup)
    signal.alarm(supervisor.silence)
    supervisor.loop.run(supervisor.hear)


def _start(name: str, setup: dict[str, Any]) -> Channel:
    """Fork a server, which alone imports what it needs."""
    ours, theirs = Channel.pair()

    def work() -> None:
        ours.sock.close()
        nothing = os.open("/dev/null", os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.close(nothing)
        importlib.import_module(f"sca.sandbox.guest.{name}").main(Channel(theirs), setup)

    fork(work)
    os.close(theirs)
    return ours


def _base(wanted: int) -> int:
    """Where this container's own block of 4096 uids starts: as wanted, or lower where only few uids are mapped."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        mapped = sum(int(line.split()[2]) for line in file)
    return wanted if mapped > wanted + 4096 else 4096 * (1 + wanted // 4096 % 14)
