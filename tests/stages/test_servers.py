"""`sca rollout` on servers that misbehave: nothing is lost or doubled, and what happened is counted."""

import asyncio
import json
import os
import sys
from collections import Counter

import pytest
from engines.model_server import ModelServer

from sca.scaffold import FOLDER

pytestmark = pytest.mark.docker

FAULTS = {
    "drop": "dropped", "half": "dropped", "busy": "http_429", "broken": "http_500", "nonsense": "broken_body",
    "other_shape": "wrong_shape", "stall": "timeout",
}  # fmt: skip
TASKS, ATTEMPTS = 15, 4


class Shop(ModelServer):
    """Looks at an order, then answers."""

    def reply(self, body):
        acted = any(message["role"] == "assistant" for message in body["messages"])
        return "ANSWER: done END ANSWER" if acted else 'ACTION:\nget_order("A1001")\nEND ACTION'


@pytest.fixture
async def run(tmp_path):
    """Begins `sca rollout` on a server; the file is `out.jsonl`."""
    task = {
        "environment": "shop",
        "instruction": "Send it.",
        "evaluation_function": "def evaluate():\n    return True",
    }
    lines = [json.dumps(task | {"id": f"shop-000000-{number:06d}"}) for number in range(TASKS)]
    (tmp_path / "tasks.jsonl").write_text("\n".join(lines) + "\n")

    async def run(server):
        flags = ["--attempts", str(ATTEMPTS), "-o", "out.jsonl", "--model", "m", "--base-url", server.url]
        flags += ["--engine-option", "timeout=2", "--concurrency", "32", "--env", str(FOLDER)]
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sca", "rollout", "tasks.jsonl", *flags, cwd=tmp_path,
            env=os.environ | {"OPENAI_API_KEY": "sesame-open"}, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    return run


def wanted():
    return [f"shop-000000-{number:06d}-a{attempt}" for number in range(TASKS) for attempt in range(ATTEMPTS)]


async def test_a_run_on_a_server_that_misbehaves_is_whole_and_counts_it(run, tmp_path):
    async with Shop(key="sesame-open").running() as server:
        names = list(FAULTS)
        server.faults = [names[number // 10 % len(names)] if number % 10 == 0 else None for number in range(400)]
        process = await run(server)
        _, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [record["id"] for record in records] == wanted()
    assert all(len(record["messages"]) == 5 for record in records)
    sidecar = (tmp_path / "out.jsonl.meta.json").read_text()
    expected = Counter()
    for fault, count in server.asked.items():
        expected[FAULTS.get(fault, fault)] += count
    answered = expected.pop("answered")
    noted = json.loads(sidecar)["engine"]
    assert (noted["requests"], noted["retries"]) == (answered, dict(expected))
    assert answered == TASKS * ATTEMPTS * 2
    assert f"{sum(expected.values())} requests were made again: " in told.decode()
    assert "sesame" not in sidecar + told.decode() + (tmp_path / "out.jsonl").read_text()


async def test_a_run_that_was_killed_goes_on_with_the_same_ids(run, tmp_path):
    async with Shop(delay=0.2).running() as server:
        # Two answers an attempt: some attempts end, and none ends after those. The kill finds the run half way.
        server.faults = [None] * (TASKS * ATTEMPTS + 20) + ["stall"] * 10_000
        process = await run(server)
        while not (out := tmp_path / "out.jsonl").exists() or not out.read_text():
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        server.faults = []
        before = [json.loads(line)["id"] for line in out.read_text().splitlines()]
        process = await run(server)
        _, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    after = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert (len(set(before)), after) == (len(before), wanted())
    assert 0 < len(before) < len(after)
