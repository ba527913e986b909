"""The commands of `sca`. Each is loaded when it is called, so that `sca --help` answers at once."""

import importlib
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from sca import __version__


@dataclass(frozen=True)
class Command:
    """A command, where it lives, and the line that `sca --help` shows of it."""

    name: str
    place: str
    """`module:name` of a function, or of a typer app with commands of its own."""
    summary: str


COMMANDS = (
    Command("explore", "sca.cli.explore:explore", "Let a model explore an environment and write tasks."),
    Command("validate", "sca.cli.validate:validate", "Run each task's own checks, and keep the sound ones."),
    Command("rollout", "sca.cli.rollout:rollout", "Let a model attempt tasks, and reward what passes."),
    Command("train", "sca.cli.train:train", "Train a model on attempts."),
    Command("eval", "sca.cli.eval:evaluate", "Measure a model on held-out tasks."),
    Command("select", "sca.cli.select:select", "Keep the attempts or tasks that are worth keeping."),
    Command("export", "sca.cli.export:export", "Write attempts or tasks in the form that another trainer reads."),
    Command("show", "sca.cli.show:show", "Show records of any stage for reading."),
    Command("env", "sca.cli.env:app", "List, show, write, check and play environments."),
    Command("sandbox", "sca.cli.sandbox:app", "Check, build, measure and clean the containers for code."),
)


class _Later(TyperCommand):
    """Stands in for a command until it is called."""

    def __init__(self, command: Command) -> None:
        super().__init__(command.name, help=command.summary)
        self._place = command.place

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """The context of the command itself, which takes over from here."""
        return load(self._place).make_context(*args, **extra)


class _Commands(TyperGroup):
    """All commands, in the order of the work."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in COMMANDS:
            self.add_command(_Later(command))


def load(place: str) -> Any:
    """The command at `module:name`, with its module imported."""
    module, name = place.split(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False)
        found.command(context_settings=_SETTINGS)(function)
    found.rich_markup_mode = None  # plain help: it is quick, it can be searched, and brackets stay brackets
    return get_command(found)


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(cls=_Commands, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=_SETTINGS)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sca {__version__}")
        raise typer.Exit


@app.callback(no_args_is_help=True)
def sca(
    _: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Self-challenging agents: a model writes its own tasks, a sandbox checks them, training keeps what works.

    \b
    sca explore --env calculation -n 20     tasks.jsonl
    sca validate tasks.jsonl                validated.jsonl and rejected.jsonl
    sca rollout validated.jsonl             trajectories.jsonl
    sca train trajectories.jsonl            checkpoint/
    sca eval --env calculation --model checkpoint

    \b
    Every command can be killed and called again: it does what is missing. `-` is stdin or stdout.
    Exit codes: 0 done, 1 failed or incomplete, 2 wrong usage, 130 interrupted.
    """
