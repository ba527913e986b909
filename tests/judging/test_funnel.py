import pytest

from sca.judging.funnel import admits, funnel
from sca.judging.verdict import CHECKS
from sca.records.contract import JudgedTask, Verdict


def judged(failed: str | None, reached: str = CHECKS[-1]) -> JudgedTask:
    upto = CHECKS.index(reached)
    checks = {check: check != failed if i <= upto else None for i, check in enumerate(CHECKS)}
    verdict = Verdict(valid=failed is None, reason=failed, checks=checks)
    return JudgedTask(id="x", environment="e", instruction="i", evaluation_function="f", verdict=verdict)


def test_survivors_pass_a_check_and_all_before_it():
    found = funnel([judged(None), judged("noop_fails"), judged("solution_passes", reached="solution_passes")])
    assert found.episodes == 3
    assert found.survivors["evaluate_runs"] == 3
    assert found.survivors["noop_fails"] == 2
    assert found.survivors["solution_passes"] == 1
    assert found.survivors["stable"] == 1
    assert found.reasons == {"noop_fails": 1, "solution_passes": 1}


@pytest.mark.parametrize(
    ("failed", "reached", "admitted"),
    [
        (None, "stable", {"none", "verifier", "solution", "full"}),
        ("noop_fails", "stable", {"none", "verifier", "solution"}),
        ("solution_passes", "solution_passes", {"none", "verifier"}),
        ("evaluate_runs", "evaluate_runs", {"none"}),
        ("failures_fail", "stable", {"none", "verifier", "solution"}),
    ],
)
def test_each_variant_of_the_filter_asks_for_its_own_checks(failed, reached, admitted):
    task = judged(failed, reached)
    assert {variant for variant in ("none", "verifier", "solution", "full") if admits(variant, task)} == admitted


@pytest.mark.parametrize("lacking", [{"instruction": None}, {"instruction": " \n"}, {"evaluation_function": None}])
def test_what_cannot_be_asked_or_checked_is_admitted_by_none(lacking):
    assert not admits("none", judged(None).model_copy(update=lacking))
