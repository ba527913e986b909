"""Files that can be interrupted and continued, refused, begun afresh, and never hold half a line."""

import errno
import fcntl
import json
import logging
import os
import subprocess
import sys

import pytest

from sca.errors import BadInput, ScaError, UsageError
from sca.records.contract import Task
from sca.records.output import Output

SETTINGS = {"model": "tiny", "seed": 1, "sampling": {"temperature": 0.7}}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def task(name, **fields):
    return Task(id=name, environment="e", **fields)


def make(*names, settings=SETTINGS, complete=True, force=False):
    with Output.open("t.jsonl", Task, settings, force=force) as out:
        for name in names:
            out.write(task(name))
        out.finish(counts={"tasks": len(names)}, complete=complete)


def ids():
    with open("t.jsonl") as file:
        return [json.loads(line)["id"] for line in file]


def sidecar():
    with open("t.jsonl.meta.json") as file:
        return json.load(file)


def test_each_line_is_on_the_disk_as_soon_as_it_is_written():
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        out.write(task("b"))
        out.write(task("a"))
        assert ids() == ["b", "a"]


def test_a_finished_file_is_in_the_order_of_its_ids():
    make("e-a10", "e-a2", "e-a1")
    assert ids() == ["e-a1", "e-a2", "e-a10"]


def test_sorting_keeps_each_line_byte_for_byte():
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        out.write(task("b", instruction="Grüße"))
        out.write(task("a", instruction="x" * 100_000))
        with open("t.jsonl", "rb") as file:
            before = file.readlines()
        out.finish(counts={})
    with open("t.jsonl", "rb") as file:
        assert file.readlines() == before[::-1]


def test_an_unfinished_file_is_not_put_in_order():
    make("b", "a", complete=False)
    assert ids() == ["b", "a"]


def test_the_same_settings_go_on_where_it_stopped():
    make("b", complete=False)
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        assert set(out.done) == {"b"}
        out.write(task("a"))
        out.finish(counts={})
    assert ids() == ["a", "b"]


def test_a_finished_file_can_be_extended():
    make("b")
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        assert out.complete
        out.write(task("a"))
        out.finish(counts={})
    assert ids() == ["a", "b"]


def test_extending_a_finished_file_makes_it_incomplete_until_it_ends():
    make("b")
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        out.write(task("a"))
        assert not sidecar()["complete"]


def test_a_finished_file_is_not_touched_by_the_same_command():
    make("b")
    before = written("t.jsonl"), written("t.jsonl.meta.json")
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        out.note(model="tiny")
        out.finish(counts={"tasks": 1})
    assert (written("t.jsonl"), written("t.jsonl.meta.json")) == before


def written(path):
    """Which file it is and when it was last written; reading it changes neither."""
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def test_no_id_is_written_twice():
    make("a", complete=False)
    with (
        Output.open("t.jsonl", Task, SETTINGS) as out,
        pytest.raises(ValueError, match=r"^a is in t\.jsonl already$"),
    ):
        out.write(task("a"))


def test_records_are_read_back_from_the_disk():
    make("b", complete=False)
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        out.write(task("a"))
        assert [record.id for record in out.records()] == ["b", "a"]


def test_records_can_be_read_while_more_are_written():
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        for name in "cab":
            out.write(task(name))
        for record in out.records():
            out.write(task(record.id * 2))
        assert len(ids()) == 6


def test_a_torn_last_line_is_cut_off_with_a_warning(caplog):
    make("a", complete=False)
    with open("t.jsonl", "ab") as file:
        file.write(b'{"id": "b", "environ')
    with caplog.at_level(logging.WARNING), Output.open("t.jsonl", Task, SETTINGS) as out:
        assert set(out.done) == {"a"}
        out.write(task("c"))
    assert ids() == ["a", "c"]
    assert caplog.messages == ["t.jsonl: cut off its last line, which was torn (20 bytes)"]


def test_a_last_line_torn_within_a_letter_is_cut_off():
    make("a", complete=False)
    with open("t.jsonl", "ab") as file:
        file.write('{"id": "ü'.encode()[:-1])
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        assert set(out.done) == {"a"}


def test_a_last_line_that_only_lacks_its_newline_is_kept():
    make("b", "c", complete=False)
    os.truncate("t.jsonl", os.path.getsize("t.jsonl") - 1)
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        out.write(task("a"))
        out.finish(counts={})
    assert ids() == ["a", "b", "c"]


