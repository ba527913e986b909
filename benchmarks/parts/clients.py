"""Ways to run many dialogues against one server: ours as `sca rollout` does it, and a bare aiohttp loop."""

import asyncio
import gc
import json
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from parts.recorded import RecordedSandbox
from sca.dialogue.attempts import ModelAgent
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import Sampling
from sca.engines.openai_engine import OpenAIEngine
from sca.judging.reward import Judge
from sca.progress import Silence
from sca.records.contract import Task, Trajectory
from sca.records.output import Output
from sca.sandbox.host import DockerSandbox
from sca.stages.rollouts import run_rollouts

SYSTEM = 6_000  # characters of the prompt that every dialogue begins with


@dataclass(frozen=True)
class Cost:
    """What a client did."""

    turns: int
    wall: float  # seconds
    cpu: float  # seconds of the client's process

    @property
    def rate(self) -> float:
        """Turns a second."""
        return self.turns / self.wall

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU a turn."""
        return 1e3 * self.cpu / self.turns


class Clock:
    """Wall and CPU time since it was made."""

    def __init__(self) -> None:
        gc.collect()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def cost(self, turns: int) -> Cost:
        """So far."""
        return Cost(turns, time.perf_counter() - self._wall, time.process_time() - self._cpu)


async def ours(url: str, dialogues: int, at_once: int, turns: int, folder: Path, *, containers: bool = False) -> Cost:
    """The rollout stage, its records written, over recorded observations or over real containers."""
    setting = Setting.open("calculation")
    sandbox = DockerSandbox(setting.folder) if containers else RecordedSandbox()
    text = "What is 12.5 plus a tariff of 1? "
    task = Task(
        id="t", environment="calculation", family="trade_calculator", instruction=text * (SYSTEM // len(text)),
        evaluation_function="def evaluate(answer):\n    return same(answer, 13.5)",
    )  # fmt: skip
    tasks = [task.model_copy(update={"id": f"calculation-000000-{number:06d}"}) for number in range(dialogues)]
    out = folder / f"ours-{at_once}-{containers}.jsonl"
    async with OpenAIEngine("stub", base_url=f"{url}/v1", in_flight=at_once) as engine, sandbox:
        agent = ModelAgent(setting, Asker(engine, Sampling(), 0), ExecutorRules("full"))
        clock = Clock()
        with Output.open(out, Trajectory, {"stage": "benchmark"}) as output:
            made, losses = await run_rollouts(
                tasks, 1, agent, Judge("check"), sandbox, output,
                run="000000", state_changes=False, concurrency=at_once, progress=Silence(),
            )  # fmt: skip
            output.finish(counts={"attempts": len(made)})
        cost = clock.cost(dialogues * turns)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    spoken = sum(message["role"] == "assistant" for line in lines for message in line["messages"])
    if losses.stalls.count:
        print(f"the event loop stalled {losses.stalls}")
    assert (len(lines), spoken, losses.lost) == (dialogues, dialogues * turns, []), "an attempt is missing"
    assert all(line["reward"] == 1 and len(line["calls"]) == turns - 1 for line in lines)
    return cost


async def bare(url: str, dialogues: int, at_once: int, turns: int) -> Cost:
    """The least that Python can do: aiohttp, json, a list of messages; nothing is kept."""
    waiting = iter(range(dialogues))

    async def dialogue(session: aiohttp.ClientSession) -> None:
        messages = [{"role": "system", "content": "x" * SYSTEM}, {"role": "user", "content": "What is 12.5 + 1?"}]
        for _ in range(turns):
            body = {"model": "stub", "messages": messages, "temperature": 1.0, "max_tokens": 1024}
            async with session.post(f"{url}/v1/chat/completions", data=json.dumps(body).encode()) as response:
                answer = json.loads(await response.read())
            messages.append({"role": "assistant", "content": answer["choices"][0]["message"]["content"]})
            messages.append({"role": "user", "content": "OUTPUT:\n13.5"})

    async def worker(session: aiohttp.ClientSession) -> None:
        for _ in waiting:
            await dialogue(session)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        clock = Clock()
        await asyncio.gather(*(worker(session) for _ in range(at_once)))
        return clock.cost(dialogues * turns)
