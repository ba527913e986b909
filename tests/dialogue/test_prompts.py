import pytest

from sca.dialogue import prompts
from sca.dialogue.setting import Setting
from sca.records.contract import Task, Verdict
from sca.scaffold import FOLDER

SHOP = Setting.open(str(FOLDER))
TASK = Task(
    id="shop-0-000001",
    environment="shop",
    instruction="Send the teapot back.",
    evaluation_function="def evaluate():\n    return canary_check()",
    solution="canary_solution()",
    failure_cases=["canary_failure()"],
)


@pytest.mark.parametrize("style", ["full", "brief"])
def test_nothing_of_a_task_but_its_instruction_reaches_the_executor(style):
    text = "\n".join(m.content for m in prompts.executor_prompt(SHOP, TASK, style, 15))
    assert "Send the teapot back." in text
    assert "canary" not in text


def test_the_full_style_documents_every_tool_and_the_policy():
    system = prompts.executor_prompt(SHOP, TASK, "full", 15)[0].content
    for tool in SHOP.tools(None):
        assert tool.signature in system
        assert tool.doc.splitlines()[0] in system
    assert SHOP.policy in system
    assert "at most 15 turns" in system


def test_only_the_challenger_is_told_what_checks_may_call():
    retail = Setting.open("retail")
    executor, challenger = (
        prompts.executor_prompt(retail, TASK, "full", 15),
        prompts.challenger_prompt(retail, 0, "full", 10, "full"),
    )
    assert "transferred() -> bool" in challenger[0].content
    assert "transferred" not in executor[0].content


@pytest.mark.parametrize("style", ["full", "brief"])
def test_only_who_serves_a_user_is_told_how_to_speak_to_one(style):
    retail, calculation = (
        prompts.executor_prompt(Setting.open(name), TASK.model_copy(update={"family": family}), style, 15)[0].content
        for name, family in (("retail", None), ("calculation", "trade_calculator"))
    )
    assert "END RESPONSE" in retail
    assert "RESPONSE" not in calculation


def test_the_brief_style_names_role_environment_and_calls():
    system = prompts.executor_prompt(SHOP, TASK, "brief", 15)[0].content
    assert system.splitlines()[0] == "executor shop"
    assert "cancel_order(order_id, reason)" in system


def test_challengers_are_dealt_the_starts_in_turn():
    openings = [prompts.challenger_prompt(SHOP, i, "brief", 10, "full")[1].content for i in range(5)]
    assert openings == ["anna_berg", "yusuf_kaya", "lin_zhou", "omar_diaz", "anna_berg"]


def test_the_full_challenger_sees_examples_of_its_family_and_the_form_of_a_hand_in():
    calculation = Setting.open("calculation")
    system = prompts.challenger_prompt(calculation, 2, "full", 10, "full")[0].content
    examples = calculation.examples(calculation.starts[2].family)
    assert examples
    assert all(example.instruction in system for example in examples)
    assert "<failure_case>" in system
    assert "\n\n\n" not in system


def test_feedback_says_the_reason_and_what_happened():
    text = prompts.feedback_text(Verdict(valid=False, reason="solution_fails", detail="evaluate does not accept it."))
    assert text.startswith("The task was not accepted: solution_fails.\nevaluate does not accept it.")


def test_the_reminder_names_the_markers_that_are_allowed():
    assert prompts.reminder("The turn has no marked block.", ("action", "answer")).endswith(
        "exactly one of ACTION: … END ACTION or ANSWER: … END ANSWER."
    )
