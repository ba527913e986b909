"""What the sidecar tells: how a file was made, whether it is complete, and no secret."""

import json
import os
import platform
import subprocess
import sys
from importlib import metadata

import pytest

from sca import __version__
from sca.errors import ScaError, UsageError
from sca.records.contract import Task
from sca.records.ids import settings_hash
from sca.records.output import Output


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def told():
    with open("t.jsonl.meta.json") as file:
        return json.load(file)


def make(settings, *, name="a", complete=True, **facts):
    with Output.open("t.jsonl", Task, settings) as out:
        out.note(**facts)
        out.write(Task(id=name, environment="e"))
        out.finish(counts={"tasks": 1}, timings={"engine": 0.5}, complete=complete)


def test_it_is_there_before_the_first_line():
    with Output.open("t.jsonl", Task, {"seed": 1}):
        assert (told()["settings"], told()["complete"]) == ({"seed": 1}, False)


def test_it_names_settings_and_their_hash():
    make({"seed": 1})
    assert (told()["settings"], told()["settings_hash"]) == ({"seed": 1}, settings_hash({"seed": 1}))


def test_it_holds_what_was_noted():
    make({}, model="tiny", environment={"name": "e", "content_hash": "abc"}, limits={"cpu_seconds": 2.0})
    assert {name: told()[name] for name in ("model", "environment", "limits")} == {
        "model": "tiny",
        "environment": {"name": "e", "content_hash": "abc"},
        "limits": {"cpu_seconds": 2.0},
    }


def test_it_holds_counts_and_timings():
    make({})
    assert (told()["counts"], told()["timings"]["engine"]) == ({"tasks": 1}, 0.5)


def test_it_says_whether_the_file_is_complete():
    make({}, complete=False)
    assert told()["complete"] is False


def test_a_failure_on_the_way_leaves_it_incomplete():
    def fail(out):
        out.write(Task(id="a", environment="e"))
        raise RuntimeError

    with pytest.raises(RuntimeError), Output.open("t.jsonl", Task, {}) as out:
        fail(out)
    assert (told()["complete"], told()["runs"][0]["lines"]) == (False, 1)


def test_no_credential_is_in_it_or_in_the_refusal():
    settings = {"api_key": "hush-1", "server": "https://me:hush-2@host/v1?token=hush-3"}
    make(settings, engine={"headers": {"Authorization": "Bearer hush-4"}})
    assert "hush" not in json.dumps(told())
    with pytest.raises(UsageError, match=r"server: .*@host/v1.* there, .*@other") as refused:
        Output.open("t.jsonl", Task, {"api_key": "hush-5", "server": "https://me:hush-6@other"})
    assert "hush" not in str(refused.value)


def test_another_key_for_the_same_server_is_no_other_setting():
    make({"api_key": "one"}, complete=False)
    with Output.open("t.jsonl", Task, {"api_key": "two"}) as out:
        assert set(out.done) == {"a"}


def test_it_names_the_versions_of_what_is_loaded_and_loads_nothing():
    program = """
import sys, types
sys.modules["torch"] = types.ModuleType("torch")
from sca.records.sidecar import versions
print(versions(), "transformers" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    expected = {"python": platform.python_version(), "sca": __version__, "torch": metadata.version("torch")}
    assert ran.stdout == f"{expected} False\n"


def test_each_run_is_told_with_its_lines():
    make({}, name="a", complete=False)
    make({}, name="b")
    assert [run["lines"] for run in told()["runs"]] == [1, 1]


def test_the_time_of_all_runs_is_added_up():
    make({}, name="a", complete=False)
    held = told() | {"runs": [{"started": "2026-01-01T00:00:00+00:00", "seconds": 1000.0, "lines": 1}]}
    with open("t.jsonl.meta.json", "w") as file:
        json.dump(held, file)
    make({}, name="b")
    assert 1000 <= told()["timings"]["seconds"] < 1010


def test_a_killed_run_counts_up_to_its_last_line():
    make({}, name="a", complete=False)
    held = told() | {"runs": [{"started": "2026-01-01T00:00:00+00:00", "seconds": None, "lines": 0}]}
    with open("t.jsonl.meta.json", "w") as file:
        json.dump(held, file)
    os.utime("t.jsonl", (1767225600 + 90, 1767225600 + 90))  # 2026-01-01 00:01:30 UTC
    make({}, name="b")
    assert told()["runs"][0]["seconds"] == 90


@pytest.mark.parametrize("runs", [[{}], 5, ["x"], [{"started": "now", "seconds": 1}], [{"started": 3, "seconds": 1}]])
def test_runs_that_nobody_can_make_out_are_told_and_the_lines_stay(runs):
    make({"seed": 1}, complete=False)
    with open("t.jsonl.meta.json", "w") as file:
        json.dump({"settings": {"seed": 1}, "runs": runs}, file)
    with pytest.raises(ScaError, match=r"t.jsonl.meta.json is not a sidecar of ours"):
        make({"seed": 1}, name="b")
    with open("t.jsonl") as file:
        assert len(file.readlines()) == 1


def test_what_an_earlier_run_noted_is_kept():
    make({}, name="a", complete=False, attestation={"ok": True})
    make({}, name="b")
    assert told()["attestation"] == {"ok": True}


def test_a_note_of_text_that_no_file_can_hold_is_written_all_the_same():
    make({}, model="m\ud800")
    assert told()["model"] == "m\ud800"
