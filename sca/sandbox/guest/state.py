"""Loads the environment once; forks a process for each world, which owns its state and keeps a journal of calls."""

import contextlib
import gc
import json
import marshal
import math
import os
import select
import signal
import socket
import time
from _blake2 import blake2b
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from sca.environment.authoring import Tool, ToolError, checks_of, tools_of
from sca.environment.binding import Parameters
from sca.environment.loading import load
from sca.sandbox.guest import confine
from sca.sandbox.guest.frames import REPLY, Channel, Inbox, Malformed, pack, too_deep, wrap

JOURNAL_BYTES = 1 << 22
"""Most bytes of arguments in one program's journal; beyond it the program has made too many calls."""


MANY = 16
"""Worlds after which it pays to make the next cheaper."""
MADV_COLLAPSE = 25
HUGE_PAGE = 2 << 20
PRISTINE = "pristine"
"""Stands for the digest of the untouched state, which is worked out only when somebody asks."""


class TooManyCallsError(Exception):
    """The program is to be ended for it."""


class TooSlowError(BaseException):
    """One call used as much CPU time as a whole program may."""


class StoodInError(Exception):
    """A copy of this process, which is gone again, has served the rest."""


def main(control: Channel, setup: dict[str, Any]) -> None:
    """Load, drop every right, then fork on request until the supervisor is gone."""
    try:
        confine.without_hooks(["threading", "random"])  # an environment may import them
        environment = load(Path(setup["environment"]))
        families = dict(environment.families) or {"": environment}
        tools = {
            name: {
                one.name: (one, Parameters(getattr(family, one.name)))
                for one in (*tools_of(family).values(), *checks_of(family).values())
            }
            for name, family in families.items()
        }
        state = environment.load(Path(setup["data"]))
        confine.become(setup["base"] + confine.STATE)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the host must hear of it
        control.send({"error": f"{type(error).__name__}: {error}"})
        return
    rehearse(setup["limits"])
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    told = {family: [asdict(tool) for tool, _ in found.values()] for family, found in tools.items()}
    control.send({"families": told, "counts": environment.counts})
    confine.limit_memory(setup["limits"]["memory_bytes"])  # those that are forked inherit it
    pristine: str | None = None
    forks = 0
    names, switches = list(families), frozenset(setup["switches"])

    def work() -> None:
        control.sock.close()
        toolset = families[family](state)
        toolset.switches_on = switches
        State(Channel(fd), toolset, tools[family], setup["limits"]).work()

    for order, number, fd in control.orders():
        if order == b"digest":
            pristine = pristine or digest(state, {})
            control.send({"told": pristine})
            continue
        forks += 1
        if forks == MANY:
            gather_pages()
        family = names[number]
        control.sock.sendall(REPLY.pack(confine.fork(work), 0, 0.0))
        os.close(fd)


def rehearse(limits: dict[str, Any]) -> None:
    """Serve some calls before any fork: what the interpreter learns by that, no fork need learn for itself."""

    class Toolset:
        def look(self, word: str) -> str:
            return word

    tool = Tool("look", "read", "look(word: str) -> str", "look(word)", "")
    for _ in range(10):
        (control, other), (caller, served) = Channel.pair(), socket.socketpair()
        with control.sock, caller, served:
            caller.sendall(pack(["look", ["a"], {}]) + pack(["look", [], {"word": "b"}]))
            caller.shutdown(socket.SHUT_WR)
            State(control, Toolset(), {"look": (tool, Parameters(Toolset.look))}, limits)._serve(served, check=False)
        os.close(other)


