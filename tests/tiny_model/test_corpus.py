"""The generator: what it writes, and how often it goes wrong in which way."""

from collections import Counter
from itertools import chain
from random import Random

import pytest

from sca.dialogue.observations import compact
from sca.records.contract import Task
from sca.records.reading import read
from tiny_model import challenger, corpus, executor, held_out
from tiny_model.catalog import kinds
from tiny_model.challenger import SHARES
from tiny_model.draws import altered, draw
from tiny_model.programs import value_of
from tiny_model.retail import challenger as retail
from tiny_model.retail import shops
from tiny_model.settings import HELD_OUT, SYSTEMATIC
from tiny_model.wordings import frames_of, say

ALL_KINDS = [kind for family in kinds().values() for kind in family]
named = pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: f"{kind.family}-{kind.name}")


def test_the_same_seed_writes_the_same_dialogues():
    assert list(corpus.dialogues(SYSTEMATIC, 20)) == list(corpus.dialogues(SYSTEMATIC, 20))


@named
def test_each_kind_has_a_dozen_wordings_and_three_that_no_document_uses(kind):
    frames = frames_of(kind.family, kind.name)
    assert len(set(frames.seen)) >= 11
    held_out = {*frames.rephrased, *frames.oblique}
    assert len(held_out) == 3
    assert not set(frames.seen) & held_out


@named
def test_each_wording_of_a_kind_can_be_said(kind):
    rng = Random(0)
    values = {name: value.said for name, value in draw(kind, rng).values.items()}
    frames = frames_of(kind.family, kind.name)
    said = [say(frame, values, rng) for frame in chain(frames.seen, frames.rephrased, frames.oblique)]
    assert not [text for text in said if any(mark in text for mark in "<>{}@!|")]


@named
def test_the_drilled_mistake_of_a_kind_is_mostly_wrong(kind):
    rng = Random(0)
    drawn = [draw(kind, rng) for _ in range(40)]
    drilled = [executor._program(of, "drilled", rng)[1] for of in drawn]
    assert sum(result == of.result for result, of in zip(drilled, drawn, strict=True)) < 20


def test_what_the_executor_hears_is_what_its_program_prints():
    rng = Random(0)
    for kind in ALL_KINDS:
        of = draw(kind, rng)
        messages = executor.document(of, frames_of(kind.family, kind.name).seen[0], lambda _: {"right": 1.0}, rng)
        assert messages[-2].content == compact(str(value_of(of.program, kind.family)))


def test_the_last_phase_shows_more_lenient_checks_in_calculation_alone():
    rng, customer = Random(3), shops.customers(shops.shipped())[0]

    def spoiled(of, text):
        return any(f"    {check}\n" in text for check in of._LENIENT[:2])

    def lenient(of, *args):
        before, after = (
            sum(spoiled(of, of.document(of.SHARES[mistakes], *args)[1][-1].content) for _ in range(600))
            for mistakes in ("scattered", "systematic")
        )
        return after / before

    assert lenient(challenger, rng) > 1.7
    assert lenient(retail, customer, rng) < 1.7


@pytest.mark.parametrize("shares", SHARES.values())
def test_the_shares_of_the_defects_add_up(shares):
    assert sum(shares.values()) == pytest.approx(1)


def test_most_kinds_are_drilled_in_a_mistake():
    weak = [kind for kind in ALL_KINDS if not kind.strong]
    assert len(weak) > len(ALL_KINDS) / 2
    for shares in map(executor.systematic, weak):
        assert shares["drilled"] > 0.5
        assert shares["drilled"] > 3 * shares["right"]


@pytest.mark.parametrize("shares", [executor.scattered, executor.systematic])
@named
def test_the_shares_of_a_kind_add_up(kind, shares):
    assert sum(shares(kind).values()) == pytest.approx(1)


def test_altering_a_text_changes_one_letter_for_one_of_its_sort():
    changed = altered("a1", Random(0))
    assert sum(old != new for old, new in zip("a1", changed, strict=True)) == 1


def test_the_file_of_fresh_tasks_is_what_the_generator_writes():
    assert read(HELD_OUT, Task).records == held_out.tasks()


def test_the_fresh_tasks_are_of_both_wordings_and_all_kinds():
    found = Counter((task.origin["frame"], task.family, task.origin["kind"]) for task in held_out.tasks())
    wanted = {"seen": 4, "rephrased": 2, "oblique": 1}
    assert found == {(sort, k.family, k.name): n for sort, n in wanted.items() for k in ALL_KINDS}
