"""From names to engines, and what a model's own settings may say."""

import json
import re
import subprocess
import sys

import pytest
import small_models
import torch
import transformers

from sca.engines.opening import SHIPPED, model_folder, model_settings, open_engine
from sca.engines.options import parsed
from sca.engines.replay import ReplayEngine
from sca.engines.transformers_engine import TransformersEngine
from sca.errors import BadInput, ScaError, UsageError


def test_a_folder_is_run_by_transformers(tmp_path):
    engine = open_engine(None, str(small_models.llama(tmp_path)), device="cpu")
    assert isinstance(engine, TransformersEngine)
    assert engine.model == str(tmp_path)


@pytest.mark.parametrize("name", [None, "tiny"])
def test_without_a_name_it_is_the_model_that_ships(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert model_folder(name) == SHIPPED
    assert open_engine(None, name).model == "tiny"


def test_a_model_is_the_same_however_its_folder_is_named(tmp_path, monkeypatch):
    small_models.llama(tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    said = [open_engine(None, name, device="cpu").describe() for name in ("m", "./m", str(tmp_path / "m"))]
    assert said[0] == said[1] == said[2]


def test_an_upgrade_of_a_library_changes_no_settings(tmp_path):
    said = json.dumps(open_engine(None, str(small_models.llama(tmp_path)), device="cpu").describe())
    assert torch.__version__ not in said
    assert transformers.__version__ not in said


def test_another_chat_template_is_another_model(tmp_path):
    folder = small_models.llama(tmp_path)
    before = open_engine(None, str(folder), device="cpu").describe()
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert open_engine(None, str(folder), device="cpu").describe() != before


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("max_batch", "--engine-option max_batch: write it as NAME=VALUE"),
        ("model=x", "--engine-option model=x: say --model"),
        ("colour=red", "engine transformers has no such option; it knows context, device, dtype, max_batch, threads"),
        ("max_batch=many", "--engine-option max_batch=many: Input should be a valid integer"),
    ],
)
def test_an_option_that_does_not_fit_is_wrong_usage(option, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        open_engine(None, None, **parsed([option]))


def test_options_are_read_as_the_engine_wants_them():
    engine = open_engine(None, None, **parsed(["dtype=bfloat16", "device=cpu", "context=99"]))
    assert (engine.describe()["dtype"], engine.context) == ("bfloat16", 99)


def test_vllm_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=re.escape("pip install 'sca[vllm]' on a machine with a GPU")):
        open_engine("vllm", None)


def test_replay_takes_a_file(tmp_path):
    file = tmp_path / "replies.jsonl"
    file.write_text("")
    assert isinstance(open_engine("replay", str(file)), ReplayEngine)
    assert model_settings(str(file)) == {}


def test_replay_without_a_file_is_wrong_usage():
    with pytest.raises(UsageError, match="replay needs --model FILE"):
        open_engine("replay", None)


def test_an_unknown_engine_is_wrong_usage():
    with pytest.raises(UsageError, match="--engine steam: say transformers, vllm, openai or replay"):
        open_engine("steam", None)


@pytest.fixture
def settings(tmp_path):
    """What comes of a model folder with this `sca.json`."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")

    def settings(text):
        (tmp_path / "sca.json").write_text(text)
        return model_settings(str(tmp_path))

    return settings


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"prompt_style": "short"}, "prompt_style: Input should be 'full' or 'brief'"),
        ({"sampling": {"executor": {"temperature": -1}}}, "sampling.executor.temperature: Input should be greater"),
        ({"sampling": {"judge": {}}}, "sampling.judge"),
        ({"observations": "short"}, "observations: Input should be 'plain' or 'compact'"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_wrong_settings_are_named_by_file_and_field(settings, tmp_path, said, problem):
    with pytest.raises(BadInput, match=re.escape(problem)) as error:
        settings(json.dumps(said))
    assert str(tmp_path / "sca.json") in str(error.value)


def test_settings_that_are_no_json_are_named(settings):
    with pytest.raises(BadInput, match=re.escape("sca.json: is not JSON")):
        settings("{")


def test_settings_come_as_they_were_written(settings):
    said = {"prompt_style": "brief", "sampling": {"executor": {"max_tokens": 9}}, "training": {"rft": {"lr": 0.1}}}
    assert settings(json.dumps(said)) == {"max_turns": {}, **said}


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("./none", "no such model folder; give a folder with a config.json, or a Hugging Face name"),
        ("/tmp", "has no config.json, so it is not a model folder"),
        ("no one/at all", "neither a folder here nor a Hugging Face name"),
    ],
)
def test_a_missing_model_is_one_line(model, says):
    with pytest.raises(ScaError, match=re.escape(says)):
        model_folder(model)


def test_offline_a_name_that_is_not_in_the_cache_says_what_to_do(tmp_path):
    code = "from sca.engines.opening import model_folder; model_folder('someone/something')"
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": "/usr/bin"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.stderr.splitlines()[-1] == (
        "sca.errors.ScaError: someone/something: not in the local cache, and the Hugging Face hub does not answer; "
        "download it on a machine with network and give its folder with --model"
    )


def test_loading_says_nothing(tmp_path):
    code = f"""
import asyncio
from sca.engines.opening import open_engine
async def main():
    async with open_engine(None, {str(small_models.llama(tmp_path))!r}):
        pass
asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
