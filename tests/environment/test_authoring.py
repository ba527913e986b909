import typing
from typing import Any

from sca.environment import Environment, Toolset, check, checks_of, move, read, tools_of, write


class Base(Toolset):
    @read
    def look(self, where: str, *more: int, how: float | None = None) -> dict[str, Any]:
        """Look.

        Closely.
        """
        return {}


class Desk(Base):
    @write(ends=True)
    def leave(self) -> None:
        """Leave."""

    @move
    def step(self, ways: typing.Literal["up", "down"]) -> None:
        """Step."""

    @check
    def left(self) -> bool:
        """Whether it was left."""
        return False

    def forgotten(self) -> None:
        """No tool."""


def test_a_signature_is_written_as_in_python_without_self():
    assert tools_of(Desk)["look"].signature == (
        "look(where: str, *more: int, how: float | None = None) -> dict[str, Any]"
    )
    assert tools_of(Desk)["step"].signature == "step(ways: Literal['up', 'down']) -> None"


def test_a_tool_that_is_overridden_without_a_mark_is_shown_as_it_is_called():
    class Wider(Desk):
        def leave(self, where: str, politely: bool = True) -> str:
            """Leave, or be asked to."""
            return where

    shown = tools_of(Wider)["leave"]
    assert (shown.kind, shown.signature, shown.doc) == (
        tools_of(Desk)["leave"].kind, "leave(where: str, politely: bool = True) -> str", "Leave, or be asked to.",
    )  # fmt: skip


def test_postponed_annotations_are_written_without_quotes():
    class Late(Toolset):
        @read
        def look(self, where: "str", how: "list[int] | None" = None) -> "dict[str, Any]":
            """Look."""

        @read
        def find(self, what: "Unknown") -> "str":  # noqa: F821 - a name that only a type checker knows
            """Find."""

    assert tools_of(Late)["look"].signature == "look(where: str, how: list[int] | None = None) -> dict[str, Any]"
    assert tools_of(Late)["find"].call == "find(what)"


def test_tools_come_in_the_order_in_which_they_were_written():
    assert list(tools_of(Desk)) == ["look", "leave", "step"]


def test_a_tool_knows_its_kind_and_whether_it_ends_an_episode():
    kinds = {name: (tool.kind, tool.ends) for name, tool in tools_of(Desk).items()}
    assert kinds == {"look": ("read", False), "leave": ("write", True), "step": ("move", False)}


def test_what_only_a_check_may_call_is_no_tool():
    assert list(checks_of(Desk)) == ["left"]


def test_marks_are_empty_at_the_start_and_no_part_of_the_state():
    desk = Desk({"a": 1})
    assert (desk.state, desk.marks) == ({"a": 1}, {})


def test_the_docstring_is_cleaned_of_its_indentation():
    assert tools_of(Desk)["look"].doc == "Look.\n\nClosely."


def test_the_state_is_every_json_file_by_its_name(tmp_path):
    (tmp_path / "b.json").write_text("[1]")
    (tmp_path / "a.json").write_text('{"x": null}')
    (tmp_path / "notes.txt").write_text("no")
    assert Environment.load(tmp_path) == {"a": {"x": None}, "b": [1]}
