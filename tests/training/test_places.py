"""Where a checkpoint may go: never over something else, never two commands at once."""

import fcntl
import json

import pytest
from small_training import record

from sca.errors import BadInput, UsageError
from sca.records.contract import Message, Trajectory
from sca.records.reading import Reading, refuse_repeated
from sca.stages.training import Checkpoint, begin, binding
from sca.training.history import History
from sca.training.settings import RftSettings


@pytest.mark.parametrize("name", [".", "..", "-", "/"])
def test_a_checkpoint_is_a_folder_of_its_own(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="a folder of its own"):
        Checkpoint(tmp_path.__class__(name)).check(tmp_path / "model", force=True)


def test_a_checkpoint_never_takes_the_place_of_the_model_it_starts_from(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "model")
    with pytest.raises(UsageError, match="the model that training starts from"):
        Checkpoint(tmp_path / "link").check(tmp_path / "model", force=True)


def test_force_does_not_delete_a_folder_that_holds_no_model(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").touch()
    with pytest.raises(UsageError, match="holds no model"):
        Checkpoint(folder).check(tmp_path / "model", force=True)


def test_a_file_is_no_place_for_a_checkpoint(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        Checkpoint(tmp_path / "file").check(tmp_path / "model", force=True)


def test_two_commands_do_not_write_one_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    with checkpoint.place.metrics.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another command"), checkpoint.alone():
            pass


def test_checkpoints_side_by_side_have_metrics_of_their_own(tmp_path):
    names = [Checkpoint(tmp_path / name).place.metrics.name for name in ("checkpoint", "joint")]
    assert names == ["metrics.jsonl", "joint.metrics.jsonl"]


@pytest.mark.parametrize("online", [False, True])
def test_an_interrupted_run_is_not_wiped_out_by_one_of_the_other_kind(tmp_path, online):
    first, second = (Checkpoint(tmp_path / "checkpoint", kind) for kind in (online, not online))
    begin(first, {"online": online}, force=False)
    first.place.state.mkdir(parents=True)
    with pytest.raises(UsageError, match="other settings"):
        begin(second, {"online": not online}, force=False)
    assert first.place.state.exists()
    begin(second, {"online": not online}, force=True)
    assert not first.place.state.exists()


def test_figures_of_an_earlier_run_are_not_those_of_a_new_one(tmp_path):
    offline, online = (Checkpoint(tmp_path / "checkpoint", kind) for kind in (False, True))
    offline.place.metrics.write_text('{"step": 1}\n')
    with online.alone():
        begin(online, {}, force=False)
        assert History(online.iterations / "iterations.jsonl", online.place.metrics, print).resume(0) == []


def of(text="hello", **other):
    """An attempt without recorded tokens."""
    return record(0, tokens=False).model_copy(update={"messages": [Message(role="user", content=text)], **other})


@pytest.mark.parametrize("other", [of("bye"), of(task_id="t2"), of(reward=0), of(run="b")])
def test_other_text_or_another_task_is_other_data_for_a_run(other):
    one, same, another = (binding(RftSettings(), {}, [each], retokenize=True) for each in (of(), of(), other))
    assert one == same != another


def test_what_left_nothing_does_not_bind_the_next_command(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    begin(checkpoint, {"seed": 1}, force=False)
    sidecar, done = begin(checkpoint, {"seed": 2}, force=False)
    assert (json.loads(sidecar.path.read_text())["settings"], done) == ({"seed": 2}, False)


@pytest.mark.parametrize("left", ["checkpoint.partial", "checkpoint.partial.old"])
def test_an_interrupted_run_binds_the_next_command_until_it_is_forced(tmp_path, left):
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    begin(checkpoint, {"seed": 1}, force=False)
    (tmp_path / left).mkdir()
    with pytest.raises(UsageError, match="seed: 1 there, 2 now"):
        begin(checkpoint, {"seed": 2}, force=False)
    begin(checkpoint, {"seed": 2}, force=True)
    assert not (tmp_path / left).exists()


def test_an_attempt_that_comes_in_two_files_is_named():
    attempt = Trajectory(
        id="a-a0", task_id="a", environment="e", attempt=0, reward=1, outcome="success", messages=[], run="123456"
    )
    other = attempt.model_copy(update={"run": "abcdef"})
    refuse_repeated(["one", "two"], [Reading([attempt]), Reading([other])])
    with pytest.raises(BadInput) as found:
        refuse_repeated(["one", "one"], [Reading([attempt]), Reading([attempt])])
    assert found.value.problems == ("one: a-a0: id: is in one too",)
