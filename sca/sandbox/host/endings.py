"""How a program ended, made out from what the supervisor saw and what the program itself reported.

Anyone in the process could have written the report: it is looked through, and it says no more than it may.
"""

import os
import signal
from typing import Any

from sca.sandbox import Call, Limits, Raised, Run, Status
from sca.sandbox.guest.confine import NO_REPORT
from sca.sandbox.guest.frames import Malformed, unpack

OWN: dict[str, Status] = {
    "ok": "ok",
    "exception": "exception",
    "tool_error": "tool_error",
    "syntax": "syntax",
    "no_evaluate": "no_evaluate",
    "non_bool": "non_bool",
    "exit": "exit",
    "oom": "oom",
    "bad_result": "bad_result",
}
"""What a code process may say of itself; all else is seen from outside."""
_TEXT = {"type": 256, "message": 8192, "traceback": 16384}
"""What it may say of an exception, and how many characters of each are kept."""
_BASES = 64
"""How many classes an exception may come from."""
_REPORT = {"status": str, "result": str, "shown": str, "verdict": bool, "problems": list, "exception": dict}


def read_run(told: dict[str, Any], limits: Limits) -> Run:
    """A supervisor's word as a Run."""
    status, report = _ending(told, limits)
    calls = tuple(Call(**call) for call in told.get("calls", ()))
    if status == "tool_error" and not any(call.error for call in calls):
        status = "exception"  # no tool refused anything: the program raised it by hand
    exception = report.get("exception")
    return Run(
        status,
        result=report.get("result"),
        verdict=report.get("verdict") if status == "ok" else None,
        output=told.get("output", ""),
        exception=Raised(**{**exception, "bases": tuple(exception["bases"])}) if exception else None,
        shown=report.get("shown", ""),
        problems=tuple(report.get("problems", ())),
        calls=calls,
        wrote=told.get("wrote", False),
        ended=told.get("ended", False),
        cpu_seconds=told.get("cpu_seconds", 0.0),
        wall_seconds=told.get("wall_seconds", 0.0),
    )


def _ending(told: dict[str, Any], limits: Limits) -> tuple[Status, dict[str, Any]]:
    cause, code, report = told["cause"], told["code"], told.get("report")
    if cause:
        return cause, {}
    if report is not None and not code:  # None: it lives on
        said = sound(report)
        return (OWN[said["status"]], said) if said else ("bad_result", {})
    if report is not None or code == NO_REPORT << 8:
        return "bad_result", {}
    if not os.WIFSIGNALED(code):
        return "exit", {}
    killed = os.WTERMSIG(code) == signal.SIGKILL
    if os.WTERMSIG(code) == signal.SIGXCPU or (killed and told["cpu_seconds"] >= limits.cpu_seconds):
        return "timeout", {}
    if not killed:
        return "crash", {}
    return ("oom" if told["hungry"] else "killed"), {}


def sound(report: str) -> dict[str, Any] | None:
    """A report, if it says what a report may say."""
    try:
        told = unpack(report.encode("utf-8", "replace"))
    except Malformed:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("status"), str) or told["status"] not in OWN:
        return None
    if not all(isinstance(value, _REPORT.get(key, ())) for key, value in told.items()):
        return None
    if "exception" not in told:
        return told
    raised = told["exception"]
    bases = raised.pop("bases", None)
    whole = set(raised) == set(_TEXT) and all(isinstance(text, str) for text in raised.values())
    if not whole or not isinstance(bases, list) or not all(isinstance(name, str) for name in bases):
        return None
    cut = {key: text[: _TEXT[key]] for key, text in raised.items()}
    return told | {"exception": cut | {"bases": [name[: _TEXT["type"]] for name in bases[:_BASES]]}}
