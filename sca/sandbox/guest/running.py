"""Runs one job on a code process against a state process, and says how it ended."""

import os
import signal
import threading
import time
from typing import Any

from sca.sandbox.guest.forking import NO_REPORT
from sca.sandbox.guest.processes import Process, Refusal, Server, Trouble
from sca.sandbox.guest.watching import Watch

STATUSES = {"ok", "exception", "tool_error", "syntax", "no_evaluate", "non_bool", "exit", "oom", "bad_result"}
"""What a code process may say of itself; all else is seen from outside."""


def ooms() -> int:
    """How many processes of this container the kernel has killed for want of memory."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            with open(path, encoding="ascii") as file:
                return int(dict(line.split() for line in file)["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return 0


class Runner:
    """Runs jobs; owns the template of code processes and what tells one run's end from another's."""

    def __init__(self, template: Server, base: int | None, limits: dict[str, Any]) -> None:
        self.template, self.base, self.limits = template, base, limits
        self._slots = set(range(1, 1024))
        self._ooms = ooms()
        self._lock = threading.Lock()

    def start(self, jobs: int = 1) -> Process:
        """A code process for so many jobs, under a uid that nothing else runs under."""
        with self._lock:
            if not self._slots:
                raise Trouble("too many programs at once")
            slot = self._slots.pop()
        try:
            return Process.start(self.template, slot, self.base, jobs)
        except Refusal:
            self._slots.add(slot)
            raise

    def run(self, process: Process, state: Server, job: Any, *, keep: bool = False) -> dict[str, Any]:
        """Do one job. With `keep` its process lives on, frozen, if all went well; else it is dead."""
        watch = Watch(process, state, self.limits, keep=keep)
        if state.lost:
            self.end(process)
            return {"status": state.lost, "alive": False}
        state.channel.send({"op": "serve"}, [process.tools.fileno()])
        if keep:
            self._signal(process, signal.SIGCONT)
        watch.follow(job)
        ending = None
        if keep and watch.cause is None and watch.told:
            cpu = process.cpu() - watch.cpu
            self._signal(process, signal.SIGSTOP)
            watch.drain()
        if not keep or watch.cause or not watch.told:
            ending = self._end(process)
            cpu = ending["cpu"] - watch.cpu
            watch.drain()
        report = self._stop(state, watch)
        status, told = self._status(watch, ending)
        if status == "tool_error" and not any(call["error"] for call in report.get("calls", ())):
            status = "exception"  # no tool refused anything: the program raised it by hand
        outcome = {"status": status, "alive": ending is None, "output": watch.capture.text(), "cpu_seconds": cpu}
        if ending is not None:
            self._release(process)
        return told | report | outcome | {"wall_seconds": time.monotonic() - watch.started}

    def end(self, process: Process) -> None:
        """End a process that is between two jobs."""
        self._end(process)
        self._release(process)

    def _signal(self, process: Process, number: int) -> None:
        self.template.ask({"op": "signal", "slot": process.slot, "pid": process.pid, "signal": number})

    def _end(self, process: Process) -> dict[str, Any]:
        ending, _ = self.template.ask({"op": "end", "slot": process.slot, "pid": process.pid})
        if not ending["gone"]:
            raise Trouble("a program could not be killed")
        return dict(ending)

    def _release(self, process: Process) -> None:
        process.close()
        with self._lock:
            self._slots.add(process.slot)

    def _stop(self, state: Server, watch: Watch) -> dict[str, Any]:
        """End the service of the state process; its report. If it hangs in a tool it is lost."""
        try:
            report, _ = state.ask({"op": "stop"}, patience=2)
            while "broke" in report:
                watch.cause = watch.cause or report["broke"]
                report, _ = state.channel.receive()
        except TimeoutError:
            watch.cause = state.lost = "timeout"
            state.end()
            return {}
        return dict(report)

    def _status(self, watch: Watch, ending: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
        if watch.cause:
            return watch.cause, {}
        if ending is None or (watch.told and not watch.inbox.rest and ending["status"] == 0):
            told = watch.told[0]
            return (told["status"], told) if _sound(told) else ("bad_result", {})
        if watch.told or watch.inbox.rest or ending["status"] == NO_REPORT << 8:
            return "bad_result", {}
        return self._death(ending), {}

    def _death(self, ending: dict[str, Any]) -> str:
        """What ended a process that reported nothing."""
        number = os.WTERMSIG(ending["status"]) if os.WIFSIGNALED(ending["status"]) else 0
        if not number:
            return "exit"
        if number == signal.SIGXCPU or (number == signal.SIGKILL and ending["cpu"] >= self.limits["cpu_seconds"]):
            return "timeout"
        if number != signal.SIGKILL:
            return "crash"
        with self._lock:
            before, self._ooms = self._ooms, ooms()
            return "oom" if self._ooms > before else "killed"


_EXCEPTION = {"type": str, "bases": list, "message": str, "traceback": str}


def _sound(told: Any) -> bool:
    """Whether a report says what a report may say. Anyone in the process could have written it."""
    if not isinstance(told, dict) or not isinstance(told.get("status"), str) or told["status"] not in STATUSES:
        return False
    exception = told.get("exception")
    return (
        set(told) <= {"status", "result", "verdict", "shown", "exception", "told"}
        and all(isinstance(told.get(key), (str, type(None))) for key in ("result", "shown"))
        and isinstance(told.get("verdict"), (bool, type(None)))
        and (
            exception is None
            or (
                isinstance(exception, dict)
                and set(exception) == set(_EXCEPTION)
                and all(isinstance(exception[key], kind) for key, kind in _EXCEPTION.items())
                and all(isinstance(name, str) for name in exception["bases"])
            )
        )
    )
