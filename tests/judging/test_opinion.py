"""A model's opinion of an attempt."""

import pytest
from dialogue.voices import OVERFLOW, Letters, Voices, text

from sca.errors import EngineError
from sca.judging.opinion import ModelJudge, judge_prompt
from sca.records.contract import Message
from sca.records.ids import seed_for

DIALOGUE = [
    Message(role="system", content="the policy of the house"),
    Message(role="user", content="Cancel it."),
    Message(role="assistant", content="ACTION: cancel() END ACTION"),
    Message(role="tool", content="'cancelled'"),
]


async def opinion(said, manner="generous", renderer=None):
    voices = Voices({"e-1-a0:judge": [said]}, renderer)
    found = await ModelJudge(voices, manner, 5).opinion("e-1-a0", "You want it cancelled.", DIALOGUE)
    return found, voices.requests[0]


@pytest.mark.parametrize(
    ("said", "success"),
    [
        ("It was done.\nStatus: SUCCESS", True),
        ("It was not.\nStatus: NOT SUCCESS", False),
        ("**Status: success**.\n", True),
        ("Status: UNSUCCESSFUL", False),
        ("Status: SUCCESS\nOn second thoughts:\nStatus: NOT SUCCESS", False),
        ("I would call it a SUCCESS", False),
        ("", False),
    ],
)
async def test_the_last_status_counts(said, success):
    found, _ = await opinion(said)
    assert found.value == success
    assert said.strip() in found.detail


async def test_a_judge_without_a_status_is_said_to_have_none():
    found, _ = await opinion("Well done!")
    assert found.detail == "judge: Well done!\n(no status: counted as no success)"


async def test_the_judge_sees_instruction_and_dialogue_alone():
    _, request = await opinion("Status: SUCCESS")
    seen = request.messages[1]["content"]
    assert "You want it cancelled." in seen
    assert "USER: Cancel it.\n\nAGENT: ACTION: cancel() END ACTION\n\nOUTPUT: 'cancelled'" in seen
    assert not any("policy" in message["content"] for message in request.messages)


def test_a_judge_is_generous_or_strict():
    generous, strict = (judge_prompt(m, "", [])[0]["content"] for m in ("generous", "strict"))
    assert "benefit of the doubt" in generous
    assert "benefit of the doubt" not in strict
    assert "no success" in strict


async def test_a_judgement_is_greedy_and_its_chance_the_attempts_own():
    _, request = await opinion("Status: SUCCESS")
    assert (request.key, request.sampling.temperature) == ("e-1-a0:judge:0", 0.0)
    assert request.seed == seed_for(5, "e-1-a0:judge", 0)


async def test_an_engine_with_tokens_gets_tokens():
    _, request = await opinion("Status: SUCCESS", renderer=Letters())
    assert "You want it cancelled." in text(request.prompt_ids)


async def test_the_tokens_of_the_judge_are_told():
    found, _ = await opinion("Status: SUCCESS")
    assert found.usage == {"completion_tokens": len("Status: SUCCESS")}


async def test_a_dialogue_too_long_for_the_judge_is_no_success():
    found, _ = await opinion(OVERFLOW)
    assert (found.value, found.detail) == (0, "judge: the dialogue does not fit into its model's context")


async def test_a_broken_engine_of_the_judge_is_no_verdict():
    with pytest.raises(EngineError, match="gone"):
        await opinion(EngineError("gone"))
