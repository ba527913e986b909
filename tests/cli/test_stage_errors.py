"""What a stage says of files and flags that do not fit, before any container starts."""

import json
from pathlib import Path

import pytest

from sca.scaffold import FOLDER

TASK = {
    "id": "shop-000000-000001",
    "environment": "shop",
    "instruction": "Send the teapot back.",
    "evaluation_function": "def evaluate():\n    return True",
    "solution": "pass",
    "failure_cases": ["1", "2", "3"],
}
SHOP = ("--env", str(FOLDER))
REPO = str(Path(__file__).resolve().parents[2])


@pytest.fixture
def sca(tmp_path, monkeypatch, sca_here):
    """Calls `sca` beside a file `t.jsonl` of such tasks; its exit code and what it said."""

    monkeypatch.setenv("SCA_DOCKER_HOST", "unix:///nonexistent/docker.sock")

    def sca(tasks, *arguments):
        (tmp_path / "t.jsonl").write_text("".join(json.dumps(TASK | task) + "\n" for task in tasks))
        done = sca_here(*arguments, code=None)
        return done.returncode, done.stdout + done.stderr

    return sca


def test_an_environment_that_is_not_found_is_told_with_file_and_task(sca):
    code, told = sca([{"environment": "ghost"}], "validate", "t.jsonl")
    assert code == 2
    assert "t.jsonl: shop-000000-000001: environment: no environment called ghost" in told
    assert "--env" in told


@pytest.mark.parametrize("place", ["..", "../shop", "/tmp/shop", "~/shop", "./shop"])
def test_a_task_cannot_have_the_python_of_any_folder_imported(sca, tmp_path, place):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "environment.py").write_text("raise SystemExit('imported')")
    code, told = sca([{"environment": place}], "validate", "t.jsonl")
    assert code == 1
    assert f"t.jsonl: shop-000000-000001: environment: must be a name, not the path {place}" in told


def test_a_family_that_is_not_there_is_told_with_file_and_task(sca):
    code, told = sca([{"family": "tea"}], "validate", "t.jsonl", *SHOP)
    assert code == 1
    assert "t.jsonl: shop-000000-000001: family: environment shop has no family 'tea'" in told


def test_an_evaluation_without_tasks_is_an_error(sca):
    code, told = sca([], "eval", *SHOP, "--tasks", "t.jsonl", "--agent", "nop")
    assert (code, "t.jsonl: holds no tasks" in told) == (1, True)


def test_an_evaluation_is_of_one_environment(sca):
    code, told = sca([{}, {"id": "b", "environment": "calculation"}], "eval", *SHOP, "--tasks", "t.jsonl")
    assert (code, "t.jsonl: b: environment: is calculation, not shop" in told) == (1, True)


@pytest.mark.parametrize("flags", [("--model", "x"), ("--temperature", "0"), ("--max-turns", "3")])
def test_flags_of_a_model_are_refused_where_no_model_acts(sca, flags):
    code, told = sca([{}], "rollout", "t.jsonl", *SHOP, "--agent", "oracle", *flags)
    assert (code, f"{flags[0]}: mean nothing to --agent oracle" in told) == (2, True)


def test_an_oracle_needs_solutions(sca):
    code, told = sca([{"solution": None}], "rollout", "t.jsonl", *SHOP, "--agent", "oracle")
    assert (code, "t.jsonl: shop-000000-000001: solution: is null" in told) == (1, True)


def test_a_proposal_without_an_instruction_is_named_and_what_leaves_it_out_does(sca):
    tasks = [{}, {"id": "b", "instruction": None}]
    code, told = sca(tasks, "rollout", "t.jsonl", *SHOP, "--reward", "judge", "--model", f"{REPO}/sca/models/tiny")
    problem = "t.jsonl: b: instruction: is null; leave such tasks out with sca select --filter 'instruction != None'"
    assert (code, problem in " ".join(told.split())) == (1, True)
    code, told = sca(tasks, "select", "t.jsonl", "--filter", "instruction != None")
    assert (code, "1 of 2 lines" in told) == (0, True)


def test_without_tasks_there_is_nothing_to_do(sca):
    code, told = sca([], "rollout", "t.jsonl", *SHOP, "--agent", "nop")
    assert (code, "nothing to do: there are no tasks" in told) == (0, True)


def test_a_task_without_what_its_reward_needs_is_named(sca):
    nop = ("rollout", "t.jsonl", *SHOP, "--agent", "nop")
    code, told = sca([{}, {"id": "b", "evaluation_function": None}], *nop)
    assert (code, "t.jsonl: b: evaluation_function: is null; the reward `check` needs one" in told) == (1, True)


def test_a_file_whose_tasks_all_lack_it_is_wrong_usage(sca):
    bare = {"evaluation_function": None, "actions": []}
    code, told = sca([bare, {"id": "b"} | bare], "rollout", "t.jsonl", *SHOP, "--agent", "nop")
    assert (code, "all 2 tasks: evaluation_function: is null" in told, "--reward official" in told) == (2, True, True)
    code, told = sca([{}, {"id": "b"}], "rollout", "t.jsonl", *SHOP, "--agent", "nop", "--reward", "official")
    assert (code, "all 2 tasks: actions: is null" in told) == (2, True)


def test_lines_that_are_left_out_are_named(sca):
    code, told = sca([{}, {"id": 3}], "validate", "t.jsonl", *SHOP, "--skip-bad-lines", "--dry-run")
    assert code == 0
    assert "left out: t.jsonl, line 2: id: must be text, not the number 3" in told
    assert "would judge 1 of 1 tasks" in told


def test_replies_that_are_not_there_are_told_as_a_file(sca):
    code, told = sca([], "explore", *SHOP, "--engine", "replay", "--model", "replies.jsonl")
    assert (code, told) == (1, "error: replies.jsonl: cannot be read: No such file or directory\n")


def test_a_top_p_that_leaves_nothing_is_refused(sca, tmp_path):
    (tmp_path / "r.jsonl").write_text('{"key": "a-a0:0", "text": "x"}')
    code, told = sca([{}], "rollout", "t.jsonl", *SHOP, "--engine", "replay", "--model", "r.jsonl", "--top-p", "0")
    assert (code, "--top-p 0 leaves no token" in told) == (2, True)
