"""What prompts begin with is computed once, to the same bits, in bounded memory."""

import asyncio
import random

import pytest
import small_models
import torch

from sca.engines import Request, Sampling
from sca.engines.batching import BatchDecoder
from sca.engines.choice import CHUNK
from sca.engines.prefix_cache import PrefixCache
from sca.engines.slot_cache import SlotCache
from sca.engines.transformers_engine import TransformersEngine


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"))


def dialogues(count: int) -> list[Request]:
    """Three beginnings, and dialogues of three turns from each, as one episode after another would ask for them."""
    chance = random.Random(3)

    def some(number: int) -> list[int]:
        return [chance.randrange(300) for _ in range(number)]

    beginnings, wanted = [some(number) for number in (31, 64, 70)], []
    for number in range(count):
        prompt = beginnings[number % 3] + some(chance.choice([1, 5, 32]))
        for turn in range(3):
            wanted.append(
                Request(f"r{number}:{turn}", [], prompt, Sampling(max_tokens=6), seed=chance.getrandbits(64))
            )
            prompt = prompt + some(chance.choice([1, 20, 40]))
    return wanted


async def completed(engine, wanted, at_once):
    room = asyncio.Semaphore(at_once)

    async def complete(request):
        async with room:
            return await engine.complete(request)

    return await asyncio.gather(*(complete(request) for request in wanted))


async def test_what_is_taken_from_it_changes_no_bit(folder):
    wanted = dialogues(12)
    async with TransformersEngine(folder, device="cpu") as engine:
        engine._decoder.prefixes = PrefixCache(CHUNK, 0)
        computed = await completed(engine, wanted, 1)
        assert engine._decoder.prefixes.cached_tokens == 0
    for at_once in (1, 7, 36):
        async with TransformersEngine(folder, device="cpu") as engine:
            assert await completed(engine, wanted, at_once) == computed
            assert await completed(engine, wanted[::-1], at_once) == computed[::-1]
            assert engine.report()["prefix_cache_hit_rate"] > 0.5


async def test_little_room_changes_no_bit(folder):
    wanted = dialogues(12)
    async with TransformersEngine(folder, device="cpu") as engine:
        computed = await completed(engine, wanted, 36)
        engine._decoder._max_cells, engine._decoder.prefixes = 8 * 256, PrefixCache(CHUNK, 5 * CHUNK)
        assert await completed(engine, wanted, 36) == computed


async def test_a_long_prompt_keeps_its_rows_when_a_short_one_comes(folder):
    chance = random.Random(5)
    long = [chance.randrange(300) for _ in range(400)]
    short = [Request(f"s{n}:0", [], [*long[:33], n], Sampling(max_tokens=4), seed=n) for n in range(3)]
    wanted = [Request("l:0", [], long, Sampling(max_tokens=4), seed=9), *short]
    async with TransformersEngine(folder, device="cpu") as engine:
        apart = [await engine.complete(request) for request in wanted]
        decoder = BatchDecoder(engine._loaded.model, context=512, max_rows=8, max_cells=1 << 16, chunk=CHUNK)
        jobs = [engine._job(request) for request in [short[0], *wanted]]
        with torch.inference_mode():
            decoder.add(jobs[0])
            while decoder.jobs:
                decoder.step()
            decoder._stage._max_cells = 2 * 256  # what is not asked for is cut off
            decoder.add(jobs[1])
            for _ in range(6):
                decoder.step()
            for job in jobs[2:]:
                decoder.add(job)
            while decoder.jobs:
                decoder.step()
        assert [job.future.result() for job in jobs[1:]] == apart


async def test_weights_that_changed_are_not_answered_with_old_keys(folder, tmp_path):
    """The model in training is lent again for each iteration."""
    from sca.engines.weights import load

    wanted = dialogues(2)
    loaded = load(folder, device=torch.device("cpu"), dtype=torch.float32)
    engine = TransformersEngine(folder, device="cpu")
    engine.lend(loaded)
    async with engine:
        before = await completed(engine, wanted, 4)
    with torch.no_grad():
        for weight in loaded.model.parameters():
            weight.mul_(1.5)
    async with engine:
        after = await completed(engine, wanted, 4)
        engine._decoder.prefixes = PrefixCache(CHUNK, 0)
        assert await completed(engine, wanted, 4) == after
    assert [one.logprobs for one in after] != [one.logprobs for one in before]


def test_the_longest_unused_goes_first_and_no_more_is_kept_than_there_is_room_for():
    cache = SlotCache(1 << 16)
    cache.place(torch.arange(64).expand(1, 64), 128)
    cache.update(torch.randn(1, 2, 64, 4), torch.randn(1, 2, 64, 4), 0)
    prefixes = PrefixCache(32, 3 * 32)
    prompts = [[number] * 40 for number in range(4)]
    for prompt in prompts[:3]:
        prefixes.keep(prefixes.find(prompt, 39)[0][0], cache, 0, 0)
    assert len(prefixes.find(prompts[0], 39)[1]) == 1
    prefixes.keep(prefixes.find(prompts[3], 39)[0][0], cache, 0, 32)
    assert [len(prefixes.find(prompt, 39)[1]) for prompt in prompts] == [1, 0, 1, 1]
    assert torch.equal(prefixes.find(prompts[3], 39)[1][0][0], cache.keys[0][0, :, 32:64])


def test_a_chunk_is_known_by_all_that_comes_before_it():
    prefixes = PrefixCache(2, 100)
    assert prefixes.find([1, 2, 3, 4, 5], 4)[0][0] == prefixes.find([1, 2, 9, 4], 3)[0][0]
    assert prefixes.find([1, 2, 3, 4], 4)[0][1] != prefixes.find([7, 2, 3, 4], 4)[0][1]
    assert len(prefixes.find([1, 2, 3, 4], 3)[0]) == 1
