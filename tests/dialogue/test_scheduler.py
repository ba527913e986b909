import asyncio

import pytest

from sca.dialogue.scheduler import Patience, run_all
from sca.errors import InfraError, SandboxError

QUICK = Patience(attempts=3, pause=0.0, losses=2)


async def test_every_job_is_done_once_and_never_too_many_at_a_time():
    live, most, done = 0, 0, []

    async def work(job):
        nonlocal live, most
        live += 1
        most = max(most, live)
        await asyncio.sleep(0)
        live -= 1
        return job

    losses = await run_all(range(50), work, done.append, concurrency=7)
    assert sorted(done) == list(range(50))
    assert most == 7
    assert not losses.lost


async def test_a_fault_of_the_machinery_is_retried_and_is_no_result():
    tries: dict[int, int] = {}
    done = []

    async def work(job):
        tries[job] = tries.get(job, 0) + 1
        if job == 3 and tries[job] < 3:
            raise SandboxError("container lost")
        return job

    losses = await run_all(range(5), work, done.append, 2, QUICK)
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert losses.retried == 2
    assert losses.lost == []


async def test_a_job_that_keeps_failing_is_lost_and_counted_while_the_others_go_on():
    done = []

    async def work(job):
        if job == 1:
            raise SandboxError("container lost")
        return job

    losses = await run_all(range(4), work, done.append, 1, QUICK)
    assert done == [0, 2, 3]
    assert losses.lost == [(1, "container lost")]


async def test_machinery_that_is_down_stops_the_run_with_its_own_error():
    done = []

    async def work(job):
        if job >= 2:
            raise InfraError("the engine is gone")
        return job

    with pytest.raises(InfraError, match="the engine is gone"):
        await run_all(range(100), work, done.append, 1, QUICK)
    assert done == [0, 1]


async def test_a_bug_keeps_its_own_exception_and_costs_no_other_job():
    done = []

    async def work(job):
        return 1 // (job - 1)

    with pytest.raises(ZeroDivisionError) as raised:
        await run_all(range(5), work, done.append, 2, QUICK)
    assert done == [-1, 1, 0, 0]
    assert raised.value.__notes__ == ["This is a bug, met by 1 of the jobs; all others were done first."]


async def test_a_bug_that_every_job_meets_stops_the_run():
    begun = []

    async def work(job):
        begun.append(job)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_all(range(100), work, print, 1, QUICK)
    assert begun == [0, 1]
