"""Faults that only show when tools run, over the double of the sandbox; tests/cli/test_env.py does so in Docker."""

import json

import pytest_asyncio

from sca import scaffold
from sca.dialogue.setting import Setting
from sca.environment.loading import load
from sca.inspection.checks import sandboxed_findings
from sca.inspection.probing import Vocabulary, probes
from sca.sandbox import Limits
from sca.sandbox.host.double import SubprocessSandbox

STATE = load(scaffold.FOLDER).load(scaffold.FOLDER / "data")
FAULTY = '''
import random, time, os

class Faulty(Environment):
    """Every tool has a fault."""

    @read
    def count(self, order_id: str) -> int:
        """Count."""
        if order_id in self.state["orders"]:
            self.state["orders"][order_id]["seen"] = True
        return 1

    @read
    def price(self, order_id: str) -> float:
        """Price."""
        return self.state["orders"][order_id]["items"][0]["price"]

    @read
    def dice(self) -> float:
        """Dice."""
        return random.random()

    @read
    def started(self) -> int:
        """Start."""
        return os.getppid()

    @read
    def ids(self) -> list[str]:
        """Ids."""
        return set(self.state["users"])

    @read
    def mute(self) -> str:
        """Mute."""
        raise ToolError("")

    @read
    def endless(self) -> str:
        """Endless."""
        while True:
            pass

    @read
    def huge(self) -> str:
        """Huge."""
        return "x" * 2**21

    @write
    def hasty(self, order_id: str) -> str:
        """Hasty."""
        self.state["users"][order_id] = {}
        raise ToolError("no")

    @write
    def stamp(self) -> str:
        """Stamp."""
        self.state["at"] = time.time_ns()
        return ""

    @write
    def nod(self) -> str:
        """Nod."""
        return ""

    @write
    def leave(self) -> str:
        """Leave, which is no fault: it leaves a mark."""
        self.marks["left"] = True
        return ""

    @check
    def left(self) -> bool:
        """Left."""
        return self.marks.setdefault("left", False)

    @check
    def lost(self) -> bool:
        """Lost."""
        return self.marks["lost"]
'''
VALID = json.loads((scaffold.FOLDER / "tasks" / "test.jsonl").read_text().splitlines()[0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def said(tmp_path_factory):
    """What is said of each faulty tool, without the place."""
    folder = tmp_path_factory.mktemp("faulty") / "faulty"
    scaffold.write("faulty", folder)
    (folder / "tasks" / "test.jsonl").unlink()
    (folder / "examples.jsonl").unlink()
    source = (folder / "environment.py").read_text().split("class Shop")[0].replace(
        "ToolError,", "ToolError, check,"
    ) + FAULTY
    (folder / "environment.py").write_text(source)
    sandbox = SubprocessSandbox(folder, limits=Limits(cpu_seconds=0.3))
    found = await sandboxed_findings(Setting.open(str(folder)), sandbox)
    return [
        str(finding).removeprefix("environment.py, ") + ("" if finding.wrong else " (advice)") for finding in found
    ]


def test_each_fault_of_a_tool_is_named(said):
    chance = "does something else in another run; use no clock and no unseeded chance"
    assert said == [
        "count: is marked @read, but count('A1001') changes the state; mark it @write, or change a copy",
        "price: price(order_id='no such thing') breaks with KeyError: 'no such thing'; "
        "refuse with a ToolError that says what to do",
        "dice: dice() says something else the second time, on the same state; keep all there is to know in the state",
        f"started: started() {chance}",
        "ids: ids() breaks with TypeError: Object of type set is not JSON serializable; "
        "refuse with a ToolError that says what to do",
        "mute: mute() is refused without a word; say in the ToolError what to do instead",
        "endless: endless(): endless took too long and was stopped; do less, or return less",
        "huge: huge(): the result of huge is larger than 1048576 bytes; do less, or return less",
        "hasty: hasty('A1001') is refused, but has changed the state; check first, change afterwards",
        "hasty: was refused each time (calls tried: 5); a test task whose solution calls it would try it (advice)",
        f"stamp: stamp() {chance}",
        "nod: is marked @write, but changed nothing (calls tried: 1); is it a @read? (advice)",
        "left: is marked @check, but left() changes the state; a check only looks",
        "lost: lost() breaks with KeyError: 'lost'; refuse with a ToolError that says what to do",
    ]


async def test_a_task_that_does_not_pass_its_own_checks_is_named_with_its_reason(tmp_path):
    folder = tmp_path / "stall"
    scaffold.write("stall", folder)
    (folder / "examples.jsonl").unlink()
    spoiled = [
        {},
        {"solution": "result = 1"},
        {"evaluation_function": "def evaluate():\n    return True\n"},
        {"solution": "def ("},
    ]
    lines = [
        json.dumps({**VALID, **part, "environment": "stall", "id": f"stall-{number}"})
        for number, part in enumerate(spoiled)
    ]
    (folder / "tasks" / "test.jsonl").write_text("\n".join(lines))
    found = await sandboxed_findings(Setting.open(str(folder)), SubprocessSandbox(folder))
    assert [str(finding).splitlines()[0] for finding in found] == [
        "tasks/test.jsonl, stall-1: evaluate_exception: evaluate, after the solution, raised:",
        "tasks/test.jsonl, stall-2: noop_passes: evaluate accepts the untouched state: doing nothing passes.",
        "tasks/test.jsonl, stall-3: syntax: solution: line 1: invalid syntax",
    ]


def test_arguments_are_taken_from_where_the_state_has_their_name():
    words = Vocabulary(STATE)
    assert words.values("order_id", str)[:3] == ["A1001", "A1002", "A1003"]
    assert words.values("item_ids", list[str])[1] == ["teapot-2"]
    assert words.values("email", str)[0] == "anna.berg@example.org"


def test_the_same_calls_are_made_each_time():
    tool = load(scaffold.FOLDER).cancel_order
    assert probes("cancel_order", tool, Vocabulary(STATE), 6) == probes("cancel_order", tool, Vocabulary(STATE), 6)
