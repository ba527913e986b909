"""No test task is told to a model: not in a prompt, an example, a recorded reply, nor in what a model is trained on.

An instruction has leaked where a passage of its length shares four fifths of its words with it, in order: so it is
also found with a tenth of the words changed. What each environment asks of the shipped model's corpus, values masked,
is in `tests/tiny_model/test_overlap.py`.
"""

import re
from collections import defaultdict
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path

import pytest
from held_out.worlds import ALL

from tiny_model import corpus, held_out
from tiny_model.settings import SCATTERED, SYSTEMATIC

ROOT = Path(__file__).parents[2]
ALIKE = 0.8
DOCUMENTS = 150
"""Dialogues of each phase of the corpus."""


def words(text):
    return re.findall(r"[^\W_]+", text.lower())


class Instructions:
    """Of all test tasks, by their runs of three words."""

    def __init__(self, texts):
        self.texts = {name: words(text) for name, text in texts.items()}
        self.places = defaultdict(list)
        for name, said in self.texts.items():
            for place, run in enumerate(zip(said, said[1:], said[2:], strict=False)):
                self.places[run].append((name, place))

    def leaked(self, text):
        """The tasks that a text tells, nearly or wholly."""
        told = words(text)
        begins = {
            (name, max(0, here - place))
            for here, run in enumerate(zip(told, told[1:], told[2:], strict=False))
            for name, place in self.places.get(run, ())
        }
        return sorted({name for name, begin in begins if self._alike(self.texts[name], told, begin)})

    @staticmethod
    def _alike(said, told, begin):
        passage = told[begin : begin + len(said)]
        common = sum(word in passage for word in said)  # quickly, and never too few
        return common >= ALIKE * len(said) and SequenceMatcher(None, said, passage, False).ratio() >= ALIKE


@pytest.fixture(scope="module")
def instructions():
    return Instructions({task.id: task.instruction for world in ALL for task in world.tasks})


def files():
    """What ships with words in it that could reach a model, but for the tasks themselves."""
    parts = (
        "environments",
        "sca/dialogue",
        "sca/scaffold",
        "tiny_model",
        "tests/airline",
        "tests/retail",
        "tests/web_browsing",
    )
    for path in chain.from_iterable((ROOT / part).rglob("*") for part in parts):
        if path.suffix in {".py", ".md", ".txt", ".jinja", ".jsonl"} and path.parent.name != "tasks":
            yield path


def test_no_file_that_a_model_could_be_told_holds_a_test_task(instructions):
    found = {str(path.relative_to(ROOT)): instructions.leaked(path.read_text("utf-8")) for path in files()}
    assert len(found) > 100
    assert {path: tasks for path, tasks in found.items() if tasks} == {}


@pytest.mark.parametrize("style", ["full", "brief"])
@pytest.mark.parametrize("world", ALL, ids=str)
def test_no_prompt_holds_a_test_task(world, style, instructions):
    told = world.prompts(style)
    assert sum(map(len, told)) > 500
    assert {task for text in told for task in instructions.leaked(text)} == set()


def test_the_shipped_models_corpus_holds_no_test_task(instructions):
    texts = {task.instruction for task in held_out.tasks()}
    for phase in (SCATTERED, SYSTEMATIC):
        texts |= {m.content for dialogue in corpus.dialogues(phase, DOCUMENTS, ()) for m in dialogue}
    assert len(texts) > 2 * DOCUMENTS
    assert {task for text in texts for task in instructions.leaked(text)} == set()


@pytest.mark.parametrize("changed", [0, 0.1])
def test_a_planted_instruction_is_found_though_words_of_it_were_changed(instructions, changed):
    for name, said in instructions.texts.items():
        planted = list(said)
        for place in range(int(changed * len(said))):
            planted[(place * 7 + 3) % len(said)] = "otherwise"
        assert name in instructions.leaked(" ".join(["before", "it", *planted, "after", "it"]))


def test_another_task_on_the_same_subject_is_not_taken_for_a_leak(instructions):
    examples = [example.instruction for world in ALL for example in world.examples]
    assert [instructions.leaked(text) for text in examples] == [[]] * len(examples)
