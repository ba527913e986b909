"""Recorded replies: which line answers a key, and what is said where none does."""

import json
import re

import pytest
import small_models

from sca.engines import Request, Sampling
from sca.engines.recording import RecordingEngine
from sca.engines.replay import ReplayEngine
from sca.engines.transformers_engine import TransformersEngine
from sca.errors import BadInput, EngineError, ScaError


def asked(key, seed=1) -> Request:
    return Request(key, [{"role": "user", "content": "Hello"}], None, Sampling(max_tokens=6), seed)


@pytest.fixture
def replay(tmp_path):
    def write(*lines) -> ReplayEngine:
        file = tmp_path / "replies.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return ReplayEngine(file)

    return write


async def said(engine, key):
    return (await engine.complete(asked(key))).text


async def test_a_key_gets_its_own_line(replay):
    engine = replay({"key": "shop-000000-000001:0", "text": "a"}, {"key": "shop-000000-000001:1", "text": "b"})
    assert await said(engine, "shop-000000-000001:1") == "b"


async def test_another_run_of_the_same_episode_gets_it_too(replay):
    engine = replay({"key": "shop-000000-000001-a2:1", "text": "b"})
    assert await said(engine, "shop-fedcba-000001-a2:1") == "b"


async def test_two_runs_leave_it_open_which_is_meant(replay):
    engine = replay({"key": "shop-000000-000001:0", "text": "a"}, {"key": "shop-111111-000001:0", "text": "b"})
    with pytest.raises(EngineError, match="several runs have a reply for shop-222222-000001:0"):
        await said(engine, "shop-222222-000001:0")


async def test_a_pattern_answers_where_no_key_does(replay):
    engine = replay({"key": "shop-*:0", "text": "any"}, {"key": "shop-000000-000001:0", "text": "own"})
    assert [await said(engine, f"shop-000000-00000{n}:0") for n in (1, 2)] == ["own", "any"]


async def test_texts_are_the_turns_in_order(replay):
    engine = replay({"key": "shop-*-000003", "texts": ["first", "second"]})
    assert await said(engine, "shop-000000-000003:1") == "second"


async def test_the_last_line_of_a_key_counts(replay):
    engine = replay({"key": "a:0", "text": "old"}, {"key": "a:0", "text": "new"})
    assert await said(engine, "a:0") == "new"


async def test_a_trajectory_is_replayed_turn_by_turn(replay):
    messages = [
        {"role": "user", "content": "Task"},
        {"role": "assistant", "content": "one"},
        {"role": "tool", "content": "12"},
        {"role": "assistant", "content": "two"},
    ]
    engine = replay({"id": "shop-000000-000001-a0", "task_id": "x", "messages": messages})
    assert [await said(engine, f"shop-000000-000001-a0:{turn}") for turn in (0, 1)] == ["one", "two"]


async def test_a_task_is_replayed_from_its_origin(replay):
    messages = [{"role": "assistant", "content": "one"}]
    engine = replay({"id": "shop-000000-000001", "instruction": None, "origin": {"messages": messages}})
    assert await said(engine, "shop-000000-000001:0") == "one"


async def test_a_missing_reply_is_named(replay):
    with pytest.raises(EngineError, match=re.escape("replies.jsonl: no reply is recorded for shop-000000-000009:4")):
        await said(replay(), "shop-000000-000009:4")


def test_every_bad_line_is_named(tmp_path):
    file = tmp_path / "replies.jsonl"
    file.write_text('{"key": "a:0", "text": "x"}\n{"key": "a:0", "text": 7}\nno\n{"key": "a:0"}\n')
    with pytest.raises(BadInput) as error:
        ReplayEngine(file)
    assert [problem.removeprefix(str(file)) for problem in error.value.problems] == [
        ", line 2: text: Input should be a valid string",
        ", line 3: Expecting value: line 1 column 1 (char 0)",
        ", line 4: text: missing; a line is a reply, a task or a trajectory",
    ]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ScaError, match=r"none\.jsonl: cannot be read: No such file"):
        ReplayEngine(tmp_path / "none.jsonl")


async def test_what_was_recorded_is_replayed(tmp_path):
    file = tmp_path / "replies.jsonl"
    async with RecordingEngine(
        TransformersEngine(small_models.llama(tmp_path / "model"), device="cpu"), file
    ) as engine:
        made = [await engine.complete(asked(f"shop-000000-000001:{turn}", seed=turn)) for turn in range(3)]
        assert engine.context == 512
    async with ReplayEngine(file) as replayed:
        again = [await replayed.complete(asked(f"shop-000000-000001:{turn}")) for turn in range(3)]
    assert [(one.text, list(one.token_ids), list(one.logprobs), one.usage) for one in again] == [
        (one.text, list(one.token_ids), list(one.logprobs), one.usage) for one in made
    ]
