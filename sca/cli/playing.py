"""The prompt of `sca env play`: a person in the place of an agent."""

import asyncio
import codeop
import contextlib
import json
import sys
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import typer

from sca.cli.console import say
from sca.cli.env import tools_text
from sca.controls import show_controls
from sca.dialogue.setting import Setting
from sca.sandbox import Box, Session, World
from sca.sandbox.host import DockerSandbox

T = TypeVar("T")


class Game:
    """One person, one family of tools, one state."""

    def __init__(self, setting: Setting, family: str | None) -> None:
        self.setting = setting
        self.family = family
        self._loop = asyncio.new_event_loop()

    def play(self) -> None:
        """Read and do lines until they end. Raises ScaError when the sandbox fails."""
        with self._running(), contextlib.ExitStack() as stack:
            sandbox = DockerSandbox(self.setting.folder, data=self.setting.data, switches=self.setting.switches)
            exits = contextlib.AsyncExitStack()
            stack.callback(lambda: self._await(exits.aclose()))
            self._await(exits.enter_async_context(sandbox))
            self._box: Box = self._await(exits.enter_async_context(sandbox.box()))
            self._begin()
            tools = len(self.setting.tools(self.family))
            say(f"{self.setting.name}: {tools} tools; `help` lists them, `quit` or Ctrl-D leaves")
            for source in sources():
                if source in ("quit", "exit"):
                    return
                self._answer(source)

    def _answer(self, source: str) -> None:
        word, _, rest = source.partition(" ")
        if source == "help":
            typer.echo(tools_text(self.setting, self.family))
        elif word == "help" and rest.isidentifier():
            typer.echo(tools_text(self.setting, self.family, only=rest) or f"there is no tool {rest}")
        elif source == "state":
            typer.echo(show_controls(json.dumps(self._await(self._world.state()), indent=2, ensure_ascii=False)))
        elif source == "reset":
            self._await(self._world.close())
            self._begin()
            say("the state is as at the start, variables are gone")
        else:
            observation = self._await(self._session.execute(source))
            if observation.text:
                typer.echo(show_controls(observation.text))
            if observation.run.ended:
                say("an agent's episode would end here; `reset` begins afresh")

    def _begin(self) -> None:
        self._world: World = self._await(self._box.world(self.family))
        self._session: Session = self._await(self._world.session())

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """The loop in a thread of its own, so that Ctrl-C at the prompt reaches the prompt."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()


def sources() -> Iterator[str]:
    """Whole statements, from a terminal or a pipe. A statement of several lines ends with an empty one."""
    lines: list[str] = []
    while (line := _line("... " if lines else "> ")) is not None:
        lines.append(line)
        source = "\n".join(lines)
        if not source.strip() or _complete(source):
            lines.clear()
            if source.strip():
                yield source.strip("\n")
    if lines:
        yield "\n".join(lines)


def _line(prompt: str) -> str | None:
    """The next line; None when there is none."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else None
    import readline  # noqa: F401 - gives the prompt arrow keys and a history

    try:
        return input(prompt)
    except EOFError:
        typer.echo()
        return None


def _complete(source: str) -> bool:
    """Whether it can be run as it is. It is compiled to see, not run; what does not parse is complete: say so."""
    try:
        return source.startswith("help") or codeop.compile_command(source) is not None
    except (SyntaxError, ValueError, OverflowError):
        return True
