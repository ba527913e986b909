"""A user takes part: what it says, what the agent hears, and what is recorded; without containers."""

import pytest
from dialogue.voices import OVERFLOW, Letters, Voices, text
from retail.shop import FOLDER, write

from sca.dialogue.attempts import Job, ModelAgent, play
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.dialogue.user import STOP, ScriptedUsers, SimulatedUsers
from sca.engines import Sampling
from sca.errors import EngineError
from sca.judging.opinion import ModelJudge
from sca.judging.reward import Judge
from sca.records.contract import Task
from sca.records.ids import seed_for
from sca.sandbox.host.double import SubprocessSandbox

TASK = Task(
    id="retail-1",
    environment="retail",
    instruction="You are Mona Quist (mona.quist1@example.com).\nYou want the order with the single mug cancelled, "
    "for you no longer need it.",
    evaluation_function='def evaluate(answer):\n    return get_order_details("#W2")["status"] == "cancelled"',
    solution='cancel_pending_order("#W2", "no longer needed")',
)
CANCEL = 'ACTION:\ncancel_pending_order("#W2", "no longer needed")\nEND ACTION'


def response(words):
    return f"RESPONSE:\n{words}\nEND RESPONSE"


def line(words, thought="secretly"):
    return f"THOUGHT: {thought} END THOUGHT\nRESPONSE:\n{words}\nEND RESPONSE"


@pytest.fixture(scope="module")
async def shop(tmp_path_factory):
    data = tmp_path_factory.mktemp("shop")
    write(data)
    async with SubprocessSandbox(FOLDER, data=data) as sandbox:
        yield sandbox


async def serve(shop, agent, user=None, *, renderer=None, max_turns=15, judge=None):
    """One attempt; `user` are the turns of a simulated user, None for a scripted one."""
    voices = Voices({"retail-1-a0": agent, "retail-1-a0:user": user}, renderer)
    asker = Asker(voices, Sampling(), seed=7)
    users = ScriptedUsers() if user is None else SimulatedUsers(asker)
    model = ModelAgent(Setting.open(str(FOLDER)), asker, ExecutorRules(max_turns=max_turns), users)
    return await play(Job(TASK, 0), model, shop, judge or Judge("check"), "run"), voices


def spoken(attempt):
    return [(m.role, m.content) for m in attempt.messages if m.role in ("user", "assistant")]


async def test_a_conversation_with_a_scripted_user_succeeds(shop):
    asks = response("Shall I cancel it?")
    attempt, _ = await serve(shop, [asks, CANCEL, response("It is cancelled.")])
    assert (attempt.reward, attempt.outcome) == (1, "success")
    assert spoken(attempt) == [
        ("user", " ".join(TASK.instruction.split())),
        ("assistant", asks),
        ("user", "Yes."),
        ("assistant", CANCEL),
        ("assistant", response("It is cancelled.")),
        ("user", STOP),
    ]


async def test_the_answer_is_all_that_the_agent_said(shop):
    attempt, _ = await serve(shop, [response("Shall I?"), CANCEL, response("Done.\nGood bye.")])
    assert attempt.answer == "Shall I?\nDone.\nGood bye."


async def test_a_scripted_user_says_yes_to_questions_and_stops_when_nothing_is_asked(shop):
    said = [response(words) for words in ("Let me look.", "This one?", "Really?", "It is done.")]
    attempt, _ = await serve(shop, said)
    assert [words for role, words in spoken(attempt) if role == "user"][1:] == ["Yes.", "Yes.", "Yes.", STOP]


async def test_a_scripted_user_stops_when_asked_for_something_else(shop):
    attempt, _ = await serve(shop, [response("Cancelled. Is there anything else?")])
    assert [words for role, words in spoken(attempt) if role == "user"][1:] == [STOP]


async def test_a_scripted_user_does_not_say_yes_for_ever(shop):
    attempt, _ = await serve(shop, [response("Sure?")] * 15)
    assert [words for role, words in spoken(attempt) if role == "user"][1:] == ["Yes."] * 5 + [STOP]


async def test_only_the_line_of_a_simulated_user_is_passed_on(shop):
    attempt, voices = await serve(
        shop,
        [response("Who are you?"), CANCEL, response("Done.")],
        [line("A mug of mine\nmust go."), line("Mona."), line(STOP, "content")],
    )
    assert [words for role, words in spoken(attempt) if role == "user"] == ["A mug of mine must go.", "Mona.", STOP]
    heard = " ".join(message["content"] for message in voices.heard_by("retail-1-a0"))
    assert "secretly" not in heard
    assert "content" not in heard.split("A mug of mine")[1]
    assert attempt.user_thoughts == ["secretly", "secretly", "content"]


async def test_the_agent_does_not_see_the_instruction_of_a_simulated_user(shop):
    _, voices = await serve(shop, [CANCEL, response("Done.")], [line("Hi."), line(STOP)])
    assert not any("Mona Quist" in message["content"] for message in voices.heard_by("retail-1-a0"))


async def test_to_the_users_model_the_agent_is_the_user(shop):
    _, voices = await serve(shop, [CANCEL, response("Done.")], [line("Hi."), line(STOP)])
    last = voices.requests[-1]
    assert last.key == "retail-1-a0:user:1"
    assert [m["role"] for m in last.messages] == ["system", "user", "assistant", "user"]
    assert TASK.instruction in last.messages[0]["content"]
    assert [m["content"] for m in last.messages[2:]] == [line("Hi."), "Done."]


