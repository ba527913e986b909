"""Retail with a user, by the command line and in real containers."""

import json

import pytest
from forked import lines, sca
from retail.shop import write
from transformers import AutoTokenizer

from sca.engines.opening import SHIPPED

pytestmark = pytest.mark.docker

TASK = {
    "id": "retail-000000-000001",
    "environment": "retail",
    "instruction": "You are Mona Quist (mona.quist1@example.com). You no longer need the single mug.",
    "evaluation_function": 'def evaluate(answer):\n    return get_order_details("#W2")["status"] == "cancelled"',
    "solution": 'cancel_pending_order("#W2", "no longer needed")',
    "failure_cases": [],
}
CANCEL = 'ACTION:\ncancel_pending_order("#W2", "no longer needed")\nEND ACTION'
AGENT = ["RESPONSE: Shall I cancel order #W2? END RESPONSE", CANCEL, "RESPONSE: It is cancelled. END RESPONSE"]
USER = [
    "THOUGHT: say what I want END THOUGHT RESPONSE: Please cancel the mug. END RESPONSE",
    "THOUGHT: that is right END THOUGHT RESPONSE: Yes. END RESPONSE",
    "RESPONSE: ###STOP### END RESPONSE",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small shop, a task, and what agent and user say."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "data").mkdir()
    write(folder / "data")
    (folder / "tasks.jsonl").write_text(json.dumps(TASK) + "\n")
    (folder / "agent.jsonl").write_text(json.dumps({"key": "retail-*-a?", "texts": AGENT}) + "\n")
    (folder / "user.jsonl").write_text(json.dumps({"key": "retail-*-a?:user", "texts": USER}) + "\n")
    return folder


RECORDED = ("--data", "data", "--engine", "replay", "--model", "agent.jsonl")


def test_an_agent_serves_a_simulated_user(folder):
    sca(folder, "rollout", "tasks.jsonl", "--attempts", "2", *RECORDED, "--user-model", "user.jsonl", "-o", "u.jsonl")
    attempts = lines(folder / "u.jsonl")
    assert [attempt["outcome"] for attempt in attempts] == ["success", "success"]
    assert attempts[0]["user_thoughts"] == ["say what I want", "that is right", None]
    assert [m["content"] for m in attempts[0]["messages"] if m["role"] == "user"] == [
        "Please cancel the mug.", "Yes.", "###STOP###",
    ]  # fmt: skip


def test_the_sidecar_says_who_played_the_user(folder):
    sca(folder, "rollout", "tasks.jsonl", "--attempts", "1", *RECORDED, "--user", "scripted", "-o", "s.jsonl")
    assert json.loads((folder / "s.jsonl.meta.json").read_text())["settings"]["user"] == {"kind": "scripted"}
    told = sca(
        folder, "rollout", "tasks.jsonl", "--attempts", "1", *RECORDED, "--user-model", "user.jsonl", "-o", "s.jsonl",
        code=2,
    )  # fmt: skip
    assert 'user.kind: "scripted" there, "model" now' in told


def test_an_evaluation_has_a_user_too(folder):
    sca(
        folder, "eval", "--env", "retail", "--tasks", "tasks.jsonl", "--trials", "1", *RECORDED,
        "--user-model", "user.jsonl",
    )  # fmt: skip
    assert json.loads((folder / "results.summary.json").read_text())["pass@1"]["value"] == 1.0


def test_a_user_who_does_not_answer_is_a_fault_of_the_machinery(folder):
    (folder / "silent.jsonl").write_text(json.dumps({"key": "nobody", "texts": []}) + "\n")
    told = sca(
        folder, "rollout", "tasks.jsonl", "--attempts", "1", *RECORDED, "--user-model", "silent.jsonl",
        "-o", "n.jsonl", code=1,
    )  # fmt: skip
    assert "no reply is recorded for retail-000000-000001-a0:user:0" in told
    assert not (folder / "n.jsonl").exists() or not lines(folder / "n.jsonl")


def test_the_model_that_ships_serves_a_scripted_user_and_only_its_own_tokens_are_trained(folder):
    sca(
        folder, "rollout", "tasks.jsonl", "--data", "data", "--attempts", "1", "--user", "scripted",
        "--max-turns", "2", "--max-tokens", "30", "-o", "t.jsonl",
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED)
    for attempt in lines(folder / "t.jsonl"):
        spans = [s["ids"][start:end] for s in attempt["tokens"] for start, end in s["trained"]]
        said = [m["content"] for m in attempt["messages"] if m["role"] == "assistant"]
        assert [tokenizer.decode(ids, skip_special_tokens=True) for ids in spans] == said
        assert attempt["messages"][1]["content"] == TASK["instruction"]


def test_a_model_judges_attempts_at_tasks_without_a_check(folder):
    proposed = {name: TASK[name] for name in ("id", "environment", "instruction")}
    (folder / "proposed.jsonl").write_text(json.dumps(proposed) + "\n")
    opinions = {"key": "retail-*-a?:judge", "texts": ["Done as asked.\nStatus: SUCCESS"]}
    (folder / "judge.jsonl").write_text(json.dumps(opinions) + "\n")
    asked = ("rollout", "proposed.jsonl", "--attempts", "1", *RECORDED, "--user", "scripted", "-o", "j.jsonl")
    told = sca(folder, *asked, code=1)
    assert "retail-000000-000001: evaluation_function: is null" in told
    sca(folder, *asked, "--reward", "judge", "--judge", "strict", "--judge-model", "judge.jsonl")
    (attempt,) = lines(folder / "j.jsonl")
    assert (attempt["reward"], attempt["detail"]) == (1, "judge: Done as asked.\nStatus: SUCCESS")
    settings = json.loads((folder / "j.jsonl.meta.json").read_text())["settings"]
    assert (settings["reward"], settings["judge"]["manner"]) == ("judge", "strict")


def test_flags_of_a_judge_are_refused_where_a_check_decides(folder):
    told = sca(folder, "rollout", "tasks.jsonl", *RECORDED, "--judge", "strict", "-o", "x.jsonl", code=2)
    assert "--judge: mean nothing to --reward check" in told


def test_flags_of_a_user_are_refused_where_none_takes_part(folder, tmp_path):
    (tmp_path / "c.jsonl").write_text(
        json.dumps(TASK | {"id": "c", "environment": "calculation", "family": "dna_sequencer"}) + "\n"
    )
    told = sca(tmp_path, "rollout", "c.jsonl", "--user", "scripted", code=2)
    assert "--user: no user takes part in calculation" in told
