"""What the README tells people to type exists."""

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
README = (REPO / "README.md").read_text(encoding="utf-8")
GROUPS = {"env", "sandbox"}
"""Commands of `sca` that have commands of their own."""


def typed() -> list[list[str]]:
    """Each command in the shell blocks and in backticks, in words, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`((?:sca|make) [^`]+)`", README)
    lines = [line for block in blocks for line in block.splitlines()] + inline
    parts = [part for line in lines for part in re.split(r"&&|\|", line)]
    return [words for part in parts if (words := shlex.split(part, comments=True))]


SCA = sorted({tuple(words[1:]) for words in typed() if words[0] == "sca"})
MAKE = sorted({word for words in typed() if words[0] == "make" for word in words[1:] if "=" not in word})


@cache
def help_of(path: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """What `sca … --help` prints, on a wide and plain terminal."""
    plain = os.environ | {"COLUMNS": "250", "TERM": "dumb", "NO_COLOR": "1"}
    return subprocess.run([sys.executable, "-m", "sca", *path, "--help"], capture_output=True, text=True, env=plain)


def test_the_readme_shows_each_stage():
    assert {"explore", "validate", "rollout", "train", "eval", "env", "show"} <= {words[0] for words in SCA if words}


@pytest.mark.parametrize("words", SCA, ids=" ".join)
def test_a_command_in_the_readme_has_its_options(words):
    named = [word for word in words[: 2 if words[0] in GROUPS else 1] if not word.startswith("-")]
    told = help_of(tuple(named))
    assert told.returncode == 0, told.stderr
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert options <= set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", told.stdout)) | {"--help"}


@pytest.mark.parametrize("target", MAKE)
def test_a_target_in_the_readme_is_listed_by_make_help(target):
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout
    assert re.search(rf"^  make {target} ", listed, flags=re.MULTILINE)


def test_the_links_of_the_readme_lead_somewhere():
    assert [link for link in re.findall(r"\]\((?!https?:)([^)#]+)", README) if not (REPO / link).exists()] == []
