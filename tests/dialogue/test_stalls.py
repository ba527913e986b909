"""Steps that hold the event loop up are counted, with where they were."""

import asyncio
import time

from sca.dialogue.scheduler import run_all
from sca.dialogue.stalls import LONGEST, Stalls, watching


def hold_up(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def test_a_step_that_takes_long_is_counted_with_its_length():
    stalls = Stalls()
    with watching(stalls):
        await asyncio.sleep(0.03)
        hold_up(1.0)
        await asyncio.sleep(0.03)
    assert stalls.count == 1
    assert stalls.longest > 0.8  # the watch itself may come late to its first look at the step
    assert "hold_up" in str(stalls)


async def test_what_keeps_the_interpreter_to_itself_is_counted():
    stalls = Stalls()
    with watching(stalls):
        for _ in range(50):  # a watch that gets no core sees nothing
            await asyncio.sleep(0.03)
            sum(range(20_000_000))  # one call into C, which lets no thread in
            if stalls.count:
                break
    assert stalls.count >= 1


async def test_many_short_steps_and_waiting_are_no_stall():
    stalls = Stalls()

    async def short():
        hold_up(0.002)

    with watching(stalls):
        await asyncio.gather(*(short() for _ in range(500)))  # all ready at once: the loop is busy for a second
        await asyncio.sleep(2 * LONGEST)
    assert stalls.longest < 0.5  # on a busy machine a step may take longer than its 2 ms; together they take 1,000


async def test_the_scheduler_tells_of_stalls():
    async def work(job):
        hold_up(0.15 if job == 3 else 0.0)
        await asyncio.sleep(0.02)

    losses = await run_all(range(5), work, lambda result: None, 2)
    assert losses.stalls.count >= 1
