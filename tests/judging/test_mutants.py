"""Mutants of a solution's calls: how many there are, and when they are made."""

import asyncio
import inspect

import pytest

from sca.environment import Environment
from sca.judging.kinship import Kinship
from sca.judging.mutants import PLACES, Mutator
from sca.judging.programs import UnmeasuredError
from sca.judging.quality import _together
from sca.judging.reading import Library
from sca.judging.surroundings import Surroundings, ToolFacts
from sca.judging.telling import Telling
from sca.sandbox import Call


def tag(order_id: str, tags: list[str]) -> None: ...


def mutator(tags):
    call = Call("tag", "write", {"order_id": "A1", "tags": tags}, None, (["A1", tags], {}))
    tools = {"tag": ToolFacts("tag", "write", inspect.signature(tag), frozenset({"tags"}), {})}
    kinship, around = Kinship(Library("Tag it.")), Surroundings(Environment)
    return Mutator("k", (call,), tools, around, kinship, Telling("Tag it.", (call,), kinship, around))


def test_each_value_of_a_call_gives_way():
    places = [[mutant.place for mutant in group] for group in mutator(["a", "b"]).values()]
    assert places == [["tag.order_id"], ["tag.tags[0]"], ["tag.tags[1]"]]


def test_of_a_list_of_thousands_only_some_give_way():
    groups = list(mutator([f"t{number}" for number in range(5_000)]).values())
    assert len(groups) == PLACES
    assert next(groups[-1]).place == f"tag.tags[{PLACES - 2}]"


async def test_where_one_raises_the_others_have_ended():
    ended = []

    async def work(number):
        await asyncio.sleep(number / 100)
        ended.append(number)
        if number == 1:
            raise UnmeasuredError("too long")

    with pytest.raises(UnmeasuredError):
        await _together(map(work, (3, 1, 2)))
    assert ended == [1, 2, 3]
