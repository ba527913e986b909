"""`sca --help` answers at once, and tells of every command what the command tells of itself."""

import importlib.util
import inspect
import re
import subprocess
import sys

import pytest
from typer.core import TyperGroup

from sca import __version__
from sca.cli.app import COMMANDS, load

HEAVY = ["torch", "transformers", "docker", "pydantic", "rich", "jinja2", "aiohttp", "asyncio", "jsonlines"]


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "sca", *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command_with_its_line():
    text = run("--help").stdout
    assert all(re.search(rf"^  {command.name} +{re.escape(command.summary)}$", text, re.M) for command in COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_nothing_heavy_is_loaded_to_say_what_there_is(arguments):
    program = f"""
import atexit, sys
atexit.register(lambda: print("loaded:", [name for name in {HEAVY} if name in sys.modules]))
sys.argv = ["sca", *{arguments}]
from sca.cli import main
main()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1] == "loaded: []"


def test_version_is_printed():
    assert run("--version").stdout == f"sca {__version__}\n"


def test_help_of_a_command_loads_neither_torch_nor_docker():
    """One process says the help of all, one after the other: what was loaded for an earlier one is still there."""
    program = """
import sys
from sca.cli import main
heavy = ["torch", "transformers", "docker"]
for name in sys.argv[1:]:
    sys.argv = ["sca", name, "--help"]
    try:
        main()
    except SystemExit as ended:
        print("ended:", name, ended.code, [name for name in heavy if name in sys.modules])
"""
    names = [command.name for command in built()]
    ran = subprocess.run([sys.executable, "-c", program, *names], capture_output=True, text=True, check=False)
    ended = [line for line in ran.stdout.splitlines() if line.startswith("ended: ")]
    assert ended == [f"ended: {name} 0 []" for name in names], ran.stderr


def built():
    return [command for command in COMMANDS if importlib.util.find_spec(command.place.split(":")[0])]


@pytest.mark.parametrize("command", built(), ids=lambda command: command.name)
def test_the_line_in_the_list_is_the_first_of_the_command_itself(command):
    assert inspect.cleandoc(load(command.place).help).split("\n\n")[0] == command.summary


@pytest.mark.parametrize("command", built(), ids=lambda command: command.name)
def test_every_command_has_examples(command):
    found = load(command.place)
    subcommands = found.commands.values() if isinstance(found, TyperGroup) else [found]
    for subcommand in subcommands:
        assert re.search(rf"^ *sca {command.name}\b", subcommand.help, re.M), subcommand.name


def test_the_shell_completes_options_of_a_command_that_is_not_loaded_yet():
    words = {"_SCA_COMPLETE": "complete_bash", "COMP_WORDS": "sca show --on", "COMP_CWORD": "2"}
    program = "import sys; sys.argv = ['sca']; from sca.cli import main; main()"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=words)
    assert ran.stdout.split() == ["--only"]


def test_h_is_help():
    assert run("show", "-h").stdout == run("show", "--help").stdout
