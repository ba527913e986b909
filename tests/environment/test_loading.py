import re
from pathlib import Path

import pytest

from sca.dialogue.setting import Setting
from sca.environment import tools_of
from sca.environment.loading import available, content_hash, find, load, split_switches
from sca.errors import ScaError, UsageError

SOURCE = '''
from sca.environment import Environment, read

class Desk(Environment):
    """A desk."""

    @read
    def look(self) -> str:
        """Look at the desk."""
        return "empty"
'''


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCA_ENVIRONMENTS", raising=False)


def write_environment(folder: Path, source: str = SOURCE) -> Path:
    folder.mkdir(parents=True)
    (folder / "environment.py").write_text(source)
    return folder


def test_a_path_is_found_as_it_is(tmp_path):
    folder = write_environment(tmp_path / "some where" / "desk")
    assert find(str(folder)) == folder


def test_a_relative_path_is_made_absolute(tmp_path):
    folder = write_environment(tmp_path / "desk")
    assert find("./desk") == folder


def test_a_name_is_looked_up_in_the_current_folder(tmp_path):
    folder = write_environment(tmp_path / "environments" / "desk")
    assert find("desk") == folder


def test_a_name_is_looked_up_in_every_folder_of_the_variable(tmp_path, monkeypatch):
    folder = write_environment(tmp_path / "more" / "desk")
    monkeypatch.setenv("SCA_ENVIRONMENTS", f"/nowhere:{tmp_path / 'more'}")
    assert find("desk") == folder


def test_the_current_folder_wins_over_the_variable(tmp_path, monkeypatch):
    write_environment(tmp_path / "more" / "desk")
    near = write_environment(tmp_path / "environments" / "desk")
    monkeypatch.setenv("SCA_ENVIRONMENTS", str(tmp_path / "more"))
    assert available()["desk"] == near


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    write_environment(tmp_path / "environments" / "desk")
    with pytest.raises(ScaError, match=r"no environment called dusk; known are desk.*"):
        find("dusk")


def test_a_folder_without_environment_py_says_what_is_missing(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScaError, match=r"\./empty holds no environment\.py"):
        find("./empty")


def test_the_one_environment_of_a_folder_is_loaded(tmp_path):
    assert list(tools_of(load(write_environment(tmp_path / "desk")))) == ["look"]


def test_an_environment_may_import_its_neighbours(tmp_path):
    folder = write_environment(tmp_path / "desk", "from .parts import Desk as Base\nclass Desk(Base):\n    pass\n")
    (folder / "parts.py").write_text(SOURCE)
    assert list(tools_of(load(folder))) == ["look"]


def test_two_folders_with_the_same_file_names_do_not_meet(tmp_path):
    first = write_environment(tmp_path / "a" / "desk")
    second = write_environment(tmp_path / "b" / "desk", SOURCE.replace("look", "search"))
    assert [list(tools_of(load(folder))) for folder in (first, second, first)] == [["look"], ["search"], ["look"]]


def test_a_changed_neighbour_is_read_again(tmp_path):
    folder = write_environment(tmp_path / "desk", "from .parts import Desk as Base\nclass Desk(Base):\n    pass\n")
    (folder / "parts.py").write_text(SOURCE)
    load(folder)
    (folder / "parts.py").write_text(SOURCE.replace("look", "search"))
    assert list(tools_of(load(folder))) == ["search"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1", "must define exactly one subclass of Environment; it defines none"),
        (SOURCE + "\nclass Other(Desk):\n    pass\n", "it defines Desk, Other"),
        ("import nothing_like_this", "cannot be imported: ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("def f(:", "cannot be imported: SyntaxError"),
    ],
)
def test_a_module_that_is_no_environment_says_why(tmp_path, source, complaint):
    with pytest.raises(ScaError, match=re.escape(complaint)):
        load(write_environment(tmp_path / "desk", source))


@pytest.mark.parametrize(
    "name",
    [
        *("environment.py", "policy.md", "data/orders.json", "examples.jsonl", "parts/a.py"),
        *("data/tasks/open.json", "parts/tasks/a.py"),
    ],
)
def test_the_content_hash_sees_what_matters(tmp_path, name):
    folder = write_environment(tmp_path / "desk")
    before = content_hash(folder)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("changed")
    assert content_hash(folder) != before


@pytest.mark.parametrize("name", ["README.md", "tasks/test.jsonl", "__pycache__/x.pyc", "data/.DS_Store"])
def test_the_content_hash_ignores_what_does_not(tmp_path, name):
    folder = write_environment(tmp_path / "desk")
    before = content_hash(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("changed")
    assert content_hash(folder) == before


def test_the_content_hash_does_not_depend_on_where_the_folder_lies(tmp_path):
    assert content_hash(write_environment(tmp_path / "a")) == content_hash(write_environment(tmp_path / "b"))


def test_other_data_stands_in_for_the_data_of_the_folder(tmp_path):
    folder = write_environment(tmp_path / "desk")
    (folder / "data").mkdir()
    (folder / "data" / "x.json").write_text("1")
    (tmp_path / "official").mkdir()
    (tmp_path / "official" / "x.json").write_text("1")
    assert content_hash(folder, tmp_path / "official") == content_hash(folder)


def test_switches_follow_the_name():
    assert split_switches("desk+slow+strict") == ("desk", frozenset({"slow", "strict"}))
    assert split_switches("desk") == ("desk", frozenset())


def test_a_folder_with_a_plus_in_its_name_is_taken_as_it_is(tmp_path):
    folder = write_environment(tmp_path / "a+b")
    assert split_switches(str(folder)) == (str(folder), frozenset())


def test_a_switch_makes_other_content_and_an_unknown_one_is_refused():
    plain, switched = Setting.open("airline"), Setting.open("airline+original_cabin")
    assert (switched.name, switched.switches) == ("airline", {"original_cabin"})
    assert switched.hash != plain.hash
    with pytest.raises(UsageError, match="environment airline has no switch fast; it has original_cabin"):
        Setting.open("airline+fast")