def test_a_broken_line_before_the_last_is_named_and_nothing_changes():
    make("a", complete=False)
    with open("t.jsonl", "ab") as file:
        file.write(b'{"id": 3}\n{"torn')
    size = os.path.getsize("t.jsonl")
    with pytest.raises(BadInput) as caught:
        Output.open("t.jsonl", Task, SETTINGS)
    assert caught.value.problems == (
        "t.jsonl, line 2: id: must be text, not the number 3",
        "t.jsonl, line 2: environment: is missing",
    )
    assert os.path.getsize("t.jsonl") == size


def test_a_last_line_that_is_whole_but_wrong_is_named_and_not_cut_off():
    make("a", complete=False)
    with open("t.jsonl", "a") as file:
        file.write('{"id": "b"}')
    with pytest.raises(BadInput, match=r"^t\.jsonl, line 2: environment: is missing$"):
        Output.open("t.jsonl", Task, SETTINGS)


def test_an_id_that_stands_twice_in_the_file_is_named():
    make("a", complete=False)
    with open("t.jsonl", "a") as file:
        file.write('{"id": "a", "environment": "e"}\n')
    with pytest.raises(BadInput, match=r"^t\.jsonl, line 2: id: comes twice$"):
        Output.open("t.jsonl", Task, SETTINGS)


def test_other_settings_are_refused_field_by_field():
    make("a", settings={"seed": 1, "sampling": {"temperature": 0.7, "top_p": 1}, "old": True})
    with pytest.raises(UsageError) as caught:
        Output.open("t.jsonl", Task, {"seed": 2, "sampling": {"temperature": 0.7, "top_p": 1.0}, "new": "x"})
    assert str(caught.value) == (
        "t.jsonl was made with other settings; name another file with -o, or begin it afresh with --force:\n"
        "  seed: 1 there, 2 now\n"
        "  sampling.top_p: 1 there, 1.0 now\n"
        '  new: nothing there, "x" now\n'
        "  old: true there, nothing now"
    )


def test_a_tuple_in_the_settings_is_the_list_in_the_sidecar():
    make("a", settings={"stop": ("x",)})
    assert Output.open("t.jsonl", Task, {"stop": ("x",)}).complete


def test_a_refused_file_can_be_had_by_the_next_command():
    make("a")
    with pytest.raises(UsageError):
        Output.open("t.jsonl", Task, {"seed": 2})
    assert set(Output.open("t.jsonl", Task, SETTINGS).done) == {"a"}


def test_force_begins_afresh():
    make("a", "b")
    make("c", settings={"seed": 2}, force=True)
    assert (ids(), sidecar()["settings"]) == (["c"], {"seed": 2})


def test_force_changes_nothing_before_it_begins():
    make("a")
    Output.open("t.jsonl", Task, {"seed": 2}, force=True)
    assert (ids(), sidecar()["settings"]) == (["a"], SETTINGS)


def test_a_file_without_a_sidecar_is_refused():
    make("a")
    os.remove("t.jsonl.meta.json")
    with pytest.raises(UsageError, match=r"^t\.jsonl is there, and no t\.jsonl\.meta\.json beside it says"):
        Output.open("t.jsonl", Task, SETTINGS)


def test_an_empty_file_without_a_sidecar_is_begun():
    open("t.jsonl", "w").close()
    make("a")
    assert ids() == ["a"]


def test_a_sidecar_without_its_file_is_begun_anew():
    make("a", settings={"seed": 2})
    os.remove("t.jsonl")
    make("b")
    assert (ids(), sidecar()["settings"]) == (["b"], SETTINGS)


@pytest.mark.parametrize("text", ["{", "[]", '{"settings": 3}'])
def test_a_broken_sidecar_is_named(text):
    make("a")
    with open("t.jsonl.meta.json", "w") as file:
        file.write(text)
    with pytest.raises(ScaError, match=r"t\.jsonl\.meta\.json.*--force begins afresh"):
        Output.open("t.jsonl", Task, SETTINGS)


def test_two_commands_may_not_write_one_file():
    with (
        Output.open("t.jsonl", Task, SETTINGS),
        pytest.raises(UsageError, match=r"^t\.jsonl is being written by another command"),
    ):
        Output.open("t.jsonl", Task, SETTINGS, force=True)


