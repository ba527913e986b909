import re
from typing import Any, Literal, TypedDict

import pytest

from sca import scaffold
from sca.environment import Environment, Toolset, read, write
from sca.environment.loading import find, load
from sca.inspection.documentation import check_documentation


class Row(TypedDict):
    name: str


class Sound(Environment):
    """A sound environment."""

    counts = "answer"

    @read
    def look(
        self, where: Literal["up", "down"] | None, rows: list[Row], *more: float, **rest: Any
    ) -> dict[str, list[int]]:
        """Look."""
        return {}


def findings(environment: type[Environment]) -> list[str]:
    return [str(finding) for finding in check_documentation(environment)]


def broken(**members: Any) -> type[Environment]:
    """The sound environment with something else in it."""
    return type("Broken", (Sound,), {"__doc__": "Broken.", **members})


@pytest.mark.parametrize("folder", [find("calculation"), scaffold.FOLDER], ids=lambda folder: folder.name)
def test_what_ships_has_no_finding(folder):
    assert findings(load(folder)) == []


def test_every_type_that_json_can_hold_is_accepted():
    assert findings(Sound) == []


@read
def without_doc(self) -> str:
    return ""


@read
def without_type(self, order_id) -> str:
    """Doc."""


@read
def without_result(self, order_id: str):
    """Doc."""


@read
def with_set(self, ids: set[str]) -> str:
    """Doc."""


@read
def with_numbered_keys(self) -> dict[int, str]:
    """Doc."""


@read
def with_object(self) -> Sound:
    """Doc."""


@read
def unreadable(self, order: "Order") -> str:  # noqa: F821
    """Doc."""


@read
async def waits(self) -> str:
    """Doc."""


@read
def selfless() -> str:
    """Doc."""


def forgotten(self, order_id: str) -> str:
    """Doc."""


@pytest.mark.parametrize(
    ("tool", "complaint"),
    [
        (without_doc, "tool: has no docstring; tell the model what it does, what it returns and what it refuses"),
        (without_type, "tool: parameter order_id has no type; write for example order_id: str"),
        (without_result, "tool: the result has no type; write for example -> dict[str, Any]"),
        (with_set, "tool: parameter ids is set[str], but arguments come as JSON; use str, int, float, bool, None"),
        (with_numbered_keys, "tool: returns dict[int, str], but results leave as JSON; use str,"),
        (with_object, "tool: returns Sound, but results leave as JSON; use str,"),
        (unreadable, "tool: its annotations cannot be read: name 'Order' is not defined"),
        (waits, "tool: is async or a generator; a tool returns its result directly"),
        (selfless, "tool: is not a plain method; a tool takes self first"),
        (forgotten, "tool: is not marked, so that no model sees it; mark it, or begin its name with _"),
    ],
)
def test_what_is_wrong_with_a_tool_is_named(tool, complaint):
    (finding,) = findings(broken(tool=tool))
    assert finding.startswith(f"environment.py, {complaint}")


@pytest.mark.parametrize("name", ["same", "evaluate", "result", "answer", "_hidden"])
def test_a_name_that_task_code_cannot_use_is_refused(name):
    (finding,) = findings(broken(**{name: vars(Sound)["look"]}))
    assert finding == f"environment.py, {name}: task code cannot use this name; choose another"


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"__doc__": None}, "has no docstring; say in a sentence what this world is"),
        ({"counts": "points"}, 'counts is \'points\'; it must be "state", "answer" or "both"'),
        ({"counts": "state"}, 'counts = "state", but no tool is marked @write'),
        (
            {"families": {"a": Toolset}},
            "no task sees its own tools (look), since it has families; move them into one",
        ),
        (
            {"families": {"a": Toolset}},
            "Toolset (family a): has no tools; mark its methods with @read, @write or @move",
        ),
    ],
)
def test_what_is_wrong_with_the_class_is_named(members, complaint):
    assert re.search(re.escape(complaint), "\n".join(findings(broken(**members))))


def test_a_write_tool_is_enough_for_a_state_that_counts():
    @write
    def sell(self) -> None:
        """Sell."""

    assert findings(broken(counts="state", sell=sell)) == []
