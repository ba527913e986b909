"""What only shows when tools run, and so in the sandbox: a read that writes, chance, tools that break, bad tasks."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent

from sca.dialogue.setting import Setting
from sca.environment import Tool
from sca.inspection import Finding
from sca.inspection.probing import Probe, Vocabulary, probes, signature_of
from sca.judging.verdict import judge
from sca.records.contract import Task
from sca.sandbox import Box, Call, Run, Sandbox, World

PROBES = 12
"""Calls that each tool is tried with, those of tasks among them."""
WRONG = {
    "writes": "is marked @read, but {} changes the state; mark it @write, or change a copy",
    "spoils": "is marked @check, but {} changes the state; a check only looks",
    "memory": "{} says something else the second time, on the same state; keep all there is to know in the state",
    "chance": "{} does something else in another run; use no clock and no unseeded chance",
    "trace": "{} is refused, but has changed the state; check first, change afterwards",
    "silent": "{} is refused without a word; say in the ToolError what to do instead",
    "breaks": "{}; refuse with a ToolError that says what to do",
    "limits": "{}; do less, or return less",
}
ADVICE = {
    "refused": "was refused each time (calls tried: {}); a test task whose solution calls it would try it",
    "idle": "is marked @write, but changed nothing (calls tried: {}); is it a @read?",
}
Trouble = tuple[str, object]
"""A key of WRONG or ADVICE, and what stands in its gap."""
_PROGRAM = """
import hashlib, json

result = []
for name, args, kwargs in json.loads({calls!r}):
    try:
        said = ["result", globals()[name](*args, **kwargs)]
    except (ToolError, TypeError) as error:
        said = [type(error).__name__, str(error)]
    result.append(hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest())
"""


@dataclass(frozen=True)
class Outcome:
    """What a few calls on a fresh state came to."""

    run: Run
    said: list[str]
    """A digest of what each call returned or raised; one word where the program did not end well."""
    before: str
    after: str
    """The state's hash and the marks."""

    @property
    def changed(self) -> bool:
        """Whether the state is another one now."""
        return self.before != self.after


async def check_in_sandbox(setting: Setting, sandbox: Sandbox, tasks: Sequence[tuple[str, Task]]) -> list[Finding]:
    """Findings on tasks (each with the file it is from) and on every tool. Raises `SandboxError`."""
    findings: list[Finding] = []
    seeds: dict[str | None, list[Call]] = {}
    vocabulary = Vocabulary(setting.environment.load(setting.data or setting.folder / "data"))
    async with sandbox.box() as box, sandbox.box() as other:
        for place, task in tasks:
            judgement = await judge(task, box, sandbox.limits)
            verdict = judgement.verdict()
            if not verdict.valid:
                findings.append(Finding(f"{place}, {task.id}", f"{verdict.reason}: {verdict.detail.strip()}"))
            seeds.setdefault(task.family, []).extend(c for attempt in judgement.attempts for c in attempt.calls)
        for family in setting.environment.families or (None,):
            for tool in setting.tools(family) + setting.checks(family):
                calls = [call for call in seeds.get(family, []) if call.name == tool.name]
                chosen = _choose(setting, family, tool, calls, vocabulary)
                served = any(call.error is None for call in calls)
                findings += await _Trial(tool, family, box, other, served).check(chosen)
    return findings


