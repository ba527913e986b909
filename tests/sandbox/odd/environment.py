"""Tools that go wrong in every way, and two families."""

import time
from typing import Any, ClassVar

from sca.environment import Environment, ToolError, Toolset, check, move, read, write


class Counting(Toolset):
    """A counter."""

    @read
    def largest(self, *args: float) -> float:
        """The largest of some numbers."""
        return max(args)

    @read
    def pair(self) -> tuple[int, str]:
        """A pair."""
        return 1, "a"

    @write
    def count(self, by: int = 1) -> int:
        """Count up."""
        self.state["count"] += by
        return int(self.state["count"])

    @write(ends=True)
    def finish(self) -> str:
        """End the episode."""
        self.marks["finished"] = True
        return "done"

    @check
    def finished(self) -> bool:
        """Whether the episode was ended by its tool."""
        return "finished" in self.marks

    @move
    def step(self) -> None:
        """Go somewhere else."""
        self.state["place"] = self.state.get("place", 0) + 1

    @write
    def keep(self, value: list[Any]) -> None:
        """Keep a list, and change it later."""
        value.append("kept")
        self.state["kept"] = value


class Failing(Toolset):
    """Nothing here works."""

    @write
    def half(self) -> None:
        """Change something, then refuse."""
        self.state["count"] += 1
        raise ToolError("refused too late")

    @read
    def broken(self) -> int:
        """Fail inside."""
        nothing: dict[str, int] = {}
        return nothing["missing"]

    @read
    def no_json(self) -> set[int]:
        """Return what is no JSON."""
        return {1}

    @read
    def huge(self, size: int) -> str:
        """Return a lot."""
        return "x" * size

    @read
    def endless(self) -> None:
        """Never end, busily."""
        while True:
            pass

    @read
    def asleep(self) -> None:
        """Never end, idly."""
        time.sleep(1000)


class Odd(Environment):
    """Two families of odd tools."""

    families: ClassVar = {"counting": Counting, "failing": Failing}

    @classmethod
    def load(cls, data: Any) -> Any:
        """A count."""
        return {"count": 0}
