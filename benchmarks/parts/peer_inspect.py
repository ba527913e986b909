"""Inspect's generate loop with a tool against the stub server. Runs in the peers' environment; prints its cost."""

import json
import os
import sys
import time
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import Tool, tool


@tool
def estimate_final_value() -> Tool:
    """The tool that the stub calls."""

    async def execute(price: float, tariff: float) -> float:
        """Price and tariff together.

        Args:
            price: The price.
            tariff: The tariff on it.
        """
        return price + tariff

    return execute


def main(url: str, dialogues: int, at_once: int, turns: int, folder: Path, system: int) -> None:
    """Make the dialogues, logged as `inspect eval` does."""
    os.environ |= {"STUB_BASE_URL": f"{url}/v1", "STUB_API_KEY": "none", "INSPECT_DISPLAY": "none"}
    prompt = [ChatMessageSystem(content="x" * system), ChatMessageUser(content="What is 12.5 + 1?")]
    samples = [Sample(input=prompt, target="13.5", id=number + 1) for number in range(dialogues)]
    task = Task(samples, solver=[use_tools(estimate_final_value()), generate()], scorer=includes())
    wall, cpu = time.perf_counter(), time.process_time()
    (log,) = eval(
        task, model="openai-api/stub/stub", max_connections=at_once, max_samples=at_once, log_dir=str(folder),
        display="none", log_level="error",
    )  # fmt: skip
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert log.status == "success", log.error
    spoken = sum(message.role == "assistant" for sample in log.samples or [] for message in sample.messages)
    assert spoken == dialogues * turns, (spoken, dialogues, turns)
    print(json.dumps({"turns": spoken, "wall": wall, "cpu": cpu}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]), Path(sys.argv[5]), int(sys.argv[6]))
