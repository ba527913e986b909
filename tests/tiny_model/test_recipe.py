"""The recipe from end to end, with a network and a corpus of almost nothing."""

import json
from dataclasses import replace

import pytest

from sca.engines.opening import model_settings, open_engine
from tiny_model import recipe
from tiny_model.settings import SHIPPED, SIBLING, TEMPLATE, Phase, Shape

SMALL = Shape(vocabulary=900, hidden=32, layers=1, heads=2, key_value_heads=1, intermediate=64)


def short(phase: Phase) -> Phase:
    return Phase(phase.name, phase.mistakes, 12, 3_072, phase.peak, 0, phase.decays, phase.seed)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def made(work):
    """The model and its sibling, in small."""
    models = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "TOKENIZER_DOCUMENTS", 60)
        for name, model in (("shipped", SHIPPED), ("sibling", SIBLING)):
            models[name] = replace(model, folder=work / name, phases=tuple(map(short, model.phases)))
            recipe.Recipe(work, SMALL).make(models[name])
    return models


def test_what_it_makes_is_a_model_folder(made):
    for model in made.values():
        has_card_and_settings(model)


@pytest.mark.parametrize("model", [SHIPPED, SIBLING], ids=["shipped", "sibling"])
def test_both_models_that_lie_here_have_the_recipes_card_and_settings(model):
    has_card_and_settings(model)


def has_card_and_settings(model):
    assert (model.folder / "README.md").read_text() == model.card.read_text()
    assert model_settings(str(model.folder)) == json.loads((TEMPLATE / "sca.json").read_text())


def test_teacher_and_learner_that_lie_here_speak_with_the_same_tokens():
    speak_the_same(SHIPPED, SIBLING)


async def test_what_it_makes_can_be_loaded(made):
    async with open_engine("transformers", str(made["shipped"].folder)) as engine:
        assert engine.context == SMALL.context


def test_the_sibling_speaks_with_the_same_tokens(made):
    speak_the_same(*made.values())


def speak_the_same(one, other):
    assert (one.folder / "tokenizer.json").read_bytes() == (other.folder / "tokenizer.json").read_bytes()


def test_the_sibling_begins_as_the_model_does_and_ends_with_what_is_right():
    assert [phase.mistakes for phase in SIBLING.phases] == ["scattered", "clean"]
    assert [phase.mistakes for phase in SHIPPED.phases] == ["scattered", "systematic"]
    assert SIBLING.phases[0] is SHIPPED.phases[0]
