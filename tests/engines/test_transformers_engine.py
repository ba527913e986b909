"""The engine as a caller sees it: what it returns, what it refuses, and that nobody waits for a dead model."""

import asyncio
import json

import pytest
import small_models
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GraniteConfig,
    MistralConfig,
    OPTConfig,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
)

from sca.engines import ContextOverflow, Request, Sampling
from sca.engines.batching import BatchDecoder
from sca.engines.one_by_one import SingleDecoder
from sca.engines.transformers_engine import TransformersEngine
from sca.errors import EngineError, ScaError, UsageError

PROMPT = [5, 6, 7, 8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"), max_position_embeddings=64)


@pytest.fixture(scope="module")
async def engine(folder):
    async with TransformersEngine(folder, device="cpu") as engine:
        yield engine


def asked(prompt=PROMPT, messages=(), seed=1, **sampling) -> Request:
    return Request("calculation-3fa9c1-000001:0", messages, prompt, Sampling(**sampling), seed)


def plain_logprobs(folder, prompt, sampled) -> list[float]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return small_models.plain_logprobs(model, prompt, sampled)


async def test_logprobs_agree_with_a_plain_forward_pass(engine, folder):
    done = await engine.complete(asked(max_tokens=12, temperature=0.8))
    assert done.logprobs == pytest.approx(plain_logprobs(folder, PROMPT, done.token_ids), abs=1e-4)


async def test_greedy_tokens_are_those_of_generate(engine, folder):
    done = await engine.complete(asked(max_tokens=20, temperature=0))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = model.generate(
        torch.tensor([PROMPT]), attention_mask=torch.ones(1, 4), max_new_tokens=20, do_sample=False, pad_token_id=0
    )
    assert list(done.token_ids) == ids[0, 4:].tolist()


async def test_usage_counts_tokens(engine):
    done = await engine.complete(asked(max_tokens=3))
    assert dict(done.usage) == {"prompt_tokens": 4, "completion_tokens": 3}


async def test_a_chat_is_rendered_where_no_ids_are_given(engine):
    chat = [{"role": "user", "content": "What is 12.5?"}]
    by_text = await engine.complete(asked(prompt=None, messages=chat, max_tokens=8))
    by_ids = await engine.complete(asked(prompt=engine.renderer.prompt(chat), max_tokens=8))
    assert by_text == by_ids


async def test_a_completion_ends_at_the_end_of_the_context(engine):
    done = await engine.complete(asked(prompt=[5] * 60, max_tokens=1000))
    assert (len(done.token_ids), done.finish_reason) == (4, "length")


async def test_a_prompt_that_fills_the_context_overflows(engine):
    with pytest.raises(ContextOverflow, match="calculation-3fa9c1-000001:0: a prompt of 64 tokens, a context of 64"):
        await engine.complete(asked(prompt=[5] * 64))


async def test_an_empty_prompt_is_refused(engine):
    with pytest.raises(EngineError, match="the prompt is empty"):
        await engine.complete(asked(prompt=[]))


async def test_it_is_not_open_before_it_is_entered(folder):
    with pytest.raises(EngineError, match="not open"):
        await TransformersEngine(folder).complete(asked())


async def test_closing_it_ends_the_wait(folder):
    async with TransformersEngine(folder, device="cpu") as engine:
        waiting = [asyncio.create_task(engine.complete(asked(seed=seed, max_tokens=60))) for seed in range(40)]
        await asyncio.sleep(0)
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert any(isinstance(one, EngineError) and "closed" in str(one) for one in ended)
    with pytest.raises(EngineError, match="closed"):
        await engine.complete(asked())


async def test_a_model_that_breaks_fails_everyone_and_hangs_nobody(folder):
    async with TransformersEngine(folder, device="cpu") as engine:
        engine._decoder._model.register_forward_pre_hook(lambda *_: 1 / 0)
        waiting = [engine.complete(asked(seed=seed)) for seed in range(20)]
        ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), timeout=30)
        assert {str(one) for one in ended} == {"the model stopped working: ZeroDivisionError: division by zero"}
        with pytest.raises(EngineError, match="stopped working"):
            await engine.complete(asked())


