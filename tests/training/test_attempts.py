import pytest
from small_training import chosen, record

from sca.errors import ScaError
from sca.records.contract import Message
from sca.training.settings import DpoSettings, GrpoSettings, PpoSettings, ReinforceSettings, RftSettings, SftSettings


def rft(attempts, **settings):
    return chosen(RftSettings(**settings), attempts)[1]


def ids(selection):
    return [attempt.id for attempt in selection.attempts]


def test_only_successes_are_trained_on_and_the_rest_is_counted():
    found = rft([record(0), record(1, reward=0), record(2, tokens=False)])
    assert ids(found) == ["t1-a0"]
    assert found.dropped == {
        "without reward": 1,
        "without recorded tokens (--retokenize makes them from the text)": 1,
    }


def test_the_number_of_successes_a_task_is_capped_whatever_their_order():
    attempts = [record(i, task=task) for task in ("t1", "t2") for i in range(6)]
    found, again = (rft(each, max_per_task=2, seed=3) for each in (attempts, attempts[::-1]))
    assert ids(found) == ids(again)
    assert sorted(name[:2] for name in ids(found)) == ["t1", "t1", "t2", "t2"]
    assert found.dropped == {"more than 2 successes of a task": 8}


def test_long_attempts_are_left_out_and_counted():
    _, found = chosen(RftSettings(), [record(0), record(1, length=50)], max_length=10)
    assert ids(found) == ["t1-a0"]
    assert found.dropped == {"longer than 10 tokens": 1}


def test_nothing_to_train_on_is_an_error_that_says_why():
    with pytest.raises(ScaError, match="nothing to train on in 2 attempts: 2 without reward"):
        rft([record(0, reward=0), record(1, reward=0)])


@pytest.mark.parametrize("spans", [((4, 4),), ((2, 9),), ((3, 5), (4, 6))])
def test_a_mask_that_does_not_fit_is_never_trained_on(spans):
    with pytest.raises(ScaError, match="t1-a0: tokens: the span"):
        rft([record(0, spans=spans)])


def test_an_id_below_zero_is_named():
    wrong = record(0)
    wrong.tokens[0].ids[0] = -1
    with pytest.raises(ScaError, match="t1-a0: tokens: -1 is not in the model's vocabulary"):
        rft([wrong])


def test_logprobs_that_do_not_fit_their_tokens_are_refused():
    wrong = record(0)
    wrong.tokens[0].logprobs.append(-1.0)
    with pytest.raises(ScaError, match="t1-a0: tokens: 3 log-probabilities for 2 sampled tokens"):
        rft([wrong])


def test_each_segment_of_a_split_attempt_is_a_sequence_of_one_attempt():
    split = record(0).model_copy(update={"tokens": [*record(0).tokens, *record(0, spans=((1, 3),)).tokens]})
    (attempt,) = rft([split]).attempts
    assert [(one.id, one.trained) for one in attempt.examples] == [("t1-a0.0", ((2, 4),)), ("t1-a0.1", ((1, 3),))]


def test_the_first_token_of_a_sequence_is_never_trained_and_its_logprob_goes_along():
    (example,) = rft([record(0, spans=((0, 2), (3, 5)))]).examples
    assert (example.trained, len(example.logprobs)) == (((1, 2), (3, 5)), 3)


def test_attempts_that_nobody_was_prompted_to_make_have_no_tokens_to_be_made():
    oracle = record(0).model_copy(update={"messages": [Message(role="assistant", content="ACTION: f() END ACTION")]})
    silent = record(1).model_copy(update={"messages": []})
    _, found = chosen(RftSettings(), [oracle, silent, record(2)], retokenize=lambda one: one.tokens or [])
    assert ids(found) == ["t1-a2"]
    assert found.dropped == {"without a prompt, as an oracle's": 2}


def test_distillation_takes_failures_too():
    _, found = chosen(SftSettings(), [record(0), record(1, reward=0)])
    assert sorted(ids(found)) == ["t1-a0", "t1-a1"]


@pytest.mark.parametrize("settings", [PpoSettings(), GrpoSettings()])
def test_importance_ratios_need_recorded_logprobs(settings):
    bare = record(2)
    bare.tokens[0].logprobs.clear()
    _, found = chosen(settings, [record(0), record(1, reward=0), bare])
    assert sorted(ids(found)) == ["t1-a0", "t1-a1"]
    assert found.dropped == {"without recorded log-probabilities, which importance ratios need": 1}


def test_groups_without_signal_are_left_out_and_counted():
    attempts = [record(0), record(1, reward=0), record(0, task="easy"), record(1, task="easy"), record(0, task="one")]
    _, found = chosen(GrpoSettings(), attempts)
    assert [len(item.attempts) for item in found.items] == [2]
    assert found.dropped == {"of tasks whose attempts all earned the same": 3}
    assert found.zero_signal == pytest.approx(2 / 3)


def pairs(attempts, **settings):
    _, found = chosen(DpoSettings(**settings), attempts)
    return [tuple(attempt.id for attempt in item.attempts) for item in found.items], found.dropped


SOME = [record(i, reward=int(i < 2)) for i in range(5)]


def test_all_pairs_are_each_success_against_each_failure_once():
    made, dropped = pairs(SOME, max_pairs=None)
    assert sorted(made) == [(f"t1-a{good}", f"t1-a{bad}") for good in (0, 1) for bad in (2, 3, 4)]
    assert not dropped


def test_capped_pairs_take_every_attempt_once_before_any_twice():
    made, _ = pairs(SOME, max_pairs=3)
    assert {good for good, _ in made} == {"t1-a0", "t1-a1"}
    assert {bad for _, bad in made} == {"t1-a2", "t1-a3", "t1-a4"}


def test_best_against_worst_is_one_pair_a_task():
    made, dropped = pairs([*SOME, record(0, task="easy")], pairs="best")
    assert len(made) == 1
    assert dropped == {
        "of tasks without both a better and a worse attempt": 1,
        "over the number of pairs of a task": 3,
    }


def test_reinforce_without_baseline_leaves_failures_out():
    _, found = chosen(ReinforceSettings(), SOME)
    assert sorted(ids(found)) == ["t1-a0", "t1-a1"]
    assert found.dropped == {"whose reward is the baseline": 3}
