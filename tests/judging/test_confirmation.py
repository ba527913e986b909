"""Recorded calls are made again exactly as they were, and measured, whatever the tools' parameters look like."""

import pytest

from sca.dialogue.setting import Setting
from sca.records.contract import Task
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import give_verdict, surroundings_of

pytestmark = pytest.mark.docker

NOTES = '''"""Notes."""

from typing import Any

from sca.environment import Environment, read, write


class Notes(Environment):
    """Notes of all sorts."""

    @classmethod
    def load(cls, data: Any) -> Any:
        """Nothing yet."""
        return {"notes": [], "count": 0}

    @read
    def look(self) -> dict[str, Any]:
        """Everything."""
        return dict(self.state)

    @write
    def add(self, *notes: str) -> int:
        """Add notes."""
        self.state["notes"] += notes
        return len(notes)

    @write
    def put(self, **entries: str) -> int:
        """Add entries."""
        self.state.update(entries)
        return len(entries)

    @write
    def count(self, by: int = 1, /) -> int:
        """Count up."""
        self.state["count"] += by
        return by

    @write
    def book(self, pages: int, title: str) -> int:
        """Note a book."""
        self.state["books"] = [[pages, title]]
        return pages
'''

FAILURES = ['add("x")', 'put(x="y")', "count(40)"]
SOUND = {
    "any number of arguments": ('["notes"] == ["a", "b"]', 'add("a", "b")'),
    "any names": ('.get("colour") == "red"', 'put(colour="red")'),
    "arguments without a name": ('["count"] == 3', "count(3)"),
    "a call that does not fit": ('["count"] == 1', "try:\n    count(1, 2)\nexcept TypeError:\n    count()"),
    "more than a program may hold": ('["notes"] == ["é" * 1000] * 100', 'for _ in range(100):\n    add("é" * 1000)'),
    "one large argument": ('["notes"] == ["é" * 10_000]', 'add("é" * 10_000)'),
    "many calls": ('["count"] == 400', "for _ in range(400):\n    count()"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("environments") / "notes"
    (folder / "data").mkdir(parents=True)
    (folder / "environment.py").write_text(NOTES, "utf-8")
    return folder


@pytest.fixture(scope="module")
async def notes(folder):
    async with DockerSandbox(folder, tasks_per_container=100) as sandbox:
        yield sandbox


def noting(wanted, solution):
    return Task(
        id="notes-000000-000001",
        environment="notes",
        instruction="Note a book of 312 pages.",
        evaluation_function=f"def evaluate():\n    return look(){wanted}",
        solution=solution,
        failure_cases=FAILURES,
    )


@pytest.mark.parametrize(("wanted", "solution"), SOUND.values(), ids=SOUND)
async def test_every_way_to_call_a_tool_is_confirmed(notes, wanted, solution):
    verdict = await give_verdict(noting(wanted, solution), notes)
    assert (verdict.valid, verdict.reason, verdict.detail) == (True, None, "")


async def test_quality_is_the_same_however_large_an_argument_is(notes, folder):
    surroundings = surroundings_of(Setting.open(str(folder)))
    small, large = [], []
    for numbers, size in ((small, 10), (large, 10_000)):
        task = noting(f'["books"] == [[312, "é" * {size}]]', f'book(312, "é" * {size})')
        quality = (await give_verdict(task, notes, surroundings)).quality
        names = ("mutation_score", "mutants", "extra_write_score", "grounded", "tolerant")
        numbers += [quality[name] for name in names]
    assert small == large == [1.0, 2, 1.0, False, None]


ODD = {
    "an answer beyond a float": ('["count"] == 3', "count(3)\nresult = 10**310"),
    "an answer of brackets": ('["count"] == 3', "count(3)\nresult = '[' * 60_000"),
    "a number of a power": ('["count"] == 3', "count(3)\nresult = 'up to 10²'"),
    "an argument beyond a float": ('["books"][0][1] == "x"', 'book(10**400, "x")'),
    "an argument of all digits there may be": ('["books"][0][1] == "x"', 'book(10**4300 - 1, "x")'),
}


@pytest.mark.parametrize(("wanted", "solution"), ODD.values(), ids=ODD)
async def test_quality_is_measured_whatever_the_values_are(notes, folder, wanted, solution):
    verdict = await give_verdict(noting(wanted, solution), notes, surroundings_of(Setting.open(str(folder))))
    assert verdict.valid
    assert "unmeasured" not in verdict.quality
    assert verdict.quality["programs"] > 1


async def test_values_that_nobody_can_reckon_with_cost_no_verdict(notes, folder, monkeypatch):
    async def read_up(*_):
        raise OverflowError("too large")

    monkeypatch.setattr("sca.judging.quality.read_up", read_up)
    verdict = await give_verdict(noting(*SOUND["many calls"]), notes, surroundings_of(Setting.open(str(folder))))
    assert verdict.valid
    assert (verdict.quality["grounded"], verdict.quality["unmeasured"]) == (None, "OverflowError: too large")
