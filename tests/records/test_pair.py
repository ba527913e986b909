"""Two files that are written and continued together; and outputs that would run into each other."""

import json
import os
import shutil
from pathlib import Path

import pytest

from sca.errors import BadInput, UsageError
from sca.records.contract import JudgedTask, Verdict
from sca.records.output import Output
from sca.records.pair import Pair, refuse_same
from sca.records.whole import whole


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(name, valid):
    verdict = Verdict(valid=valid, reason=None if valid else "noop_passes")
    return JudgedTask(id=name, environment="e", verdict=verdict)


def pair(settings=None, **options):
    return Pair.open("v.jsonl", "r.jsonl", JudgedTask, settings or {"seed": 1}, **options)


def ids(path):
    with open(path) as file:
        return [json.loads(line)["id"] for line in file]


def make(settings=None, **options):
    with pair(settings, **options) as both:
        both.first.write(judged("c", True))
        both.first.write(judged("a", True))
        both.second.write(judged("b", False))
        both.finish(counts={"tasks": 3})


def test_each_file_is_put_in_order():
    make()
    assert (ids("v.jsonl"), ids("r.jsonl")) == (["a", "c"], ["b"])


def test_done_is_what_is_in_either():
    make()
    with pair() as both:
        assert (both.done, both.complete) == ({"a", "b", "c"}, True)


def test_records_of_both_are_read_back():
    make()
    with pair() as both:
        assert [record.id for record in both.records()] == ["a", "c", "b"]


def test_both_sidecars_tell_the_same():
    make()
    told = [json.loads(Path(f"{name}.jsonl.meta.json").read_text()) for name in "vr"]
    assert told[0]["counts"] == told[1]["counts"] == {"tasks": 3}


def test_both_sidecars_tell_the_same_when_only_one_file_grew():
    make()
    with pair() as both:
        both.second.write(judged("d", False))
        both.finish(counts={"tasks": 4})
    assert [json.loads(Path(f"{name}.jsonl.meta.json").read_text())["counts"] for name in "vr"] == [{"tasks": 4}] * 2


def test_both_sidecars_hold_what_was_noted():
    with pair() as both:
        both.note(model="tiny")
        both.finish(counts={})
    assert [json.loads(Path(f"{name}.jsonl.meta.json").read_text())["model"] for name in "vr"] == ["tiny", "tiny"]


@pytest.mark.parametrize("name", ["v.jsonl", "r.jsonl"])
def test_both_must_be_complete(name):
    make()
    os.remove(name)
    with pair() as both:
        assert not both.complete


def test_an_id_may_not_be_in_both():
    make()
    shutil.copy("v.jsonl", "r.jsonl")
    with pytest.raises(BadInput, match=r"^a is in v\.jsonl and in r\.jsonl\nc is in v\.jsonl and in r\.jsonl$"):
        pair()


def test_what_is_missing_in_both_can_be_told():
    make()
    with pair() as both:
        assert ({"a", "b", "x"} - both.done, both.done & {"a", "x"}, len(both.done)) == ({"x"}, {"a"}, 3)


def test_a_file_that_was_removed_is_made_again():
    make()
    os.remove("v.jsonl")
    with pair() as both:
        assert both.done == {"b"}


def test_if_the_second_is_refused_the_first_is_not_touched():
    make()
    os.remove("r.jsonl.meta.json")
    with pytest.raises(UsageError, match=r"^r\.jsonl is there.* name another file with --rejected"):
        pair()
    assert ids("v.jsonl") == ["a", "c"]


def test_if_the_second_is_refused_the_first_is_free_again():
    make()
    os.rename("r.jsonl.meta.json", "kept")
    with pytest.raises(UsageError):
        pair()
    os.rename("kept", "r.jsonl.meta.json")
    assert pair().complete


def test_if_the_second_is_refused_a_first_that_was_not_there_is_not_left(here):
    Path("r.jsonl").write_text("{}\n")
    with pytest.raises(UsageError):
        pair()
    assert not os.path.exists("v.jsonl")


def test_force_begins_both_afresh():
    make()
    with pair({"seed": 2}, force=True) as both:
        assert both.done == set()
        both.second.write(judged("z", False))
        both.finish(counts={})
    assert (ids("v.jsonl"), ids("r.jsonl")) == ([], ["z"])


def test_a_second_file_of_none_but_valid_tasks_is_empty_and_continues():
    with pair() as both:
        both.first.write(judged("a", True))
        both.finish(counts={})
    with pair() as both:
        assert both.done == {"a"}


def test_both_may_not_be_one_file():
    with pytest.raises(UsageError, match=r"^\./v\.jsonl would be written over v\.jsonl; name another file$"):
        Pair.open("v.jsonl", "./v.jsonl", JudgedTask, {})


def test_both_may_not_be_stdout():
    with pytest.raises(UsageError, match=r"^- would be written over -"):
        Pair.open("-", "-", JudgedTask, {})


def test_both_may_be_thrown_away():
    with Pair.open("/dev/null", "/dev/null", JudgedTask, {}) as both:
        both.first.write(judged("a", True))


def test_an_output_that_is_the_input_is_refused():
    open("t.jsonl", "w").close()
    os.symlink("t.jsonl", "link.jsonl")
    with pytest.raises(UsageError, match=r"^link\.jsonl would be written over t\.jsonl"):
        refuse_same(["link.jsonl"], inputs=["t.jsonl"])


def test_links_in_a_circle_are_refused():
    os.symlink("one.jsonl", "other.jsonl")
    os.symlink("other.jsonl", "one.jsonl")
    for dry_run in (False, True):
        with pytest.raises(UsageError, match=r"^one\.jsonl is a link that leads back to itself; remove it"):
            Output.open("one.jsonl", JudgedTask, {}, dry_run=dry_run)
    with pytest.raises(UsageError, match="leads back to itself"), whole(Path("one.jsonl"), {}, {}):
        pass
    assert sorted(os.listdir()) == ["one.jsonl", "other.jsonl"]


def test_stdin_and_stdout_are_two_places():
    refuse_same(["-"], inputs=["-"])
