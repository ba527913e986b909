import json

import pytest

from sca import scaffold
from sca.dialogue.setting import Setting
from sca.inspection.checks import static_findings


@pytest.fixture
def folder(tmp_path):
    scaffold.write("stall", tmp_path / "stall")
    return tmp_path / "stall"


def findings(folder):
    return [str(finding) for finding in static_findings(Setting.open(str(folder)))]


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def append(folder, source):
    """Add methods to the environment."""
    path = folder / "environment.py"
    path.write_text(path.read_text() + source)


def test_what_is_written_anew_has_no_finding(folder):
    assert findings(folder) == []


LOAD = """
    @classmethod
    def load(cls, data: Any) -> Any:
        import itertools, datetime, random
        {}
"""


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            "return {'users': {'a': (1, 2)}}",
            "load: state['users']['a'] is of type tuple; a state holds dict, list, str,",
        ),
        ("return {'users': {1: {}}}", "load: state['users'] has the key 1; keys must be text"),
        ("return {'users': {'a': float('nan')}}", "load: state['users']['a'] is nan; JSON has no such number"),
        ("return {'users': [datetime.date.today()]}", "load: state['users'][0] is of type date; a state holds dict,"),
        (
            "return {'users': {'a': random.random()}}",
            "load: gives another state each time; use no clock and no unseeded",
        ),
        ("return open(data / 'missing.json')", "load fails: FileNotFoundError: "),
    ],
)
def test_a_state_that_cannot_be_trusted_is_named(folder, body, complaint):
    append(folder, LOAD.format(body))
    assert any(complaint in finding for finding in findings(folder))


STARTS = """
    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        import random
        {}
"""


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("return []", "starts: is empty; challengers need at least one start"),
        (
            "return [Start(str(random.random()))]",
            "starts: gives other starts each time; use no clock and no unseeded",
        ),
        ("return [Start('x', 'b')]", "starts: family 'b' is unknown; known are none"),
        ("state['x'] = 1; return [Start('x')]", "starts: changes the state; only tools may"),
        ("return [Start(state['nobody'])]", "starts fails: KeyError: 'nobody'"),
    ],
)
def test_starts_that_mislead_are_named(folder, body, complaint):
    append(folder, STARTS.format(body))
    assert any(complaint in finding for finding in findings(folder))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            '"environment": "stall"',
            '"environment": "shop"',
            "environment is 'shop'; in this folder it must be 'stall'",
        ),
        ('"family": null', '"family": "a"', "family 'a' is unknown; known are none (null)"),
        ('"instruction": "', '"instruction": 3, "x": "', "line 1: instruction: must be text, not the number 3"),
        ('{"id"', '{"id', "line 1: is not JSON"),
        ("stall-test-000002", "stall-test-000001", "line 2: id: "),
    ],
)
def test_a_task_that_does_not_fit_is_named_by_its_line_or_id(folder, old, new, complaint):
    replace(folder / "tasks" / "test.jsonl", old, new)
    found = findings(folder)
    assert any(finding.startswith("tasks/test.jsonl, ") and complaint in finding for finding in found)


def test_an_example_that_gives_a_test_task_away_is_named(folder):
    task = json.loads((folder / "tasks" / "test.jsonl").read_text().splitlines()[0])
    example = {
        **task,
        "id": "stall-example-1",
        "instruction": task["instruction"].replace("Arrange", "Please arrange"),
    }
    (folder / "examples.jsonl").write_text(json.dumps(example) + "\n")
    assert findings(folder) == [
        "examples.jsonl, stall-example-1: is too close to the test task stall-test-000001; write another"
    ]


def test_missing_tasks_are_advice_and_no_error(folder):
    (folder / "tasks" / "test.jsonl").unlink()
    (finding,) = static_findings(Setting.open(str(folder)))
    assert (str(finding), finding.wrong) == ("tasks/test.jsonl: is missing: `sca eval` has nothing to try", False)
