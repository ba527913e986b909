"""Follows one job on a code process to its end, within its limits, and says how it ended."""

import io
import marshal
import os
import select
import signal
import time
from collections.abc import Generator
from typing import Any

from sca.sandbox.guest.clock import HUNG, Clock
from sca.sandbox.guest.frames import SMALL, Inbox, Malformed, wrap
from sca.sandbox.guest.loop import Loop
from sca.sandbox.guest.programs import Program, Refusal, Server, kills_for_memory, readable

STUBBORN = 10.0
"""Seconds after which processes that wake each other are ended."""


class Job:
    """One job from its start to its end. With `keep` its process lives on, frozen, if all goes well."""

    def __init__(
        self, loop: Loop, program: Program, state: Server | None, limits: dict[str, Any], *, keep: bool = False
    ) -> None:
        self.loop, self.program, self.state, self.limits, self.keep = loop, program, state, limits, keep
        self.output = bytearray()
        self.inbox = Inbox(SMALL)
        self.told: list[bytes] = []
        self.journal: dict[str, Any] = {}
        self.cause: str | None = None
        """The status with which it is ended from outside."""
        self.died = False

    def run(self, job: dict[str, Any]) -> Generator[None, None, dict[str, Any]]:
        """Do it; what there is to say of its end."""
        self.clock = Clock(self.program, self.state, self.limits, keep=self.keep)
        self.pending = wrap(marshal.dumps(job))
        self._write_job()
        if self.state:
            tools = os.dup(self.program.tools.fileno()) if self.keep else self.program.tools.detach()
            self.state.order("serve", job["mode"] == "evaluate", tools)
            self.loop.watch(self.state.channel.sock.fileno())
        if self.keep:
            self.program.signal(signal.SIGCONT)
        yield from self._follow()
        cpu, code, size = 0.0, None, 0
        if self.keep and self.told and not self.cause:
            yield from self._freeze()
            cpu = self.clock.cpu()
            self._drain()
        if self.cause or not (self.keep and self.told):
            code, size, cpu = self.program.end()
            cpu -= self.clock.before
            self._drain()
        yield from self._await_journal()
        if self.inbox.rest:
            self.cause = self.cause or "bad_result"
        if code is not None:
            self.program.discard()
        if self.cause == "starved":
            raise Refusal("the machine is too busy: a program waited too long for a core")
        kills = kills_for_memory()
        hungry, self.program.kills = kills > self.program.kills, kills
        return {
            **self.journal, "cause": self.cause, "code": code, "cpu_seconds": cpu, "output": self._text(),
            "report": self.told[0].decode("utf-8", "replace") if self.told else None,
            "hungry": hungry, "single": self.program.single, "kilobytes": size,
            "lost": bool(self.state and self.state.lost), "wall_seconds": time.monotonic() - self.clock.started,
        }  # fmt: skip

    def _follow(self) -> Generator[None, None, None]:
        """Until it has died, or has done this job, or is to be ended."""
        program = self.program
        watched = [program.output.fileno(), program.reports.fileno()]
        watched += [program.handle] if program.handle is not None else []  # gVisor has none
        for fd in watched:
            self.loop.watch(fd)
        if self.pending:
            self.loop.watch(program.jobs.fileno(), select.POLLOUT)
        while not (self.died or self.cause or (self.keep and self.told)):
            yield
            self._look()
        self.loop.forget(program.jobs.fileno(), *watched)

    def _look(self) -> None:
        """Take in what there is, and end what is late: this process may have waited for a core, and see late."""
        told, late = len(self.told), self.clock.overdue(told=bool(self.told))
        if self.pending:
            self._write_job()
        self._read_output()
        while not self.cause and self._read_reports():
            pass
        self._look_for_journal()
        self.died = self.program.dead()
        if late and not self.died and len(self.told) == told:
            self.cause = self.cause or late

    def _write_job(self) -> None:
        try:
            self.pending = self.pending[self.program.jobs.write(self.pending) or 0 :]
        except OSError:  # it is dead or has closed its end
            self.pending = b""
        if not self.pending:
            self.loop.forget(self.program.jobs.fileno())

    def _freeze(self) -> Generator[None, None, None]:
        """Have nothing of it run until the next action; what cannot be held is ended."""
        asked = time.monotonic()
        while not self.program.freeze():
            if time.monotonic() - asked > STUBBORN:
                self.cause = "bad_result"
                return
            yield

    def _drain(self) -> None:
        """Take in what has been written before the end."""
        for read in (self._read_output, self._read_reports):
            while self.cause != "output_limit" and read():
                pass

    def _read_output(self) -> bool:
        """Take in a piece; whether there may be more."""
        data = self._read(self.program.output)
        self.output += data
        if len(self.output) > self.limits["output_bytes"]:
            self.cause = self.cause or "output_limit"
        return bool(data)

    def _read_reports(self) -> bool:
        data = self._read(self.program.reports)
        try:
            self.told += self.inbox.feed(data)
        except Malformed:
            self.cause = self.cause or "bad_result"
        if len(self.told) + bool(self.inbox.rest) > 1:
            self.cause = self.cause or "bad_result"
        if data:
            self.clock.last = time.monotonic()
        return bool(data)

    def _read(self, pipe: io.FileIO) -> bytes:
        data = pipe.read(1 << 16)
        if data == b"":  # its end, which would wake us for ever
            self.loop.forget(pipe.fileno())
        return data or b""

    def _look_for_journal(self) -> None:
        """The state process reports when it is told to stop, when no call can come any more, or after a breach."""
        if self.state and not self.journal and readable(self.state.channel.sock.fileno()):
            self.journal = self.state.channel.receive()
            self.cause = self.cause or self.journal.pop("broke")
            self.loop.forget(self.state.channel.sock.fileno())

    def _await_journal(self) -> Generator[None, None, None]:
        """Have the journal of the state process. If that hangs in a tool it is lost."""
        if not self.state:
            return
        asked, hung = time.monotonic(), None
        if not (self.keep or self.journal):  # it hears by itself that nobody is left who could call
            yield
            self._look_for_journal()
        if not self.journal:
            self.state.order("stop")
        while not (self.journal or hung):
            yield
            late = time.monotonic() - asked - HUNG
            hung = self.clock.judged("timeout", late, self.clock.tools_waited() if late > 0 else 0.0)
            self._look_for_journal()
        if not self.journal:
            self.cause, self.state.lost = "timeout", True
            self.loop.forget(self.state.channel.sock.fileno())
            self.state.end()
            if hung == "starved":
                raise RuntimeError("the machine is too busy: a tool waited too long for a core")

    def _text(self) -> str:
        """The output's head and tail, and how much was left out between them."""
        half, data = self.limits["output_kept"] // 2, self.output
        gap = f"\n[… {len(data) - 2 * half} bytes left out …]\n".encode() if len(data) > 2 * half else b""
        return (data[:half] + gap + data[max(half, len(data) - half) :]).decode("utf-8", "replace")
