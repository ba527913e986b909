"""The engine that asks servers, against a real vLLM server with the model that ships: started once for this file."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace

import aiohttp
import pytest

pytest.importorskip("vllm", reason="vLLM has no build for this machine", exc_type=ImportError)

import torch
from small_models import plain_logprobs
from transformers import AutoModelForCausalLM

from sca.dialogue.conversation import Conversation
from sca.engines import ContextOverflow, Request, Sampling
from sca.engines.openai_engine import OpenAIEngine
from sca.engines.opening import SHIPPED, open_engine
from sca.engines.tokenizing import renderer_of
from sca.errors import EngineError, ScaError
from sca.records.contract import Message

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 12.5 plus 3?"}]
ASK = Request("k:0", CHAT, None, Sampling(0.7, 0.9, 60, ("END ACTION", "END ANSWER")), seed=2**63 + 7)
KEY = "sesame-open"


@pytest.fixture(scope="module")
async def server(tmp_path_factory):
    """Its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # With seeds a prompt in parts kills it on a CPU (see `fit_for_cpu`).
    options = f"--port {port} --served-model-name tiny --dtype float32 --enforce-eager --no-enable-chunked-prefill"
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(SHIPPED), *options.split()]
    command += ["--max-num-batched-tokens", "8192", "--kv-cache-memory-bytes", str(1 << 30), "--api-key", KEY]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, start_new_session=True,
            env=os.environ | {"TORCHDYNAMO_DISABLE": "1", "VLLM_NO_USAGE_STATS": "1"},
        )  # fmt: skip
    try:
        await _until_well(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1", process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


async def _until_well(url, process, log):
    async with aiohttp.ClientSession() as session:
        while True:
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.5)


@pytest.fixture
def opened(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return lambda **options: open_engine("openai", "tiny", base_url=server[0], **options)


@pytest.mark.parametrize("tokenizer", [None, str(SHIPPED)])
async def test_ids_and_logprobs_come_back_of_chats_and_of_token_prompts(opened, tokenizer):
    renderer = renderer_of(SHIPPED)
    async with opened(tokenizer=tokenizer) as engine:
        assert engine.context == json.loads((SHIPPED / "config.json").read_text())["max_position_embeddings"]
        request = replace(ASK, prompt_ids=engine.renderer and engine.renderer.prompt(CHAT))
        said = await engine.complete(request)
    assert list(said.prompt_ids) == renderer.prompt(CHAT)
    assert said.text.endswith(("END ACTION", "END ANSWER"))
    model = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    assert said.logprobs == pytest.approx(plain_logprobs(model, said.prompt_ids, said.token_ids), abs=1e-3)
    assert said.usage == {"prompt_tokens": len(said.prompt_ids), "completion_tokens": len(said.token_ids)}


async def test_a_seed_says_what_is_sampled(opened):
    async with opened() as engine:
        first, again = await asyncio.gather(engine.complete(ASK), engine.complete(ASK))
        others = await asyncio.gather(*(engine.complete(replace(ASK, seed=seed)) for seed in range(8)))
    assert first == again
    assert len({one.text for one in others}) > 1


@pytest.mark.parametrize("tokenizer", [None, str(SHIPPED)])
async def test_every_token_of_a_dialogue_is_known(opened, tokenizer):
    async with opened(tokenizer=tokenizer) as engine:
        talk = Conversation([Message(**message) for message in CHAT], engine.renderer)
        replies = []
        for turn in range(3):
            said = await engine.complete(replace(ASK, messages=talk.chat(), prompt_ids=talk.prompt_ids(), seed=turn))
            replies.append(list(said.token_ids))
            talk.reply(said)
            talk.say(Message(role="tool", content=f"{turn}.5"))
    segments = talk.tokens()
    assert [one.ids[start:end] for one in segments for start, end in one.trained] == replies
    assert [one.split is None for one in segments] == [True, *[False] * (len(segments) - 1)]
    if tokenizer:
        assert len(segments) == 1


@pytest.mark.parametrize("tokenizer", [None, str(SHIPPED)])
async def test_a_prompt_that_does_not_fit_is_an_outcome(opened, tokenizer):
    chat = [{"role": "user", "content": "12 and " * 800}]
    async with opened(tokenizer=tokenizer) as engine:
        with pytest.raises(ContextOverflow):
            await engine.complete(
                replace(ASK, messages=chat, prompt_ids=engine.renderer and engine.renderer.prompt(chat))
            )


async def test_a_wrong_key_is_one_line(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "mellon")
    with pytest.raises(ScaError, match="refuses the key in OPENAI_API_KEY \\(401"):
        await OpenAIEngine("tiny", base_url=server[0]).__aenter__()


async def test_an_unknown_model_is_one_line_that_names_those_there_are(opened, server):
    with pytest.raises(ScaError, match="has no model huge; it has tiny"):
        await open_engine("openai", "huge", base_url=server[0]).__aenter__()


async def test_a_server_that_is_gone_is_said(opened, server):
    async with opened(retries=1) as engine:
        os.killpg(server[1].pid, signal.SIGSTOP)  # so that it cannot have answered before it is gone
        waiting = asyncio.create_task(engine.complete(replace(ASK, sampling=Sampling(max_tokens=900))))
        await asyncio.sleep(0.3)
        os.killpg(server[1].pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="no server answers at"):
            await waiting
    kinds = engine.report()["retries"]
    assert kinds["refused"] >= 1
