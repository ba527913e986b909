"""Proof, at the start of a run, that the limits hold: from inside by trying, from outside by asking the engine."""

import inspect
import json
from dataclasses import dataclass
from typing import Any

from sca.errors import SandboxError
from sca.sandbox.host import canary
from sca.sandbox.host.container import Container
from sca.sandbox.host.settings import Settings
from sca.sandbox.host.worlds import HostBox

_LINGER = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
result = os.getuid()
"""
_LEFT = """
import os
def owner(entry):
    try:
        return os.stat("/proc/" + entry).st_uid
    except OSError:
        return 0
result = sorted({owner(entry) for entry in os.listdir("/proc") if entry.isdigit()} - {os.getuid()})
"""


@dataclass(frozen=True)
class Finding:
    """One property, whether it holds, and what was seen."""

    name: str
    holds: bool
    seen: str


async def attest(container: Container, settings: Settings) -> dict[str, str]:
    """What was proved, by name. Raises SandboxError, which says what does not hold and what to do."""
    findings = await examine(container, settings)
    bad = [finding for finding in findings if not finding.holds]
    if bad:
        told = "; ".join(f"{finding.name}: {finding.seen}" for finding in bad)
        raise SandboxError(
            f"this engine does not confine programs as it must ({told}); see `sca sandbox doctor`. Nothing was run."
        )
    return {finding.name: finding.seen for finding in findings}


async def examine(container: Container, settings: Settings) -> list[Finding]:
    """Every property, whether it holds or not."""
    box = HostBox(container.link, settings.limits)
    world = await box.world(next(iter(container.link.families)))
    found = await world.run(f"{inspect.getsource(canary)}\nresult = look()")
    if found.status != "ok" or not found.result:
        raise SandboxError(f"the sandbox's canary ended in {found.status}: {found.exception or found.output}")
    lingering, left = await world.run(_LINGER), await world.run(_LEFT)
    too_much = await world.run("size = 1 << 40\ndata = bytearray(size)")
    await world.close()
    facts: dict[str, Any] = _json(found.result)
    outside = await container.inspect()
    findings = [*_inside(facts, container.asked), *_outside(outside, container.asked)]
    survivors = left.result is None or lingering.result is None or int(lingering.result) in _json(left.result)
    findings.append(Finding("leftovers are killed", not survivors, "none left" if not survivors else "one lives on"))
    findings.append(Finding("memory is refused", too_much.status == "oom", too_much.status))
    return findings


def _inside(facts: dict[str, Any], asked: dict[str, Any]) -> list[Finding]:
    limit = asked["HostConfig"]

    def capped(value: str, most: int) -> bool:
        return value.isdigit() and int(value) <= most

    return [
        Finding("a uid of its own", min(facts["uids"]) > 1000 and not facts["groups"], f"uids {facts['uids']}"),
        Finding("no capabilities", int(facts["capabilities"], 16) == 0, facts["capabilities"]),
        Finding("no new privileges", facts["no_new_privileges"] == "1", facts["no_new_privileges"]),
        Finding("seccomp filter", facts["seccomp"] == "2", f"mode {facts['seccomp']}"),
        Finding("no network", set(facts["interfaces"]) <= {"lo"}, ", ".join(facts["interfaces"]) or "no interface"),
        Finding("no way out", facts["connect"] != "allowed", facts["connect"]),
        Finding("nothing writable", not facts["writable"], ", ".join(facts["writable"]) or "all refused"),
        Finding("the environment out of sight", facts["data"] == "EACCES", facts["data"]),
        Finding("PID 1 out of reach", facts["signal_1"] == "EPERM", facts["signal_1"]),
        Finding("memory capped", capped(facts["memory"], limit["Memory"]), facts["memory"] or "not readable"),
        Finding("no swap", facts["swap"] in ("0", facts["memory"], ""), facts["swap"] or "no swap accounting"),
        Finding("processes capped", capped(facts["pids"], limit["PidsLimit"]), facts["pids"] or "not readable"),
        Finding("a clean environment", set(facts["environment"]) <= {"TZ", "LANG"}, _list(facts["environment"])),
        Finding("nothing else open", _open(facts["descriptors"]), _list(facts["descriptors"])),
    ]  # fmt: skip


def _outside(found: dict[str, Any], asked: dict[str, Any]) -> list[Finding]:
    """What the engine says it made must be what was asked for."""
    have, want = found["HostConfig"], asked["HostConfig"]
    same = {key for key in want if _plain(have.get(key)) == _plain(want[key])}
    differing = sorted(set(want) - same)
    mounts = found.get("Mounts") or []
    image = found["Image"] == asked["Image"]
    return [
        Finding("as asked", not differing, ", ".join(f"{key} is {have.get(key)}" for key in differing) or "equal"),
        Finding("no mounts", not mounts, f"{len(mounts)} mounts"),
        Finding("the image asked for", image, found["Image"][:19]),
    ]


def _plain(value: Any) -> Any:
    """Without what engines word differently: order, the prefix CAP_, empty values."""
    if isinstance(value, list):
        return sorted(json.dumps(_plain(one), sort_keys=True).replace('"CAP_', '"') for one in value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner not in (None, "", {}, [])}
    return value


def _open(descriptors: list[str]) -> bool:
    """Two for output, two pipes, one socket, and the folder being listed."""
    return len(descriptors) <= 6 and set(descriptors) <= {"pipe", "socket", "/dev/null"}


def _list(values: list[str]) -> str:
    return ", ".join(values) or "none"


def _json(text: str | None) -> Any:
    return json.loads(text or "null")
