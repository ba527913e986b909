"""What a dry run says of calls, tokens and memory."""

from pathlib import Path

import pytest

from sca.cli.planning import Dialogues, estimate
from sca.engines import Sampling
from sca.engines.opening import open_engine
from sca.records.contract import Message

PROMPT = [Message(role="system", content="x" * 300), Message(role="user", content="y" * 100)]


@pytest.fixture(scope="module")
def engine():
    return open_engine(None, None)


def test_bounds_and_what_they_rest_on(engine):
    lines = estimate(Dialogues(20_000, 15, Sampling(max_tokens=100), 8, [PROMPT]), engine)
    assert lines[0] == "calls of the model: at most 300,000 (15 turns each)"
    assert lines[1] == "tokens sampled: at most 30.0 M (100 a turn)"
    assert lines[2].startswith("tokens of prompts: about 2.0 M for the first turns (100 each, 4 characters a token)")


def test_memory_is_that_of_weights_and_live_dialogues(engine):
    *_, line = estimate(Dialogues(20, 15, Sampling(), 8, [PROMPT]), engine)
    assert line.startswith(
        "memory: 14.0 MiB of weights (3.7 M parameters, float32); keys and values at most 48.0 MiB"
    )


def test_dialogues_that_are_there_tell_what_to_expect(engine):
    usages = [{"turns": 2, "completion_tokens": 50, "prompt_tokens": 10}, {"turns": 4, "completion_tokens": 70}]
    lines = estimate(Dialogues(100, 15, Sampling(), 8, [PROMPT], usages), engine)
    assert "if they go as the 2 that are there: 300 calls, 6,000 tokens sampled, 500 of prompts" in lines


def test_a_server_has_the_memory(tmp_path):
    engine = open_engine("openai", "m", base_url="http://localhost:1/v1")
    *_, line = estimate(Dialogues(1, 1, Sampling(), 1, [PROMPT]), engine)
    assert line == "memory: none here for the model, its servers hold it"


def test_replies_take_none(tmp_path: Path):
    (tmp_path / "r.jsonl").write_text("")
    *_, line = estimate(Dialogues(1, 1, Sampling(), 1, []), open_engine("replay", str(tmp_path / "r.jsonl")))
    assert line == "memory: none here for the model"
