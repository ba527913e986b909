"""Which model plays the user or judges, and flags of the user that mean nothing."""

import json

import pytest

from sca.cli import judges, users
from sca.cli.company import Company, base_of
from sca.cli.engines import EngineFlags
from sca.dialogue.user import ScriptedUsers
from sca.engines.opening import open_engine
from sca.errors import UsageError


def checkpoint(folder, base, trained_from="gone"):
    folder.mkdir()
    about = {"base": {"name": str(base)}, "trained_from": {"name": str(trained_from)}}
    (folder / "training.json").write_text(json.dumps(about))
    return str(folder)


@pytest.fixture
def tiny():
    return open_engine(None, None)


def test_the_base_of_a_checkpoint_is_what_its_first_round_started_from(tmp_path):
    assert base_of(checkpoint(tmp_path / "checkpoint", "org/model")) == "org/model"
    assert base_of(checkpoint(tmp_path / "second", "tiny", tmp_path / "first")) is None  # the model that ships


@pytest.mark.parametrize("model", [None, "org/model"])
def test_a_model_that_was_not_trained_here_is_its_own_base(model):
    assert base_of(model) == model


def test_a_folder_that_says_nothing_of_training_is_its_own_base(tmp_path):
    assert base_of(str(tmp_path)) == str(tmp_path)
    (tmp_path / "training.json").write_text("[]")
    assert base_of(str(tmp_path)) == str(tmp_path)


def test_a_checkpoint_is_served_to_its_base_and_the_record_says_so(tmp_path, tiny):
    folder = checkpoint(tmp_path / "checkpoint", "tiny")
    served = users.settle(users.Flags(), Company(EngineFlags(folder), tiny), 0)
    assert served.describe()["base_of"] == folder
    assert served.engine is not tiny
    assert served.engine.model == "tiny"


def test_a_model_plays_its_own_user_on_the_same_engine(tiny):
    served = users.settle(users.Flags(temperature=0.0), Company(EngineFlags(), tiny), 0)
    assert served.engine is tiny
    told = served.describe()
    assert (told["sampling"]["temperature"], told["sampling"]["max_tokens"], "base_of" in told) == (0.0, 512, False)


def test_the_user_may_be_another_model_on_another_engine(tmp_path, tiny):
    (tmp_path / "replies.jsonl").write_text("")
    flags = users.Flags(model=str(tmp_path / "replies.jsonl"), engine="replay")
    assert users.settle(flags, Company(EngineFlags(), tiny), 0).engine.name == "replay"


def test_a_base_that_is_gone_is_named_with_what_to_do(tmp_path, tiny):
    folder = checkpoint(tmp_path / "checkpoint", tmp_path / "gone")
    with pytest.raises(UsageError, match=r"gone: no such model folder.*; name another with --user-model"):
        users.settle(users.Flags(), Company(EngineFlags(folder), tiny), 0)


def test_a_scripted_user_asks_no_model(tiny):
    assert isinstance(users.settle(users.Flags("scripted"), Company(EngineFlags(), tiny), 0), ScriptedUsers)
    with pytest.raises(UsageError, match="--user-model, --user-temperature: mean nothing to --user scripted"):
        users.settle(users.Flags("scripted", model="m", temperature=1.0), Company(EngineFlags(), tiny), 0)


def test_user_and_judge_of_a_checkpoint_are_one_model_opened_once(tmp_path, tiny):
    company = Company(EngineFlags(checkpoint(tmp_path / "checkpoint", "tiny")), tiny)
    judge = judges.settle(judges.Flags(), company, 0)
    assert judge.engine is users.settle(users.Flags(), company, 0).engine
    assert judge.engine is not tiny
    assert (judge.describe()["manner"], judge.describe()["base_of"]) == ("generous", str(tmp_path / "checkpoint"))