async def test_the_users_tokens_are_counted_apart(shop):
    agent, user = [CANCEL, response("Done.")], [line("Hi."), line(STOP)]
    attempt, _ = await serve(shop, agent, user)
    assert attempt.usage == {
        "completion_tokens": sum(map(len, agent)),
        "user_completion_tokens": sum(map(len, user)),
    }


async def test_the_users_chance_comes_from_seed_id_and_turn(shop):
    _, voices = await serve(shop, [CANCEL, response("Done.")], [line("Hi."), line(STOP)])
    seeds = [r.seed for r in voices.requests if ":user:" in r.key]
    assert seeds == [seed_for(7, "retail-1-a0:user", turn) for turn in (0, 1)]


async def test_an_answer_is_refused_with_a_reminder(shop):
    attempt, _ = await serve(shop, ["ANSWER: done END ANSWER", CANCEL, response("Done."), response("Done.")])
    reminder = attempt.messages[3].content
    assert reminder.startswith("ANSWER cannot be used here.")
    assert reminder.endswith("exactly one of ACTION: … END ACTION or RESPONSE: … END RESPONSE.")
    assert attempt.reward == 1


async def test_a_tool_that_ends_the_episode_ends_the_conversation(shop):
    transfer = 'ACTION:\ntransfer_to_human_agents("a lost parcel")\nEND ACTION'
    attempt, _ = await serve(shop, [transfer, CANCEL])
    assert [call.name for call in attempt.calls] == ["transfer_to_human_agents"]
    assert attempt.outcome == "failure"


async def test_an_agent_that_never_ends_is_out_of_turns_although_its_state_would_pass(shop):
    attempt, _ = await serve(shop, [CANCEL, 'ACTION: think("") END ACTION'], max_turns=2)
    assert (attempt.reward, attempt.outcome) == (0, "out_of_turns")


async def test_three_bad_turns_of_an_agent_are_malformed(shop):
    attempt, _ = await serve(shop, ["Hello"] * 3)
    assert attempt.outcome == "malformed"


async def test_a_user_that_gives_no_line_is_reminded_and_its_thoughts_are_kept_back(shop):
    attempt, voices = await serve(shop, [CANCEL, response("Done.")], ["I am Mona", line("Hi."), STOP])
    assert [words for role, words in spoken(attempt) if role == "user"] == ["Hi.", STOP]
    assert voices.requests[1].messages[-1]["content"].endswith("exactly one of RESPONSE: … END RESPONSE.")


@pytest.mark.parametrize("turn", ["THOUGHT: hm RESPONSE: hi END RESPONSE", response("THOUGHT: hm"), response(" ")])
async def test_a_user_without_a_clear_line_ends_the_attempt_as_malformed(shop, turn):
    attempt, _ = await serve(shop, [], [turn] * 3)
    assert (attempt.reward, attempt.outcome) == (0, "malformed")
    assert attempt.detail.startswith("user: 3 turns in a row were no line to the agent")
    assert spoken(attempt) == []


async def test_an_overflowing_context_of_the_user_ends_the_attempt(shop):
    attempt, _ = await serve(shop, [response("Who are you?")], [line("Hi."), OVERFLOW])
    assert (attempt.reward, attempt.outcome) == (0, "out_of_context")
    assert attempt.detail == "user: the dialogue no longer fits into its model's context"


async def test_a_broken_engine_of_the_user_is_no_verdict(shop):
    with pytest.raises(EngineError, match="gone"):
        await serve(shop, [response("Who?")], [line("Hi."), EngineError("gone")])


async def test_only_the_agents_own_tokens_are_trained_and_the_users_lines_are_context(shop):
    agent = [response("Shall I?"), CANCEL, response("Done.")]
    attempt, _ = await serve(shop, agent, [line("A mug."), line("Yes, please."), line(STOP)], renderer=Letters())
    (segment,) = attempt.tokens
    assert [text(segment.ids[start:end]) for start, end in segment.trained] == agent
    assert len(segment.logprobs) == sum(map(len, agent))
    whole = text(segment.ids)
    assert "u|A mug.;a|" in whole
    assert f"a|{agent[0]};u|Yes, please.;a|{CANCEL};u|OUTPUT:\n" in whole
    assert "secretly" not in whole
    assert STOP not in whole


async def test_a_model_judges_what_it_reads_and_its_tokens_are_counted_apart(shop):
    judging = Voices({"retail-1-a0:judge": ["Nothing was cancelled.\nStatus: SUCCESS"]})
    attempt, _ = await serve(shop, [response("Done."), response("Done.")], judge=ModelJudge(judging, "generous", 0))
    assert (attempt.reward, attempt.detail) == (1, "judge: Nothing was cancelled.\nStatus: SUCCESS")
    assert attempt.usage["judge_completion_tokens"] == len("Nothing was cancelled.\nStatus: SUCCESS")


async def test_an_attempt_that_came_to_no_end_is_not_judged(shop):
    attempt, _ = await serve(shop, [response("Well?")] * 2, judge=ModelJudge(Voices({}), "generous", 0), max_turns=2)
    assert (attempt.reward, attempt.outcome) == (0, "out_of_turns")
