"""What a challenger sampled can be trained on: its episode is an attempt at writing a valid task."""

import json

import pytest

from sca.errors import BadInput
from sca.records.episodes import trainable

ATTEMPT = {
    "id": "shop-1-a0", "task_id": "shop-1", "environment": "shop", "attempt": 0, "reward": 1, "outcome": "success",
    "messages": [{"role": "user", "content": "?"}],
}  # fmt: skip
SEGMENT = {"trained": [[1, 3]], "logprobs": [-0.5, -0.25], "ids": [5, 6, 7]}


def task(number, *, valid, **origin):
    messages = [{"role": "user", "content": "go"}, {"role": "assistant", "content": "ANSWER: … END ANSWER"}]
    verdict = {"valid": valid, "reason": None if valid else "no_task"}
    said = {"model": "m", "messages": messages, "tokens": [SEGMENT]} | origin
    return {"id": f"shop-{number}", "environment": "shop", "instruction": "Do.", "start": "a user",
            "verdict": verdict, "origin": said}  # fmt: skip


def read(tmp_path, *lines):
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return trainable(tmp_path / "t.jsonl").records


def test_the_verdict_is_the_reward(tmp_path):
    good, bad = read(tmp_path, task(1, valid=True), task(2, valid=False))
    assert [(one.reward, one.outcome, one.detail) for one in (good, bad)] == [
        (1, "success", None),
        (0, "failure", "no_task"),
    ]


def test_the_recorded_tokens_are_those_that_are_trained(tmp_path):
    (attempt,) = read(tmp_path, task(1, valid=True))
    assert [segment.model_dump(exclude_none=True) for segment in attempt.tokens] == [SEGMENT | {"trained": [(1, 3)]}]


def test_episodes_from_one_start_are_attempts_at_one_task_which_is_no_executors(tmp_path):
    first, second = read(tmp_path, task(1, valid=True), task(2, valid=False))
    assert first.task_id == second.task_id == "challenger:shop:a user"


def test_attempts_and_judged_tasks_may_stand_in_one_file(tmp_path):
    assert [one.id for one in read(tmp_path, ATTEMPT, task(1, valid=True))] == ["shop-1-a0", "shop-1"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({key: value for key, value in task(1, valid=True).items() if key != "verdict"}, "verdict: is missing"),
        (task(1, valid=True, messages=[{"role": "user"}]), "origin.messages.0.content: is missing"),
        (ATTEMPT | {"reward": 3}, "reward: "),
    ],
)
def test_a_line_that_does_not_fit_is_named_with_its_field(tmp_path, line, problem):
    with pytest.raises(BadInput) as caught:
        read(tmp_path, ATTEMPT, line | {"id": "x"})
    assert f"t.jsonl, line 2: {problem}" in str(caught.value)
