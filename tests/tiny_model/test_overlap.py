"""The corpus shares nothing with the tasks that the environment is measured on, nor with its examples."""

import re
from itertools import chain

import pytest

from sca.records.contract import Message, Task
from sca.records.reading import read
from tiny_model import corpus, held_out
from tiny_model.programs import setting
from tiny_model.settings import SCATTERED, SYSTEMATIC

DOCUMENTS = 2_000
MOST_ALIKE = 0.6
"""Share of the three-word sequences, values masked, that two instructions may have in common."""


def plain(text: str) -> str:
    """Lower case, words and values only."""
    return " ".join(re.findall(r"[a-z0-9.]*[a-z0-9]", text.lower()))


def masked(text: str) -> list[str]:
    """The words with a mark for each number, quotation, sequence, date and city."""
    text = re.sub(r"\"[^\"]*\"|'[^']*'|`[^`]*`|\b[ACGTU]{4,}\b|\b(?:[0-9a-f]{2}){4,}\b|\d[\d.,:/-]*", " # ", text)
    text = re.sub(r"\b(Athens|Dublin|Lisbon|Oslo|Prague|Rome|Vienna|Zurich)\b", " # ", text)
    return re.findall(r"[a-z]+|#", text.lower())


def instruction_of(messages: list[Message]) -> str:
    """What an executor is asked, or a challenger hands in."""
    tagged = re.search(r"<instruction>\n(.*)\n</instruction>", messages[-1].content)
    return tagged[1] if tagged else messages[1].content


def triples(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(words, words[1:], words[2:], strict=False))


@pytest.fixture(scope="module")
def written() -> list[str]:
    """Instructions of both roles in both phases, and the fresh tasks."""
    dialogues = chain.from_iterable(
        corpus.dialogues(phase, DOCUMENTS, without=()) for phase in (SCATTERED, SYSTEMATIC)
    )
    fresh = [task.instruction or "" for task in held_out.tasks()]
    return fresh + [instruction_of(messages) for messages in dialogues]


@pytest.fixture(scope="module")
def foreign() -> list[str]:
    """Instructions of the test tasks and of the examples."""
    tasks = [*read(setting().test_tasks, Task).records, *read(setting().folder / "examples.jsonl", Task).records]
    assert len(tasks) > 64
    return [task.instruction or "" for task in tasks]


def test_no_instruction_is_a_test_task(written, foreign):
    assert not {plain(text) for text in written} & {plain(text) for text in foreign}


def test_no_instruction_is_a_test_task_with_other_values(written, foreign):
    assert not {tuple(masked(text)) for text in written} & {tuple(masked(text)) for text in foreign}


def test_no_instruction_is_close_to_a_test_task(written, foreign):
    shapes = {tuple(masked(text)) for text in written}
    ours = [triples(list(shape)) for shape in shapes]
    for text in foreign:
        theirs = triples(masked(text))
        closest = max(len(theirs & mine) / max(1, len(theirs | mine)) for mine in ours)
        assert closest <= MOST_ALIKE, text


def test_no_document_has_the_instruction_of_a_fresh_task():
    fresh = {task.instruction for task in held_out.tasks()}
    kept = corpus.dialogues(SYSTEMATIC, DOCUMENTS, without=fresh)
    assert not fresh & {instruction_of(messages) for messages in kept}