def test_a_file_is_still_locked_after_it_was_put_in_order():
    with Output.open("t.jsonl", Task, SETTINGS) as out:
        for name in "ba":
            out.write(task(name))
        out.finish(counts={})
        with pytest.raises(UsageError, match="another command"):
            Output.open("t.jsonl", Task, SETTINGS)


def test_a_file_renamed_while_it_was_being_locked_is_opened_again(monkeypatch):
    make("a")
    real = fcntl.flock

    def overtaken(file, how):
        monkeypatch.setattr(fcntl, "flock", real)
        real(file, how)
        with open("other", "w") as other, open("t.jsonl") as mine:
            other.write(mine.read() + '{"id": "b", "environment": "e"}\n')
        os.replace("other", "t.jsonl")

    monkeypatch.setattr(fcntl, "flock", overtaken)
    assert set(Output.open("t.jsonl", Task, SETTINGS).done) == {"a", "b"}


def test_a_file_system_without_locks_is_warned_of(monkeypatch, caplog):
    def none(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    make("a")
    assert (ids(), "has no locks" in caplog.text) == (["a"], True)


def test_a_run_without_a_line_leaves_no_file(here):
    with pytest.raises(RuntimeError), Output.open("t.jsonl", Task, SETTINGS):
        raise RuntimeError
    assert list(here.iterdir()) == []


def test_a_finished_run_without_a_line_leaves_an_empty_file():
    make()
    assert (ids(), sidecar()["complete"]) == ([], True)


def test_folders_on_the_way_are_made():
    with Output.open("runs/1/t.jsonl", Task, SETTINGS) as out:
        out.write(task("a"))
    assert os.path.exists("runs/1/t.jsonl.meta.json")


def test_a_folder_is_no_output(here):
    with pytest.raises(UsageError, match=r"is a folder; name a file$"):
        Output.open(here, Task, SETTINGS)


def test_a_place_that_cannot_be_written_is_named():
    open("file", "w").close()
    with pytest.raises(UsageError, match=r"^cannot write file/t\.jsonl: "):
        Output.open("file/t.jsonl", Task, SETTINGS)


def test_a_link_is_kept_and_its_file_replaced():
    os.mkdir("store")
    os.symlink("store/real.jsonl", "t.jsonl")
    make("b", "a")
    assert (os.path.islink("t.jsonl"), ids()) == (True, ["a", "b"])


def test_permissions_outlive_the_sorting():
    open("t.jsonl", "w").close()
    os.chmod("t.jsonl", 0o640)
    make("b", "a")
    assert os.stat("t.jsonl").st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_whole_lines_and_one_sentence():
    program = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from sca.records.contract import Task
from sca.records.output import Output
with Output.open("t.jsonl", Task, {"seed": 1}) as out:
    out.write(Task(id="a", environment="e"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    try:
        out.write(Task(id="b", environment="e", instruction="x" * 10_000))
    except Exception as error:
        print(error)
    out.write(Task(id="c", environment="e"))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "cannot write t.jsonl: File too large; the same command goes on\n"
    assert ids() == ["a", "c"]


def test_sorting_that_fails_leaves_the_file_as_it_was():
    os.makedirs("t.jsonl.tmp/in-the-way")
    with pytest.raises(ScaError, match=r"^cannot put t\.jsonl in order: .*; the same command goes on$"):
        make("b", "a")
    assert ids() == ["b", "a"]


def test_a_sidecar_that_cannot_be_written_leaves_nothing(here):
    os.mkdir("t.jsonl.meta.json.tmp")
    with pytest.raises(ScaError, match=r"^cannot write t\.jsonl\.meta\.json: Is a directory$"):
        make("a")
    assert not os.path.exists("t.jsonl")


def test_a_dry_run_sees_what_is_done_and_changes_nothing(here):
    make("a", complete=False)
    with open("t.jsonl", "ab") as file:
        file.write(b'{"torn')
    before = sorted((path.name, path.read_bytes()) for path in here.iterdir())
    with Output.open("t.jsonl", Task, SETTINGS, dry_run=True) as out:
        assert set(out.done) == {"a"}
    assert sorted((path.name, path.read_bytes()) for path in here.iterdir()) == before


def test_a_dry_run_makes_no_file(here):
    with Output.open("t.jsonl", Task, SETTINGS, dry_run=True) as out:
        assert not out.done
    assert list(here.iterdir()) == []


def test_a_dry_run_refuses_other_settings():
    make("a")
    with pytest.raises(UsageError, match="other settings"):
        Output.open("t.jsonl", Task, {"seed": 2}, dry_run=True)
