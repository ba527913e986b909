import pytest

from sca.errors import ScaError
from sca.records.contract import Message, Segment, Trajectory
from sca.training.data import rejection_sampled


def attempt(number, *, task="t1", reward=1, spans=((2, 4),), length=6, tokens=True):
    segment = Segment(trained=list(spans), logprobs=[-1.0] * sum(b - a for a, b in spans), ids=list(range(length)))
    return Trajectory(
        id=f"{task}-a{number}",
        task_id=task,
        environment="e",
        attempt=number,
        reward=reward,
        outcome="success" if reward else "failure",
        messages=[Message(role="user", content="do")],
        tokens=[segment] if tokens else None,
    )


def test_only_successes_are_trained_on_and_the_rest_is_counted():
    found = rejection_sampled([attempt(0), attempt(1, reward=0), attempt(2, tokens=False)], max_length=100)
    assert [example.id for example in found.examples] == ["t1-a0"]
    assert found.dropped == {
        "without reward": 1,
        "without recorded tokens (--retokenize makes them from the text)": 1,
    }


def test_the_number_of_successes_a_task_is_capped_whatever_their_order():
    attempts = [attempt(i, task=task) for task in ("t1", "t2") for i in range(6)]
    found = rejection_sampled(attempts, max_length=100, max_per_task=2, seed=3)
    again = rejection_sampled(attempts[::-1], max_length=100, max_per_task=2, seed=3)
    assert [e.id for e in found.examples] == [e.id for e in again.examples]
    assert sorted(e.id[:2] for e in found.examples) == ["t1", "t1", "t2", "t2"]
    assert found.dropped == {"more than 2 successes of a task": 8}


def test_long_attempts_are_left_out_and_counted():
    found = rejection_sampled([attempt(0), attempt(1, length=50)], max_length=10)
    assert [example.id for example in found.examples] == ["t1-a0"]
    assert found.dropped == {"longer than 10 tokens": 1}


def test_nothing_to_train_on_is_an_error_that_says_why():
    with pytest.raises(ScaError, match="nothing to train on in 2 attempts: 2 without reward"):
        rejection_sampled([attempt(0, reward=0), attempt(1, reward=0)], max_length=10)


@pytest.mark.parametrize("spans", [((4, 4),), ((2, 9),), ((3, 5), (4, 6))])
def test_a_mask_that_does_not_fit_is_never_trained_on(spans):
    with pytest.raises(ScaError, match="t1-a0: tokens: the span"):
        rejection_sampled([attempt(0, spans=spans)], max_length=10)


def test_each_segment_of_a_split_attempt_is_an_example():
    split = attempt(0).model_copy(update={"tokens": [*attempt(0).tokens, *attempt(0, spans=((1, 3),)).tokens]})
    found = rejection_sampled([split], max_length=10)
    assert [(e.id, e.trained) for e in found.examples] == [("t1-a0.0", ((2, 4),)), ("t1-a0.1", ((1, 3),))]
    assert found.attempts == 1


def test_attempts_that_nobody_was_prompted_to_make_have_no_tokens_to_be_made():
    oracle = attempt(0).model_copy(update={"messages": [Message(role="assistant", content="ACTION: f() END ACTION")]})
    silent = attempt(1).model_copy(update={"messages": []})
    kept = attempt(2)
    found = rejection_sampled([oracle, silent, kept], max_length=9, retokenize=lambda one: one.tokens or [])
    assert [example.id for example in found.examples] == ["t1-a2"]
    assert found.dropped == {"without a prompt, as an oracle's": 2}
