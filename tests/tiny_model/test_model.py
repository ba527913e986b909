"""The model that ships: its size, its settings, and that it plays both roles."""

import pytest
from safetensors import safe_open

from sca.dialogue import hand_in, prompts
from sca.dialogue.conversation import Conversation
from sca.dialogue.markers import Turn, parse, stops
from sca.engines import Request, Sampling
from sca.engines.opening import model_settings, open_engine
from sca.records.contract import Message, Task
from tiny_model.programs import ENVIRONMENT, setting
from tiny_model.settings import SHIPPED

MOVES = ("action", "answer")


@pytest.fixture(scope="module")
async def engine():
    async with open_engine(None, None) as opened:
        yield opened


async def take_turn(engine, conversation, max_tokens=300):
    sampling = Sampling(temperature=0, max_tokens=max_tokens, stop=stops(MOVES))
    request = Request("test", conversation.chat(), conversation.prompt_ids(), sampling, seed=0)
    conversation.reply(await engine.complete(request))
    turn = parse(conversation.messages[-1].content, MOVES)
    assert isinstance(turn, Turn), turn
    return turn


def test_it_has_at_most_ten_million_parameters():
    with safe_open(SHIPPED.folder / "model.safetensors", "pt") as weights:
        names = weights.keys()
        slices = [weights.get_slice(name).get_shape() for name in names]
    sizes = [rows * (rest[0] if rest else 1) for rows, *rest in slices]
    assert 3_000_000 < sum(sizes) <= 10_000_000


def test_its_settings_can_be_read():
    assert model_settings(None)["prompt_style"] == "brief"


async def test_as_executor_it_acts_and_answers_what_it_hears(engine):
    task = Task(id="t", environment=ENVIRONMENT, family="trade_calculator", instruction='Calculate "14 * 25 + 60".')
    conversation = Conversation(prompts.executor_prompt(setting(), task, "brief", 4), engine.renderer)
    action = await take_turn(engine, conversation)
    assert action.body == 'print(calculator("14 * 25 + 60"))'
    conversation.say(Message(role="tool", content="410"))
    answer = await take_turn(engine, conversation)
    assert (answer.kind, answer.body) == ("answer", "410")


async def test_as_challenger_it_looks_and_hands_a_task_in(engine):
    opening = prompts.challenger_prompt(setting(), 2, "brief", 4, "none")
    conversation = Conversation(opening, engine.renderer)
    action = await take_turn(engine, conversation)
    assert action.kind == "action"
    conversation.say(Message(role="tool", content="84.0"))
    handed_in = hand_in.parse((await take_turn(engine, conversation)).body)
    assert handed_in.instruction
    assert handed_in.solution
    assert len(handed_in.failure_cases) == 3
