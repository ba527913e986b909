"""The oracle reads back what was said, and runs nothing that a model wrote."""

import ast
import random

import pytest

from experiments.oracle import read
from tiny_model import held_out
from tiny_model.catalog import kinds
from tiny_model.draws import draw
from tiny_model.wordings import frames_of


def test_it_knows_the_answer_of_every_fresh_draw():
    wrong = []
    for task in held_out.tasks():
        expected = ast.literal_eval(task.evaluation_function.partition("answer, ")[2].removesuffix(")"))
        reading = read(task.instruction, task.family)
        if reading is None or reading.result != expected:
            wrong.append(task.instruction)
    assert wrong == []


def test_it_reads_every_frame_of_the_corpus_back():
    rng = random.Random(5)
    for family in kinds().values():
        for kind in family:
            for frame in frames_of(kind.family, kind.name).seen:
                of = draw(kind, rng)
                said = of.said(frame, rng)
                reading = read(said, kind.family)
                assert getattr(reading, "result", None) == of.result, said


@pytest.mark.parametrize(
    "instruction",
    [
        "",
        "Convert 920 at 2.25 and return same(920 at 2.25 and give the lower cost.",
        "What is the price?",
        'Decode "\\" + __import__("os").system("false") + "\\" from hex.',
        'Reverse "a\\".',
        "Convert " + "9" * 5_000 + " at 2.",
    ],
)
def test_what_no_frame_fits_is_not_guessed_at(instruction):
    assert all(read(instruction, family) is None for family in kinds())


def test_an_answer_is_right_by_the_type_of_the_result():
    reading = read("With a rate of 2.5, what does 100 become?", "trade_calculator")
    assert [reading.right(text) for text in ("250", "250.0", "25", "", None)] == [True, True, False, False, False]
