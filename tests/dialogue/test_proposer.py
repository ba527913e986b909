"""Tasks from documentation alone (PAE)."""

from dialogue.voices import Voices
from retail.shop import FOLDER

from sca.dialogue import prompts
from sca.dialogue.proposer import ProposerRules, propose
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import Sampling
from sca.environment import Environment, Start

RETAIL = Setting.open(str(FOLDER), FOLDER / "small")
PROPOSED = "THOUGHT: an easy one END THOUGHT ANSWER:\n<instruction>\nCancel it all.\n</instruction>\nEND ANSWER"


async def proposed(*texts):
    asker = Asker(Voices({"retail-1": list(texts)}), Sampling(), 0)
    return await propose("retail-1", 0, RETAIL, asker, ProposerRules())


async def test_an_instruction_is_all_of_a_proposed_task():
    task = await proposed(PROPOSED)
    assert (task.instruction, task.evaluation_function, task.solution, task.failure_cases) == (
        "Cancel it all.", None, None, None,
    )  # fmt: skip
    assert (task.origin["method"], task.origin["turns"], task.start) == ("pae", 1, RETAIL.start(0).label)


async def test_nobody_acts():
    task = await proposed("ACTION: list_all_product_types() END ACTION", PROPOSED)
    assert task.instruction == "Cancel it all."
    assert "ACTION cannot be used here." in task.origin["messages"][3]["content"]


async def test_who_proposes_nothing_leaves_a_task_of_nulls():
    task = await proposed("Hm.", "Hm.", "Hm.")
    assert (task.instruction, task.origin["ending"]) == (None, "malformed")


async def test_a_number_that_the_rest_makes_needless_is_taken_out(monkeypatch):
    monkeypatch.setattr(RETAIL.environment, "redacted", classmethod(lambda cls, state, start, text: text[:-4]))
    task = await proposed(PROPOSED)
    assert (task.instruction, task.origin["unredacted_instruction"]) == ("Cancel it ", "Cancel it all.")


def test_a_proposer_sees_the_documentation_and_no_form_of_an_action():
    system, opening = (message.content for message in prompts.proposer_prompt(RETAIL, 3, "full"))
    assert all(tool.signature in system for tool in RETAIL.tools(None))
    assert RETAIL.policy in system
    assert "ACTION:" not in system
    assert RETAIL.start(3).text in opening
    assert RETAIL.start(3).theme in opening


def test_what_is_seen_first_is_told_to_who_cannot_look(monkeypatch):
    monkeypatch.setattr(
        RETAIL.environment, "first_observation", classmethod(lambda cls, state, start: f"Welcome, {start.text}!")
    )
    welcome = f"Welcome, {RETAIL.start(0).text}!"
    assert welcome in prompts.proposer_prompt(RETAIL, 0, "full")[1].content
    assert welcome in prompts.proposer_prompt(RETAIL, 0, "brief")[1].content
    assert welcome not in prompts.challenger_prompt(RETAIL, 0, "full", 10, "full")[1].content


def test_by_default_there_is_nothing_to_see():
    assert Environment.first_observation({}, Start("a")) == ""


def test_each_family_meets_each_number_of_steps():
    calculation = Setting.open("calculation")
    openings = [prompts.challenger_prompt(calculation, i, "full", 10, "full")[1].content for i in range(16)]
    for family in range(4):
        assert len({text.split("needs ")[1].split(".")[0] for text in openings[family::4]}) == 4
