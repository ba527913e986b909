"""Every attack fails, every honest program passes, and the task after it is judged as ever, in the same container."""

import asyncio
import importlib
import os
import random

import pytest
import pytest_asyncio
from sandbox.cases import ACCEPTED, TASK, Case

from sca.judging.confirmation import confirm
from sca.judging.verdict import Judgement, check_hand_in, judge
from sca.sandbox.host import DockerSandbox, engine
from sca.sandbox.host.settings import RUN
from sca.scaffold import FOLDER

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]
GROUPS = (
    "benign",
    "resources",
    "forging",
    "tampering",
    "escape",
    "parsing",
    "gaming",
    "reading",
    "readying",
    "cunning",
    "kin",
)
AT_ONCE = int(os.environ.get("SCA_CASES_AT_ONCE", "4"))
ORDER = os.environ.get("SCA_CASES_ORDER")
"""Seed of an order of its own; `make test-all` goes through several, with one worker and with four."""


def _cases():
    for group in GROUPS:
        for case in importlib.import_module(f"sandbox.cases.{group}").CASES:
            yield pytest.param(case, id=f"{group}: {case.name}", marks=[pytest.mark.slow] if case.slow else [])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(request):
    """Judges the cases that were chosen, some at a time, from the first test on; each test awaits its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCA_CANARY", "canary-of-the-host")
        async with DockerSandbox(FOLDER, size=2, tasks_per_container=20) as sandbox:
            places = asyncio.Semaphore(AT_ONCE)

            async def one(case):
                async with places:
                    return await verdicts(case, sandbox)

            chosen = [item.callspec.params["case"] for item in request.session.items if _is_case(item)]
            if ORDER is not None:
                random.Random(ORDER).shuffle(chosen)
            tasks = {case: asyncio.create_task(one(case)) for case in chosen}
            yield tasks
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        client = engine.connect()
        left = client.containers(all=True, filters={"label": f"{RUN}={sandbox._settings.run}"})
        client.close()
        assert left == []


def _is_case(item):
    return "case" in getattr(getattr(item, "callspec", None), "params", {}) and "arena" in item.fixturenames


async def verdicts(case: Case, sandbox):
    """The verdict on a case; then, in the same container, whatever happened in it, that on a sound task."""
    task, judgement = case.task(), Judgement()
    check_hand_in(task, sandbox.limits, judgement)
    if not judgement.sound:
        return judgement.verdict(), None
    async with sandbox.box() as box:
        judgement = await judge(task, box, sandbox.limits)
        after = (await judge(TASK, box, sandbox.limits)).verdict()
    if judgement.sound:
        async with sandbox.box(shared=True) as box:
            await confirm(task, judgement, box)
    return judgement.verdict(), after


@pytest.mark.parametrize("case", list(_cases()))
async def test_a_verdict_is_as_it_must_be(arena, case):
    verdict, after = await arena[case]
    assert case.fits(verdict.reason), f"{verdict.reason or ACCEPTED}: {verdict.detail}"
    assert len(verdict.detail) < 20_000
    assert after is None or after.valid, after
