"""The stages on the small shop with recorded replies: real containers, real files, the command line's own path."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from forked import lines, sca

from sca.dialogue import hand_in
from sca.dialogue.attempts import ModelAgent
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import Sampling
from sca.engines.replay import ReplayEngine
from sca.judging.reward import Judge
from sca.progress import Silence
from sca.records.contract import Task, Trajectory
from sca.records.output import Output
from sca.sandbox import Limits
from sca.sandbox.host import DockerSandbox
from sca.scaffold import FOLDER
from sca.stages.rollouts import run_rollouts

pytestmark = pytest.mark.docker

ODD = Path(__file__).parent.parent / "sandbox" / "odd"
LOOK = 'THOUGHT: what did she buy? END THOUGHT\nACTION:\norder = get_order("A1001")\norder["status"]\nEND ACTION'
SOLUTION = 'return_items("A1001", ["teapot-2"])'
FAILURES = ['return_items("A1001", ["cup-7"])', 'return_items("A1004", ["clock-5"])', 'cancel_order("A1004", "x")']


def handed_in(check):
    return f"ANSWER:\n{hand_in.render('Send the teapot back.', check, SOLUTION, FAILURES)}\nEND ANSWER"


LENIENT = handed_in("def evaluate():\n    return True")
SOUND = handed_in('def evaluate():\n    return get_order("A1001")["return_items"] == ["teapot-2"]')

REPLIES = [
    {"key": "shop-*-000000", "texts": [LOOK, LENIENT, "ACTION:\norder\nEND ACTION", SOUND]},
    {"key": "shop-*-000001", "texts": ["I cannot", "think of", "a task"]},
    {"key": "shop-*-000002", "texts": [LENIENT] * 10},
    {"key": "shop-*-a0", "texts": [f"ACTION:\n{SOLUTION}\nEND ACTION", "ANSWER: done END ANSWER"]},
    {"key": "shop-*-a1", "texts": ["ANSWER: done END ANSWER"]},
    {"key": "shop-*-a2", "texts": ["ACTION:\nprint('0123456789' * 50)\nEND ACTION", *[LOOK] * 14]},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Explore, validate and roll out once, for all tests of this file."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in REPLIES))
    replay = ("--engine", "replay", "--model", "replies.jsonl")
    sca(folder, "explore", "--env", str(FOLDER), "-n", "3", *replay)
    told = sca(folder, "validate", "tasks.jsonl", "--env", str(FOLDER))
    sca(
        folder,
        "rollout",
        "validated.jsonl",
        "--env",
        str(FOLDER),
        "--attempts",
        "3",
        "--observation-limit",
        "100",
        *replay,
    )
    return folder, told


def test_a_challenger_revises_after_feedback_and_its_last_hand_in_counts(run):
    task = lines(run[0] / "tasks.jsonl")[0]
    assert task["evaluation_function"].endswith('== ["teapot-2"]')
    (earlier,) = task["origin"]["earlier_hand_ins"]
    assert earlier["reason"] == "noop_passes"
    heard = [message["content"] for message in task["origin"]["messages"] if message["role"] == "tool"]
    assert heard[0] == "'delivered'"
    assert heard[1].startswith("The task was not accepted: noop_passes.")


def test_variables_are_gone_after_a_hand_in(run):
    task = lines(run[0] / "tasks.jsonl")[0]
    assert "NameError: name 'order' is not defined" in task["origin"]["messages"][-2]["content"]


def test_an_episode_without_a_hand_in_is_a_line_with_null_code(run):
    task = lines(run[0] / "tasks.jsonl")[1]
    assert task["origin"]["ending"] == "malformed"
    assert [task[f] for f in ("instruction", "evaluation_function", "solution", "failure_cases")] == [None] * 4


def test_a_challenger_has_ten_turns(run):
    task = lines(run[0] / "tasks.jsonl")[2]
    assert (task["origin"]["ending"], task["origin"]["turns"]) == ("out_of_turns", 10)


def test_validation_keeps_the_sound_task_and_says_why_not_of_the_others(run):
    folder, told = run
    assert [task["id"][-6:] for task in lines(folder / "validated.jsonl")] == ["000000"]
    reasons = {task["id"][-6:]: task["verdict"]["reason"] for task in lines(folder / "rejected.jsonl")}
    assert reasons == {"000001": "no_task", "000002": "noop_passes"}
    assert "1 of 3 tasks are in validated.jsonl" in told
    counts = json.loads((folder / "validated.jsonl.meta.json").read_text())["counts"]
    assert counts["survivors"]["handed_in"] == 2
    assert counts["survivors"]["stable"] == 1


def test_attempts_are_rewarded_by_what_they_did_to_the_state(run):
    attempts = lines(run[0] / "trajectories.jsonl")
    assert [(a["attempt"], a["reward"], a["outcome"]) for a in attempts] == [
        (0, 1, "success"),
        (1, 0, "failure"),
        (2, 0, "out_of_turns"),
    ]
    assert [call["name"] for call in attempts[0]["calls"]] == ["return_items"]
    assert attempts[0]["state_hash"] != attempts[1]["state_hash"] == attempts[2]["state_hash"]


def test_of_a_long_observation_head_and_tail_are_shown(run):
    attempt = lines(run[0] / "trajectories.jsonl")[2]
    heard = [message["content"] for message in attempt["messages"] if message["role"] == "tool"]
    assert heard[0] == "012345678901234567890123456789\n[… 460 characters left out …]\n0123456789"
    assert heard[1] == "'delivered'"
    assert (
        json.loads((run[0] / "trajectories.jsonl.meta.json").read_text())["settings"]["rules"]["observation_limit"]
        == 100
    )


def test_no_text_of_solution_or_check_reaches_the_executor(run):
    for attempt in lines(run[0] / "trajectories.jsonl"):
        prompt = [m["content"] for m in attempt["messages"] if m["role"] in ("system", "user")]
        assert not any("teapot-2" in text or "evaluate" in text for text in prompt)


def test_the_same_command_again_has_nothing_to_do(run):
    told = sca(run[0], "validate", "tasks.jsonl", "--env", str(FOLDER))
    assert "nothing to do" in told


def test_a_file_made_with_other_settings_is_refused(run):
    told = sca(run[0], "validate", "tasks.jsonl", "--env", str(FOLDER), "--filter", "none", code=2)
    assert 'filter: "full" there, "none" now' in told


def test_a_pipe_of_stages_leaves_data_alone_on_stdout(run):
    folder, _ = run
    command = f"cat tasks.jsonl | {sys.executable} -m sca validate - -o - --rejected r.jsonl --env {FOLDER}"
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=120)
    assert [json.loads(line)["verdict"]["valid"] for line in done.stdout.splitlines()] == [True]
    assert "1 of 3 tasks" in done.stderr


def test_bad_lines_stop_validation_before_any_container(tmp_path):
    (tmp_path / "bad.jsonl").write_text(
        '{"id": "a", "environment": "shop"}\n\n{"id": 3, "environment": "shop"}\n{"environment": "shop"}\n'
    )
    told = sca(tmp_path, "validate", "bad.jsonl", "--env", str(FOLDER), code=1)
    assert "bad.jsonl, line 3: id: must be text, not the number 3" in told
    assert "bad.jsonl, line 4: id: is missing" in told


def test_without_an_engine_nothing_runs_and_one_line_says_what_to_do(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SCA_DOCKER_HOST", "unix:///nonexistent/docker.sock")
    told = sca(
        run[0], "validate", "tasks.jsonl", "--env", str(FOLDER), "-o", "x.jsonl", "--rejected", "y.jsonl", code=1
    )
    (line,) = [line for line in told.splitlines() if line.startswith("error:")]
    assert "no Docker engine answers" in line
    assert not (run[0] / "x.jsonl").exists()


async def test_an_agent_that_makes_a_tool_hang_fails_and_is_not_done_again_and_again(tmp_path):
    task = Task(
        id="hang", environment="odd", family="failing", instruction="Wait.",
        evaluation_function="def evaluate():\n    return True", solution="pass", failure_cases=[],
    )  # fmt: skip
    texts = ["ACTION:\nasleep()\nEND ACTION", "ANSWER: done END ANSWER"]
    (tmp_path / "replies.jsonl").write_text(json.dumps({"key": "hang-*", "texts": texts}))
    asker = Asker(ReplayEngine(tmp_path / "replies.jsonl"), Sampling(), seed=0)
    agent = ModelAgent(Setting.open(str(ODD)), asker, ExecutorRules())
    async with DockerSandbox(ODD, limits=Limits(wall_seconds=1)) as sandbox:  # ten by default, and waited for often
        with Output.open(tmp_path / "trajectories.jsonl", Trajectory, {}) as out:
            (attempt,), losses = await run_rollouts(
                [task], 1, agent, Judge("check"), sandbox, out,
                run="000000", state_changes=False, concurrency=1, progress=Silence(),
            )  # fmt: skip
    assert (losses.retried, losses.lost) == (0, [])
    assert (attempt.reward, attempt.outcome, attempt.state_hash) == (0, "failure", None)
    assert "a tool hung" in attempt.detail


def test_attempts_at_a_task_that_has_changed_are_not_mixed(run):
    folder, _ = run
    task = json.loads((folder / "validated.jsonl").read_text())
    (folder / "changed.jsonl").write_text(json.dumps(task | {"instruction": "Send the cup back."}))
    told = sca(
        folder, "rollout", "changed.jsonl", "--env", str(FOLDER), "--attempts", "3",
        "--observation-limit", "100", "--engine", "replay", "--model", "replies.jsonl", code=2,
    )  # fmt: skip
    assert f"trajectories.jsonl: {task['id']} was attempted with another text" in told


def test_an_evaluation_that_lost_attempts_says_what_is_missing(run):
    folder, _ = run
    told = sca(
        folder, "eval", "--env", str(FOLDER), "--tasks", "validated.jsonl", "--trials", "4",
        "--engine", "replay", "--model", "replies.jsonl", code=1,
    )  # fmt: skip
    assert "pass@1   unknown: no task has all its trials" in told
    assert told.splitlines()[-1].startswith("error: 1 attempts are missing, the machinery failed them")
    assert json.loads((folder / "results.summary.json").read_text())["coverage"] == 0.75


def test_fewer_episodes_than_before_are_all_made(run):
    folder, _ = run
    replay = ("--env", str(FOLDER), "--engine", "replay", "--model", "replies.jsonl", "-o", "holes.jsonl")
    sca(folder, "explore", "-n", "3", *replay)
    whole = (folder / "holes.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "holes.jsonl").write_text(whole[1] + whole[2], "utf-8")  # as a killed run may leave them
    told = sca(folder, "explore", "-n", "2", *replay)
    assert "explore  3/3 done" in told
    assert (folder / "holes.jsonl").read_text("utf-8") == "".join(whole)


def test_stored_attempts_are_judged_again_by_another_check(run):
    folder, _ = run
    task = json.loads((folder / "validated.jsonl").read_text())
    harsh = task | {"evaluation_function": "def evaluate():\n    return False"}
    (folder / "harsh.jsonl").write_text(json.dumps(harsh))
    told = sca(folder, "eval", "--rescore", "trajectories.jsonl", "--tasks", "harsh.jsonl", "--env", str(FOLDER))
    assert f"{task['id']}-a0: reward 1 → 0" in told
    assert "1 of 3 attempts changed: 0 from 0 to 1, 1 from 1 to 0" in told
    assert [attempt["reward"] for attempt in lines(folder / "rescored.jsonl")] == [0, 0, 0]