def gather_pages() -> None:
    """Have the kernel put what lies here into huge pages: a fork then takes half the time. It need not."""
    with contextlib.suppress(ImportError), open("/proc/self/maps", encoding="ascii") as file:
        import ctypes

        madvise, number = ctypes.CDLL(None).madvise, ctypes.c_size_t
        for line in file:
            place, rights, _, _, inode = line.split()[:5]
            begin, end = (int(address, 16) for address in place.split("-"))
            first, last = -(-begin // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
            if rights == "rw-p" and inode == "0" and first < last:
                madvise(number(first), number(last - first), MADV_COLLAPSE)


def digest(state: Any, marks: Any) -> str:
    """Tells one state with its marks from another in a few milliseconds a megabyte; not the public `state_hash`.

    Unlike `json`, `marshal` looks at objects without counting references, which in a fork would copy their pages.
    """
    try:
        data = marshal.dumps([state, marks], 2)
    except ValueError:  # not plain data; `sca env check` says so
        data = repr([state, marks]).encode("utf-8", "replace")
    return blake2b(data).hexdigest()


@dataclass
class Journal:
    """What one program did to the state."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    before: str | None = None
    """Digest of the state before the first call of a write tool."""
    wrote: bool | None = False
    """None: the supervisor knows, who can ask for the digest of the untouched state."""
    after: str | None = None
    ended: bool = False


@dataclass
class State:
    """Serves one program at a time, when the supervisor says so."""

    control: Channel
    toolset: Any
    tools: dict[str, tuple[Tool, Parameters]]
    limits: dict[str, Any]
    known: str | None = PRISTINE
    """Digest of the state, as long as it is known."""
    check: bool = False
    """Whether a check is served, which may call what no program may."""
    spare: bool = False
    """Whether the state is to stay as it is."""
    until: float | None = None
    """The CPU time by which a call is to have ended that is under way."""

    def work(self) -> None:
        """Do as the supervisor says until it is gone."""
        signal.signal(signal.SIGPROF, self._look_at_clock)
        for order, check, fd in self.control.orders():
            if order == b"serve":
                tool = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fd)
                with tool, contextlib.suppress(StoodInError):
                    self._serve(tool, check=bool(check))
            elif order != b"stop":  # which can come late
                try:
                    self.control.send({"told": self._look(order)})
                except (ValueError, TypeError, RecursionError, MemoryError) as error:
                    self.control.send({"lost": f"it cannot be told ({type(error).__name__}: {error})"})

    def _look(self, what: bytes) -> str:
        if what == b"digest":
            self.known = self._digest() if self.known in (None, PRISTINE) else self.known
            return self.known
        if what == b"marks":
            return json.dumps(self.toolset.marks, sort_keys=True, default=repr)
        if what == b"state":
            return self._text()
        import hashlib  # takes as long as ten programs; few ask for it

        return hashlib.sha256(self._text().encode("utf-8", "replace")).hexdigest()

    def _text(self) -> str:
        return json.dumps(self.toolset.state, sort_keys=True, ensure_ascii=False)

    def _digest(self) -> str:
        return digest(self.toolset.state, self.toolset.marks)

    def _serve(self, tool: socket.socket, *, check: bool) -> None:
        """Answer one program's calls until told to stop or no more can come; then report.

        Of a `check` the first call that is no read, and all after it, are served by a copy of this process.
        """
        journal, broke, self.check, self.spare = Journal(), None, check, check
        try:
            self._answer_all(tool, journal)
        except TooManyCallsError:
            broke = "tool_limit"
        except Malformed:
            broke = "bad_result"
        except OSError:  # the program closed its end
            pass
        if journal.before and not journal.wrote:  # each write was refused
            self.known = journal.after = self._digest()
            journal.wrote = None if journal.before == PRISTINE else journal.after != journal.before
        told = {"calls": journal.calls, "wrote": journal.wrote, "after": journal.after, "ended": journal.ended}
        self.control.send(told | {"broke": broke})
        if check and not self.spare:
            os._exit(0)

    def _answer_all(self, tool: socket.socket, journal: Journal) -> None:
        tool.setblocking(False)
        inbox = Inbox(self.limits["argument_bytes"] + 4096)
        poll, told = select.poll(), self.control.sock.fileno()
        poll.register(told, select.POLLIN)
        poll.register(tool, select.POLLIN)
        while all(fd != told for fd, _ in poll.poll()):
            data = tool.recv(1 << 16)
            if not data:
                return
            for body in inbox.feed(data):
                answer = self._answer(body, journal)
                while answer:
                    try:
                        answer = answer[tool.send(answer) :]
                    except BlockingIOError:
                        if select.select([self.control.sock], [tool], [])[0]:
                            return

    def _step_aside(self) -> None:
        """Leave the rest to a copy."""
        self.spare = False
        try:
            pid = os.fork()
        except OSError as error:
            raise RuntimeError(f"no room for a copy of the state ({error})") from None
        if pid:
            with contextlib.suppress(ChildProcessError):  # nobody is to collect it; this still waits for its end
                os.wait()
            raise StoodInError

    def _answer(self, body: bytes, journal: Journal) -> bytes:
        """One call, answered with a result or with what its caller should raise."""
        try:
            request = _from_json(body.decode())
        except (ValueError, RecursionError) as error:
            raise Malformed(str(error)) from None
        match request:
            case [str(name), list(args), dict(kwargs)]:
                problem = "nested too deeply" if too_deep([args, kwargs], self.limits["answer_depth"]) else None
            case [str(name), None, None]:  # so the program's side says instead of sending them
                problem = f"larger than {self.limits['argument_bytes']} bytes"
            case _:
                raise Malformed("not a call")
        found = self.tools.get(name)
        if found is None or (found[0].kind == "check" and not self.check):
            return _raise("NameError", f"name {name!r} is not defined")
        journal.size += len(body)
        if len(journal.calls) >= self.limits["tool_calls"] or journal.size > JOURNAL_BYTES:
            raise TooManyCallsError
        tool, parameters = found
        call: dict[str, Any] = {"name": name, "kind": tool.kind, "arguments": {}, "error": None, "made": None}
        journal.calls.append(call)
        if problem:
            call["error"] = f"the arguments of {name} are {problem}"
            return _raise("ToolError", call["error"])
        try:
            bound = parameters.bind(args, kwargs)
        except TypeError as error:
            call["error"] = f"TypeError: {error}"
            return _raise("TypeError", str(error))
        call["arguments"], made = marshal.loads(marshal.dumps((dict(bound.arguments), [bound.args, bound.kwargs])))
        if tool.kind in ("write", "move"):  # a read is never made again
            call["made"] = made
        if tool.kind != "read" and self.spare:
            self._step_aside()
        if tool.kind in ("write", "check") and not journal.before:
            journal.before = self.known or self._digest()
        try:
            if tool.kind != "read":
                self.known = None
            text = self._call(name, bound)
        except ToolError as error:
            call["error"] = str(error)
            return _raise("ToolError", str(error))
        journal.wrote = journal.wrote or tool.kind == "write"
        journal.ended |= tool.ends
        return wrap(text)

    def _call(self, name: str, bound: Any) -> bytes:
        """Run the tool; its result in a frame's body. Whatever goes wrong inside is a `ToolError` naming the tool."""
        self.until = time.process_time() + self.limits["cpu_seconds"]
        signal.setitimer(signal.ITIMER_PROF, self.limits["cpu_seconds"])
        try:
            result = getattr(self.toolset, name)(*bound.args, **bound.kwargs)
            text = json.dumps({"result": result}).encode()
        except ToolError:
            raise
        except TooSlowError:
            raise ToolError(f"{name} took too long and was stopped") from None
        except Exception as error:
            raise ToolError(f"{name} failed: {type(error).__name__}: {error}") from error
        finally:
            self.until = None
            signal.setitimer(signal.ITIMER_PROF, 0)
        if len(text) > self.limits["result_bytes"]:
            raise ToolError(f"the result of {name} is larger than {self.limits['result_bytes']} bytes")
        return text

    def _look_at_clock(self, *_: object) -> None:
        """End a call that is too slow. The timer goes by ticks, which on a busy core overstate what was used."""
        if self.until is None:
            return
        left = self.until - time.process_time()
        if left <= 0:
            raise TooSlowError
        signal.setitimer(signal.ITIMER_PROF, max(left, 0.001))


def _raise(kind: str, message: str) -> bytes:
    return pack({"raise": kind, "message": message})


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


_from_json = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).decode
