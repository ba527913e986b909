"""The examples of docs/environments.md are what the page shows, and nothing is wrong with them."""

import json
import re
import runpy
from pathlib import Path

import pytest

from sca.dialogue.setting import Setting
from sca.inspection.checks import sandboxed_findings, static_findings
from sca.sandbox.host import DockerSandbox

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "environments.md").read_text("utf-8")
EXAMPLES = ("parking", "library", "dentist", "archive")
BLOCKS = re.findall(r"<!-- (.*?) -->\n```\w+\n(.*?)```\n", PAGE, re.DOTALL)


@pytest.mark.parametrize(("name", "shown"), [block for block in BLOCKS if "task " not in block[0]])
def test_a_file_on_the_page_is_the_file_that_is_tested(name, shown):
    assert shown == (DOCS / "examples" / name).read_text("utf-8")


@pytest.mark.parametrize(("name", "shown"), [block for block in BLOCKS if "task " in block[0]])
def test_a_task_on_the_page_is_a_task_of_the_example(name, shown):
    _, example, number = name.split()
    line = (DOCS / "examples" / example / "tasks" / "test.jsonl").read_text("utf-8").splitlines()[int(number) - 1]
    task = json.loads(line)
    parts = re.split(r"^# (instruction|evaluation_function|solution|failure_cases)\n", shown, flags=re.MULTILINE)[1:]
    told = dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))
    assert " ".join(told["instruction"].replace("#", "").split()) == task["instruction"]
    assert told["evaluation_function"] == task["evaluation_function"].strip()
    assert told["solution"] == task["solution"].strip()
    assert told["failure_cases"] == "\n# or\n".join(task["failure_cases"])


def test_each_example_is_on_the_page_with_its_code_and_a_task():
    shown = [name for name, _ in BLOCKS]
    assert all(f"{example}/environment.py" in shown for example in EXAMPLES)
    assert all(any(name.startswith(f"task {example} ") for name in shown) for example in EXAMPLES)


def test_the_examples_grow_and_the_first_has_under_40_lines():
    lengths = [len((DOCS / "examples" / name / "environment.py").read_text().splitlines()) for name in EXAMPLES]
    assert lengths[0] < 40
    assert lengths == sorted(lengths)


@pytest.mark.docker
@pytest.mark.parametrize("name", EXAMPLES)
async def test_nothing_is_wrong_with_an_example(name):
    setting = Setting.open(str(DOCS / "examples" / name))
    findings = static_findings(setting)
    findings += await sandboxed_findings(setting, DockerSandbox(setting.folder))
    assert [str(finding) for finding in findings] == ["examples.jsonl: is missing: challengers see no example"]


def test_the_letters_of_the_archive_are_written_again_to_the_same_bytes(tmp_path):
    runpy.run_path(str(DOCS / "examples" / "archive" / "make.py"))["write"](tmp_path)
    shipped = DOCS / "examples" / "archive" / "data" / "letters.json"
    assert (tmp_path / "letters.json").read_bytes() == shipped.read_bytes()
