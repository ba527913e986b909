"""In fp32 on a CPU a completion is the same bits whatever else the engine does."""

import asyncio
import random
from collections.abc import Sequence

import pytest
import small_models
import torch
from transformers import MixtralConfig

from sca.engines import Completion, Request, Sampling
from sca.engines.batching import PREFILL_ROWS, ROWS
from sca.engines.choice import batches_agree
from sca.engines.slot_cache import ON_CPU
from sca.engines.transformers_engine import TransformersEngine
from sca.engines.weights import load

SHAPES = {
    "grouped": {},
    "odd sizes": {"hidden_size": 84, "num_attention_heads": 3, "num_key_value_heads": 3, "intermediate_size": 100},
}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
async def engine(request, tmp_path_factory):
    folder = small_models.llama(tmp_path_factory.mktemp("model"), **request.param)
    async with TransformersEngine(folder, device="cpu") as engine:
        yield engine


def requests(seed: int, count: int) -> list[Request]:
    """A mixture of lengths on both sides of every chunk and block, of temperatures and of limits."""
    chance = random.Random(seed)
    return [
        Request(
            key=f"r{number}:0",
            messages=[],
            prompt_ids=[
                chance.randrange(300) for _ in range(chance.choice([1, 2, 31, 32, 33, 34, 65, 100, 128, 129]))
            ],
            sampling=Sampling(
                temperature=chance.choice([0.0, 0.7, 1.0, 1.0]),
                top_p=chance.choice([0.9, 1.0, 1.0]),
                max_tokens=chance.choice([1, 7, 20, 40]),
            ),
            seed=chance.getrandbits(64),
        )
        for number in range(count)
    ]


async def completed(
    engine: TransformersEngine, wanted: Sequence[Request], *, at_once: int, order: int
) -> list[Completion]:
    room = asyncio.Semaphore(at_once)

    async def complete(number: int) -> tuple[int, Completion]:
        async with room:
            return number, await engine.complete(wanted[number])

    shuffled = list(range(len(wanted)))
    random.Random(order).shuffle(shuffled)
    done = dict(await asyncio.gather(*(complete(number) for number in shuffled)))
    return [done[number] for number in range(len(wanted))]


@pytest.fixture(scope="module")
async def alone(engine):
    return await completed(engine, requests(0, 30), at_once=1, order=0)


@pytest.mark.parametrize(("at_once", "order"), [(30, 1), (30, 2), (6, 3)])
async def test_neither_batch_nor_arrival_changes_a_bit(engine, alone, at_once, order):
    assert await completed(engine, requests(0, 30), at_once=at_once, order=order) == alone


async def test_another_seed_gives_another_text(engine):
    first, second = (Request("k:0", [], [5, 6, 7], Sampling(max_tokens=20), seed=seed) for seed in (1, 2))
    assert (await engine.complete(first)).token_ids != (await engine.complete(second)).token_ids


async def test_a_cancelled_neighbour_changes_nothing(engine, alone):
    wanted = requests(0, 20)
    others = [asyncio.create_task(engine.complete(request)) for request in requests(9, 30)]
    kept = [asyncio.create_task(engine.complete(request)) for request in wanted]
    await asyncio.wait(kept, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    assert list(await asyncio.gather(*kept)) == alone[:20]


async def test_a_small_cache_delays_and_changes_nothing(engine, alone):
    decoder = engine._decoder
    roomy, decoder._max_cells = decoder._max_cells, 8 * 256
    try:
        assert await completed(engine, requests(0, 30), at_once=30, order=4) == alone
    finally:
        decoder._max_cells = roomy


async def test_the_number_of_threads_changes_nothing(engine, alone):
    before = torch.get_num_threads()
    async with TransformersEngine(engine.model, device="cpu", threads=2 if before == 1 else 1) as other:
        assert await completed(other, requests(0, 6), at_once=6, order=0) == alone[:6]
    torch.set_num_threads(before)


def test_the_look_at_batches_finds_rows_that_disagree(tmp_path):
    loaded = load(small_models.llama(tmp_path), device=torch.device("cpu"), dtype=torch.float32, attention=ON_CPU)
    assert batches_agree(loaded.model, PREFILL_ROWS, ROWS[:4])
    loaded.model.lm_head.register_forward_hook(lambda module, given, out: out + 1e-6 * out.shape[0])
    assert not batches_agree(loaded.model, PREFILL_ROWS, ROWS[:4])


async def test_experts_that_share_their_batches_are_decoded_one_by_one(tmp_path, caplog):
    small_models.save(tmp_path, MixtralConfig, num_local_experts=4, num_experts_per_tok=2, sliding_window=None)
    async with TransformersEngine(tmp_path, device="cpu") as engine:
        wanted = requests(0, 6)
        alone = await completed(engine, wanted, at_once=1, order=0)
        assert await completed(engine, wanted, at_once=6, order=1) == alone
    assert "its rows are not the same bits in every batch" in caplog.text
