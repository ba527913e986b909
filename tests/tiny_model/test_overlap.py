"""The corpus shares nothing with the tasks that the environments are measured on, nor with their examples."""

from itertools import chain

import pytest

from experiments.leaks import Text, find, instructions
from sca.records.contract import Task
from sca.records.reading import read
from tiny_model import corpus, held_out
from tiny_model.programs import setting
from tiny_model.retail import held_out as retail_held_out
from tiny_model.retail import shops
from tiny_model.settings import SCATTERED, SYSTEMATIC

DOCUMENTS = 1_500


def texts(said):
    return [Text(str(number), text) for number, text in enumerate(said)]


def instruction_of(messages):
    return next(instructions({"messages": [message.model_dump() for message in messages]}))


@pytest.fixture(scope="module")
def fresh() -> list[Task]:
    return [*held_out.tasks(), *retail_held_out.tasks()]


@pytest.fixture(scope="module")
def written() -> list[str]:
    """Instructions of both roles in both phases."""
    phases = (SCATTERED, SYSTEMATIC)
    dialogues = chain.from_iterable(corpus.dialogues(phase, DOCUMENTS) for phase in phases)
    return [instruction_of(messages) for messages in dialogues]


def test_no_instruction_is_or_is_close_to_a_test_task_or_an_example(written, fresh):
    places = (setting(), shops.setting())
    files = [path for place in places for path in (place.test_tasks, place.folder / "examples.jsonl")]
    foreign = [task.instruction or "" for path in files for task in read(path, Task).records]
    assert len(foreign) > 200
    ours = written + [task.instruction or "" for task in fresh]
    assert not list(map(str, find(texts(ours), texts(foreign))))


def test_no_document_has_the_task_of_a_fresh_one(fresh):
    kept = corpus.dialogues(SYSTEMATIC, DOCUMENTS, without=fresh)
    ours = texts(map(instruction_of, kept))
    assert not list(map(str, find(ours, texts(task.instruction for task in fresh), same=True)))
