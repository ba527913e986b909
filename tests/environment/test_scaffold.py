import copy
import errno
import os
import re
from pathlib import Path

import pytest

from sca import scaffold
from sca.environment import ToolError, tools_of
from sca.environment.loading import find, load
from sca.records.contract import Task

SHOP = load(scaffold.FOLDER)


@pytest.fixture
def shop():
    return SHOP(copy.deepcopy(SHOP.load(scaffold.FOLDER / "data")))


@pytest.fixture
def written(tmp_path):
    scaffold.write("tea_house", tmp_path / "tea_house")
    return tmp_path / "tea_house"


def test_what_is_written_is_an_environment_like_the_shop(written):
    assert tools_of(load(find(str(written)))) == tools_of(SHOP)


def test_what_is_written_carries_its_own_name(written):
    lines = (written / "tasks" / "test.jsonl").read_text().splitlines()
    tasks = [Task.model_validate_json(line) for line in lines]
    assert {(task.environment, task.id.split("-")[0]) for task in tasks} == {("tea_house", "tea_house")}


def test_what_cannot_be_written_whole_is_not_left_in_part(tmp_path, monkeypatch):
    written = Path.write_text

    def full(path, *arguments, **options):
        if path.suffix == ".md":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        scaffold.write("tea_house", tmp_path / "tea_house")
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_the_old_name_is_left_to_mislead(written):
    texts = [path.read_text() for path in written.rglob("*") if path.suffix in (".md", ".jsonl")]
    assert [text for text in texts if re.search(r"\bshop\b", text)] == []


def test_the_environment_stays_short_enough_to_read_at_once():
    assert len((scaffold.FOLDER / "environment.py").read_text().splitlines()) < 80


def test_an_order_has_no_return_until_there_is_one(shop):
    assert "return_items" not in shop.get_order("A1001")
    shop.return_items("A1001", ["cup-7"])
    assert shop.get_order("A1001")["return_items"] == ["cup-7"]


def test_a_pending_order_is_cancelled_with_its_reason(shop):
    shop.cancel_order("A1002", "ordered by mistake")
    assert shop.get_order("A1002")["cancel_reason"] == "ordered by mistake"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "find_user('nobody@example.org')",
            "no customer has the e-mail address nobody@example.org; check the spelling",
        ),
        ("get_order('A9')", "there is no A9 among the orders; look its id up first"),
        ("cancel_order('A1001', 'no longer needed')", "A1001 is delivered; only a pending order can be cancelled"),
        ("cancel_order('A1002', 'bored')", 'reason must be "no longer needed" or "ordered by mistake"'),
        ("return_items('A1002', ['lamp-1'])", "A1002 is pending; only items of a delivered order can be returned"),
        ("return_items('A1001', [])", "item_ids must be one or more different items of A1001: teapot-2, cup-7"),
        (
            "return_items('A1001', ['lamp-1'])",
            "item_ids must be one or more different items of A1001: teapot-2, cup-7",
        ),
        (
            "return_items('A1001', ['cup-7'] * 2)",
            "item_ids must be one or more different items of A1001: teapot-2, cu",
        ),
    ],
)
def test_a_refusal_says_what_to_do_and_leaves_no_trace(shop, call, message):
    before = copy.deepcopy(shop.state)
    with pytest.raises(ToolError, match=re.escape(message)):
        eval(f"shop.{call}", {"shop": shop})
    assert shop.state == before


def test_challengers_begin_from_each_customer(shop):
    assert [start.text for start in SHOP.starts(shop.state)] == list(shop.state["users"])
