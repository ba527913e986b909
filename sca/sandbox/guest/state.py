"""The state process of one world: owns the state, answers tool calls, keeps their journal."""

import copy
import hashlib
import json
import marshal
import math
import select
import signal
import socket
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

from sca.environment.authoring import ToolError
from sca.sandbox.guest import confine
from sca.sandbox.guest.binding import Parameters
from sca.sandbox.guest.forking import collect, fork
from sca.sandbox.guest.frames import HEADER, Channel, Inbox, Malformed, pack, too_deep

JOURNAL_BYTES = 1 << 22
"""Most bytes of arguments in one program's journal; beyond it the program has made too many calls."""


@dataclass
class Family:
    """A set of tools; for each name what the agent is told of it, and its parameters."""

    toolset: Any
    tools: dict[str, tuple[dict[str, Any], Parameters]]


@dataclass
class Journal:
    """What one program did to the state."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    before: bytes = b""
    """Digest of the state before the first call of a write tool."""
    tried: bool = False
    wrote: bool = False
    ended: bool = False


class TooManyCallsError(Exception):
    """The program is to be ended for it."""


class TooSlowError(BaseException):
    """One call used as much CPU time as a whole program may."""


def digest(state: Any) -> bytes:
    """Tells one state from another in a few milliseconds a megabyte; not the public `state_hash`."""
    try:
        return hashlib.blake2b(marshal.dumps(state, 2)).digest()
    except ValueError:  # not plain data; `sca env check` says so
        return hashlib.blake2b(repr(state).encode("utf-8", "replace")).digest()


class State:
    """Serves one program at a time, when the supervisor says so."""

    def __init__(self, control: Channel, family: Family, state: Any, known: bytes, limits: dict[str, Any]) -> None:
        self.control = control
        self.family = family
        self.tools = family.toolset(state)
        self.known: bytes | None = known
        self.limits = limits
        confine.limit_memory(limits["memory_bytes"])
        signal.signal(signal.SIGPROF, _too_slow)

    def work(self) -> None:
        """Do as the supervisor says until it is gone."""
        while True:
            try:
                request, fds = self.control.receive()
            except EOFError:
                return
            match request["op"]:
                case "serve":
                    with socket.socket(fileno=fds[0]) as tool:
                        self._serve(tool)
                case "fork":
                    collect()
                    fork(self.control, fds, partial(self._continue, fds[0]))
                case "hash":
                    self.control.send({"hash": hashlib.sha256(self._text().encode("utf-8", "replace")).hexdigest()})
                case "state":
                    self.control.send({"text": self._text()})

    def _continue(self, fd: int) -> None:
        self.control = Channel.of(fd)
        self.work()

    def _text(self) -> str:
        return json.dumps(self.tools.state, sort_keys=True, ensure_ascii=False)

    def _serve(self, tool: socket.socket) -> None:
        """Answer one program's calls until told to stop; then report."""
        journal = Journal()
        try:
            self._answer_all(tool, journal)
        except TooManyCallsError:
            self.control.send({"broke": "tool_limit"})
        except Malformed:
            self.control.send({"broke": "bad_result"})
        except OSError:  # the program closed its end
            pass
        self.control.receive()
        if journal.tried and not journal.wrote:
            journal.wrote = digest(self.tools.state) != journal.before
        if journal.wrote:
            self.known = None
        self.control.send({"calls": journal.calls, "wrote": journal.wrote, "ended": journal.ended})

    def _answer_all(self, tool: socket.socket, journal: Journal) -> None:
        tool.setblocking(False)
        inbox = Inbox(self.limits["argument_bytes"] + 4096)
        poll = select.poll()
        poll.register(self.control.sock, select.POLLIN)
        poll.register(tool, select.POLLIN)
        stop = self.control.sock.fileno()
        while not any(fd == stop for fd, _ in poll.poll()):
            data = tool.recv(1 << 16)
            if not data:
                return
            for body in inbox.feed(data):
                answer = self._answer(body, journal)
                while answer:
                    try:
                        answer = answer[tool.send(answer) :]
                    except BlockingIOError:
                        readable, _, _ = select.select([stop], [tool], [])
                        if readable:
                            return

    def _answer(self, body: bytes, journal: Journal) -> bytes:
        """One call, answered with a result or with what its caller should raise."""
        try:
            request = json.loads(body, parse_constant=_refuse, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise Malformed(str(error)) from None
        match request:
            case [str(name), list(args), dict(kwargs)]:
                pass
            case _:
                raise Malformed("not a call")
        if name not in self.family.tools:
            return _raise("NameError", f"name {name!r} is not defined")
        journal.size += len(body)
        if len(journal.calls) >= self.limits["tool_calls"] or journal.size > JOURNAL_BYTES:
            raise TooManyCallsError
        about, parameters = self.family.tools[name]
        call: dict[str, Any] = {"name": name, "kind": about["kind"], "arguments": {}, "error": None, "made": None}
        journal.calls.append(call)
        if too_deep([args, kwargs], self.limits["answer_depth"]):
            call["error"] = f"{name}(): the arguments are nested too deeply"
            return _raise("ToolError", call["error"])
        try:
            bound = parameters.bind(args, kwargs)
        except TypeError as error:
            call["error"] = f"TypeError: {error}"
            return _raise("TypeError", str(error))
        call["arguments"] = copy.deepcopy(dict(bound.arguments))
        if about["kind"] != "read":  # a read is never made again
            call["made"] = copy.deepcopy((bound.args, bound.kwargs))
        if about["kind"] == "write" and not journal.tried:
            journal.tried = True
            self.known = journal.before = self.known or digest(self.tools.state)
        try:
            text = self._call(name, bound)
        except ToolError as error:
            call["error"] = str(error)
            return _raise("ToolError", str(error))
        journal.wrote |= about["kind"] == "write"
        journal.ended |= about["ends"]
        return len(text).to_bytes(HEADER, "big") + text

    def _call(self, name: str, bound: Any) -> bytes:
        """Run the tool; its result in a frame's body. Whatever goes wrong inside is a `ToolError` naming the tool."""
        signal.setitimer(signal.ITIMER_PROF, self.limits["cpu_seconds"])
        try:
            result = getattr(self.tools, name)(*bound.args, **bound.kwargs)
            text = json.dumps({"result": result}).encode()
        except ToolError:
            raise
        except TooSlowError:
            raise ToolError(f"{name} took too long and was stopped") from None
        except Exception as error:
            raise ToolError(f"{name} failed: {type(error).__name__}: {error}") from error
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if len(text) > self.limits["result_bytes"]:
            raise ToolError(f"the result of {name} is larger than {self.limits['result_bytes']} bytes")
        return text


def _raise(kind: str, message: str) -> bytes:
    return pack({"raise": kind, "message": message})


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _too_slow(*_: object) -> NoReturn:
    raise TooSlowError