KINDS = {
    "Qwen 2": (Qwen2Config, {}),
    "Qwen 3": (Qwen3Config, {"head_dim": 16}),
    "Mistral": (MistralConfig, {"sliding_window": None}),
    "Phi 3": (Phi3Config, {"pad_token_id": 0}),
    "Granite, scaled logits": (GraniteConfig, {"logits_scaling": 3.0}),
    "OPT, learned positions": (
        OPTConfig,
        {"ffn_dim": 96, "word_embed_proj_dim": 64, "init_std": 0.2, "pad_token_id": 1},
    ),
}


@pytest.mark.parametrize(("kind", "settings"), KINDS.values(), ids=KINDS)
async def test_other_kinds_of_model_are_batched_and_right(tmp_path, kind, settings):
    small_models.save(tmp_path, kind, max_position_embeddings=64, **settings)
    async with TransformersEngine(tmp_path, device="cpu") as engine:
        assert isinstance(engine._decoder, BatchDecoder)
        prompts = [[5, 6, 7, 8] * length for length in (1, 9, 12)]
        made = await asyncio.gather(*(engine.complete(asked(prompt=prompt, max_tokens=16)) for prompt in prompts))
        for prompt, done in zip(prompts, made, strict=True):
            assert done.logprobs == pytest.approx(plain_logprobs(tmp_path, prompt, done.token_ids), abs=1e-4)


async def test_it_can_be_entered_again(folder):
    engine = TransformersEngine(folder, device="cpu")
    for _ in range(2):
        async with engine:
            assert len((await engine.complete(asked(max_tokens=3))).token_ids) == 3


@pytest.mark.parametrize("kind", [MistralConfig, Gemma2Config])
async def test_a_sliding_window_is_decoded_one_by_one_and_said(tmp_path, caplog, kind):
    small_models.save(tmp_path, kind, sliding_window=4, head_dim=16, max_position_embeddings=64)
    async with TransformersEngine(tmp_path, device="cpu") as engine:
        assert isinstance(engine._decoder, SingleDecoder)
        prompt = list(range(9))
        done = await engine.complete(asked(prompt=prompt, max_tokens=10))
    assert "one at a time, which is slow: it " in caplog.text
    assert done.logprobs == pytest.approx(plain_logprobs(tmp_path, prompt, done.token_ids), abs=1e-4)


async def test_weights_in_bfloat16_are_computed_in_float32(folder, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.save_pretrained(tmp_path)
    small_models.tokenizer().save_pretrained(tmp_path)
    async with TransformersEngine(tmp_path, device="cpu") as engine:
        assert engine._loaded.model.dtype == torch.float32
        assert engine.describe()["dtype"] == "float32"


async def test_bfloat16_runs_too(folder):
    async with TransformersEngine(folder, device="cpu", dtype="bfloat16") as engine:
        assert len((await engine.complete(asked(max_tokens=5))).token_ids) == 5


async def test_the_description_is_the_same_before_and_after_loading(folder):
    engine = TransformersEngine(folder, device="cpu", label="small")
    before = engine.describe()
    async with engine:
        assert engine.describe() == before
    assert len(before["weights_sha256"]) == 64


async def test_other_weights_are_described_otherwise(folder, tmp_path):
    other = small_models.llama(tmp_path, seed=1)
    assert (
        TransformersEngine(other).describe()["weights_sha256"]
        != TransformersEngine(folder).describe()["weights_sha256"]
    )


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "config.json").unlink(), "has no config.json, so it is not a model folder"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no .safetensors file"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no"), "cannot be loaded"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be loaded"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
    ],
)
async def test_a_spoiled_folder_is_named(tmp_path, spoil, says):
    folder = small_models.llama(tmp_path / "spoiled")
    spoil(folder)
    with pytest.raises(ScaError, match=says) as error:
        await TransformersEngine(folder).__aenter__()
    assert "spoiled" in str(error.value)
    assert "\n" not in str(error.value)


async def test_weights_of_another_model_are_refused(tmp_path):
    folder = small_models.llama(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3, "layer_types": None}))
    with pytest.raises(ScaError, match=r"the weights lack model\.layers\.2"):
        await TransformersEngine(folder).__aenter__()


@pytest.mark.parametrize("options", [{"device": "abacus"}, {"dtype": "float8"}])
def test_an_unknown_device_or_format_is_wrong_usage(folder, options):
    with pytest.raises(UsageError, match="not a"):
        TransformersEngine(folder, **options)
