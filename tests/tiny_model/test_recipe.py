"""The recipe from end to end, with a network and a corpus of almost nothing."""

import json

import pytest

from sca.engines.opening import model_settings, open_engine
from tiny_model import recipe
from tiny_model.settings import (
    CARD,
    MODEL,
    SHIPPED,
    SIBLING,
    SIBLING_CARD,
    SIBLING_MODEL,
    TEMPLATE,
    Phase,
    Shape,
)

SMALL = Shape(vocabulary=900, hidden=32, layers=1, heads=2, key_value_heads=1, intermediate=64)


def short(phase: Phase) -> Phase:
    return Phase(phase.name, phase.mistakes, 12, 3_072, phase.peak, 0, phase.decays, phase.seed)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def made(work):
    """A model of both phases, and its sibling."""
    folders = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "TOKENIZER_DOCUMENTS", 60)
        for name, phases, card in (("shipped", SHIPPED, CARD), ("sibling", SIBLING, SIBLING_CARD)):
            folders[name] = work / name
            recipe.Recipe(work, SMALL, [short(phase) for phase in phases]).run(folders[name], card)
    return folders


def test_what_it_makes_is_a_model_folder(made):
    for folder, card in zip(made.values(), (CARD, SIBLING_CARD), strict=True):
        said = json.loads((TEMPLATE / "sca.json").read_text())
        assert model_settings(str(folder)) == said
        assert (folder / "README.md").read_text() == card.read_text()


@pytest.mark.parametrize(("model", "card"), [(MODEL, CARD), (SIBLING_MODEL, SIBLING_CARD)])
def test_both_models_have_the_recipes_card_and_settings(model, card):
    assert (model / "README.md").read_text() == card.read_text()
    assert model_settings(str(model)) == json.loads((TEMPLATE / "sca.json").read_text())


def test_teacher_and_learner_that_lie_here_speak_with_the_same_tokens():
    assert (MODEL / "tokenizer.json").read_bytes() == (SIBLING_MODEL / "tokenizer.json").read_bytes()


async def test_what_it_makes_can_be_loaded(made):
    async with open_engine("transformers", str(made["shipped"])) as engine:
        assert engine.context == SMALL.context


def test_the_sibling_speaks_with_the_same_tokens(made):
    shipped, sibling = ((folder / "tokenizer.json").read_bytes() for folder in made.values())
    assert shipped == sibling


def test_the_sibling_begins_as_the_model_does_and_ends_with_what_is_right():
    assert [phase.mistakes for phase in SIBLING] == ["scattered", "clean"]
    assert [phase.mistakes for phase in SHIPPED] == ["scattered", "systematic"]
    assert SIBLING[0] is SHIPPED[0]
