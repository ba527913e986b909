"""What the host knows of an environment: its documentation, policy, examples and starts. Its tools never run here."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sca.environment import Environment, Start, Tool, Toolset, checks_of, tools_of
from sca.environment.loading import content_hash, find, load, split_switches
from sca.errors import ScaError, UsageError
from sca.records.contract import Task
from sca.records.reading import read


@dataclass(frozen=True)
class Setting:
    """One environment folder, loaded for its documentation."""

    folder: Path
    data: Path | None
    """Another data folder than the environment's own."""
    environment: type[Environment]
    switches: frozenset[str] = frozenset()
    """Those of the environment's switches that are on."""

    @classmethod
    def open(cls, name_or_path: str, data: Path | None = None) -> "Setting":
        """Find and import an environment, as in `shop` or `shop+SWITCH`.

        Raises `ScaError` that says where it was looked for.
        """
        name_or_path, switches = split_switches(name_or_path)
        folder = find(name_or_path)
        if data is not None and not data.is_dir():
            raise UsageError(f"--data {data}: there is no such folder")
        environment = load(folder)
        if data is not None:
            _check_data(environment, data)
        if unknown := sorted(switches - set(environment.switches)):
            known = ", ".join(environment.switches) or "none"
            raise UsageError(f"environment {folder.name} has no switch {', '.join(unknown)}; it has {known}")
        return cls(folder, data, environment, switches)

    @property
    def name(self) -> str:
        """The folder's name, as records and ids hold it."""
        return self.folder.resolve().name

    @cached_property
    def hash(self) -> str:
        """Content hash of code and data, and of the switches that are on."""
        content = content_hash(self.folder, self.data)
        if not self.switches:
            return content
        return hashlib.sha256("+".join([content, *sorted(self.switches)]).encode()).hexdigest()

    @cached_property
    def policy(self) -> str:
        """`policy.md`: the rules that the agent is to follow and that the tools do not all enforce."""
        path = self.folder / "policy.md"
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""

    @cached_property
    def description(self) -> str:
        """The environment's docstring."""
        return " ".join((self.environment.__doc__ or "").split())

    @cached_property
    def _state(self) -> Any:
        """What every attempt starts from."""
        return self.environment.load(self.data or self.folder / "data")

    @cached_property
    def starts(self) -> list[Start]:
        """What challengers begin from."""
        return self.environment.starts(self._state)

    def start(self, index: int) -> Start:
        """What the challenger of episode `index` begins from: starts and themes in turn, shifted by one each round.

        So n starts and m themes make n·m different beginnings. Raises `ScaError` where there are no starts.
        """
        if not self.starts:
            raise ScaError(f"environment {self.name} gives no starts; `sca env check` tells more")
        turn, place = divmod(index, len(self.starts))
        start, themes = self.starts[place], self.environment.themes
        return replace(start, theme=themes[(place + turn) % len(themes)]) if themes else start

    def first_observation(self, start: Start) -> str:
        """What there is to see before anything was done."""
        return self.environment.first_observation(self._state, start)

    def redacted(self, start: Start, instruction: str) -> str:
        """An instruction without ids that its user would not know, where it can do without them."""
        return self.environment.redacted(self._state, start, instruction)

    @property
    def test_tasks(self) -> Path:
        """The held-out tasks that ship with the environment."""
        return self.folder / "tasks" / "test.jsonl"

    @property
    def ending_tools(self) -> frozenset[str]:
        """Tools whose call ends an episode."""
        families: Sequence[str | None] = [*self.environment.families] or [None]
        return frozenset(t.name for family in families for t in self.tools(family) if t.ends)

    def check_family(self, family: str | None) -> None:
        """Raise `UsageError` when a task names a family that is not here, or none where one is needed."""
        families = self.environment.families
        if family not in (families or (None,)):
            known = ", ".join(families) or "it has no families"
            raise UsageError(f"environment {self.name} has no family {family!r} ({known})")

    def tools(self, family: str | None) -> list[Tool]:
        """The tools that a task of `family` sees."""
        if family not in self._tools:  # inspecting signatures takes a millisecond, and every attempt asks
            self._tools[family] = list(tools_of(self.toolset(family)).values())
        return self._tools[family]

    @cached_property
    def _tools(self) -> dict[str | None, list[Tool]]:
        return {}

    def checks(self, family: str | None) -> list[Tool]:
        """What a check of a task of `family` may call beside the tools."""
        return list(checks_of(self.toolset(family)).values())

    def toolset(self, family: str | None) -> type[Toolset]:
        """The class that holds them."""
        self.check_family(family)
        return self.environment if family is None else self.environment.families[family]

    def tool_names(self, family: str | None) -> frozenset[str]:
        """The names of the tools."""
        return frozenset(tool.name for tool in self.tools(family))

    def defects(self, task: Task) -> list[str]:
        """What the environment knows to be wrong with a benchmark's task."""
        actions = [(action.name, action.arguments) for action in task.actions or ()]
        return self.environment.defects(self._state, actions) if actions else []

    def examples(self, family: str | None) -> list[Task]:
        """Few-shot tasks of `family`, from `examples.jsonl`; they are close to no test task."""
        return [task for task in self._examples if task.family == family]

    @cached_property
    def _examples(self) -> list[Task]:
        path = self.folder / "examples.jsonl"
        return read(path, Task).records if path.is_file() else []


def _check_data(environment: type[Environment], data: Path) -> None:
    """Raise `UsageError` for data that the environment cannot load, before anything expensive does."""
    try:
        environment.load(data)
    except Exception as error:
        plain = type(error) in (FileNotFoundError, ValueError)  # as an environment says what is missing
        raise UsageError(f"--data {data}: {'' if plain else f'{type(error).__name__}: '}{error}") from error
