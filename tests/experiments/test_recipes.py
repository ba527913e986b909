"""Recipes show the commands that they would run, and run with the model that ships."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPES = sorted(path.name for path in (ROOT / "recipes").glob("*.sh") if path.name != "common.sh")


def recipe(folder, name, *flags, code=0):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / "recipes" / name, "--out", folder, *flags],
        env=os.environ | {"PATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == code, done.stderr[-3000:]
    return done.stderr


@pytest.mark.parametrize("name", RECIPES)
def test_a_dry_run_shows_every_stage_and_makes_nothing(tmp_path, name):
    told = recipe(tmp_path, name, "--env", "retail", "--dry-run")
    stages = [line.split()[1] for line in told.splitlines()]
    assert stages[:3] == ["explore", "validate", "select"]
    assert stages[-4:] == ["train", "eval", "eval", "eval"]
    assert not list(tmp_path.iterdir())


def test_the_learner_writes_the_tasks_unless_another_is_named(tmp_path):
    own = recipe(tmp_path, "distill.sh", "--env", "retail", "--model", "small", "--dry-run")
    other = recipe(tmp_path, "distill.sh", "--env", "retail", "--challenger", "large", "--dry-run")
    assert [told.splitlines()[0].split("--model ")[1].split()[0] for told in (own, other)] == ["small", "large"]


def test_a_wrong_flag_is_named(tmp_path):
    assert "unknown flag --gpu" in recipe(tmp_path, "ppo.sh", "--env", "retail", "--gpu", "4", code=2)


def test_a_flag_of_another_recipe_is_told(tmp_path):
    told = recipe(tmp_path, "grpo.sh", "--env", "retail", "--attempts", "4", "--seed", "3", "--dry-run")
    assert told.splitlines()[0] == "grpo.sh: --attempts is another recipe's flag, and changes nothing here"
    assert "--seed is" not in told


def test_without_an_environment_it_says_so(tmp_path):
    assert "say which environment" in recipe(tmp_path, "ppo.sh", code=2)


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize("name", RECIPES)
def test_it_runs_from_end_to_end_with_the_model_that_ships(tmp_path, name):
    tiny, teacher = str(ROOT / "sca" / "models" / "tiny"), str(ROOT / "tiny_model" / "sibling")
    sizes = ["--episodes", "20", "--tasks", "6", "--attempts", "4", "--iterations", "1", "--gpus", "1"]
    models = ["--model", tiny, "--teacher", teacher, "--engine", "transformers"]
    recipe(tmp_path, name, "--env", "calculation", *models, *sizes)
    assert (tmp_path / "checkpoint" / "config.json").is_file()
    assert (tmp_path / "after.summary.json").is_file()