def _choose(
    setting: Setting, family: str | None, tool: Tool, seeds: Sequence[Call], vocabulary: Vocabulary
) -> list[Probe]:
    """Half of the calls as tasks make them, the rest made up."""
    toolset = setting.environment if family is None else setting.environment.families[family]
    function = getattr(toolset, tool.name)
    signature = signature_of(function)
    known = [Probe.of(call, signature) for call in seeds if call.arguments]
    chosen = dict(list({str(probe): probe for probe in known}.items())[: PROBES // 2])
    for probe in probes(tool.name, function, vocabulary, PROBES):
        if len(chosen) < PROBES:
            chosen.setdefault(str(probe), probe)
    return list(chosen.values())


@dataclass(frozen=True)
class _Trial:
    """One tool in two boxes."""

    tool: Tool
    family: str | None
    box: Box
    other: Box
    served: bool
    """Whether it did not refuse a call of a task: some tools, such as a next page, need others to go before."""

    async def check(self, chosen: Sequence[Probe]) -> list[Finding]:
        """What is wrong, once for each kind of trouble."""
        found: dict[str, Finding] = {}
        tried = {"read": self._reads, "check": self._checks}.get(self.tool.kind, self._changes)
        async for kind, gap in tried(chosen):
            text = (WRONG | ADVICE)[kind].format(gap)
            found.setdefault(kind, Finding(f"environment.py, {self.tool.name}", text, kind in WRONG))
        return list(found.values())

    async def _reads(self, chosen: Sequence[Probe]) -> AsyncIterator[Trouble]:
        """All calls at once, each twice; one by one only where that shows something."""
        twice = [probe for probe in chosen for _ in range(2)]
        here, there = await self._call(self.box, twice), await self._call(self.other, twice)
        if not here.changed and here.said == there.said and here.said[::2] == here.said[1::2]:
            for trouble in _broken(here.run):
                yield trouble
            return
        for probe in chosen:
            here, there = await self._call(self.box, [probe] * 2), await self._call(self.other, [probe] * 2)
            for trouble in _broken(here.run):
                yield trouble
            if here.changed:
                yield "writes", probe
            if len(set(here.said)) > 1:
                yield "memory", probe
            elif here.said != there.said:
                yield "chance", probe

    async def _checks(self, chosen: Sequence[Probe]) -> AsyncIterator[Trouble]:
        """What only a check may call is called by a check."""
        world = await self.box.world(self.family)
        try:
            for probe in chosen:
                source = f"def evaluate():\n{indent(_program([probe]), '    ')}\n    return True"
                for run in await world.evaluate(source, "", times=1):
                    for trouble in _broken(run):
                        yield trouble
                    if run.wrote:
                        yield "spoils", probe
        finally:
            await world.close()

    async def _changes(self, chosen: Sequence[Probe]) -> AsyncIterator[Trouble]:
        changed = succeeded = False
        for probe in chosen:
            here, there = await self._call(self.box, [probe]), await self._call(self.other, [probe])
            refused = any(call.error is not None for call in here.run.calls)
            changed, succeeded = changed or here.changed, succeeded or not refused
            for trouble in _broken(here.run):
                yield trouble
            if refused and here.changed:
                yield "trace", probe
            if (here.said, here.after) != (there.said, there.after):
                yield "chance", probe
        if not (succeeded or self.served):
            yield "refused", len(chosen)
        elif succeeded and not changed and self.tool.kind == "write":
            yield "idle", len(chosen)

    async def _call(self, box: Box, chosen: Sequence[Probe]) -> Outcome:
        """Make calls on a fresh state."""
        world = await box.world(self.family)
        try:
            before = await _seen(world)
            run = await world.run(_program(chosen))
            said = json.loads(run.result) if run.status == "ok" and run.result else [run.status]
            return Outcome(run, said, before, await _seen(world))
        finally:
            await world.close()


def _program(chosen: Sequence[Probe]) -> str:
    return _PROGRAM.format(calls=json.dumps([[probe.tool, probe.args, probe.kwargs] for probe in chosen]))


async def _seen(world: World) -> str:
    return f"{await world.state_hash()} {json.dumps(await world.marks(), sort_keys=True)}"


def _broken(run: Run) -> Iterator[Trouble]:
    """A tool should answer, or refuse with a sentence. The sandbox words what is neither."""
    for call in run.calls:
        said = f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})"
        error = call.error or ""
        if call.error == "":
            yield "silent", said
        elif error.startswith(f"{call.name} failed: "):
            yield "breaks", f"{said} breaks with {error.removeprefix(f'{call.name} failed: ')}"
        elif error.startswith((f"{call.name} took too long", f"the result of {call.name} is larger")):
            yield "limits", f"{said}: {error}"
    if run.status != "ok":
        yield "limits", f"a program that calls it ends with {run.status}"
