"""verifiers' ToolEnv in process against the stub server. Runs in the peers' environment; prints its cost."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import verifiers
from datasets import Dataset
from verifiers.types import ClientConfig


def estimate_final_value(price: float, tariff: float) -> float:
    """Price and tariff together.

    Args:
        price: The price.
        tariff: The tariff on it.
    """
    return price + tariff


async def main(url: str, dialogues: int, at_once: int, turns: int, folder: Path, system: int) -> None:
    """Make the dialogues, saved as `vf-eval -s` does."""
    prompt = [{"role": "system", "content": "x" * system}, {"role": "user", "content": "What is 12.5 + 1?"}]
    rows = Dataset.from_list([{"prompt": prompt, "answer": "13.5"}] * dialogues)
    environment = verifiers.ToolEnv(
        tools=[estimate_final_value], max_turns=turns + 2, eval_dataset=rows, rubric=verifiers.Rubric()
    )
    os.environ["STUB_KEY"] = "none"
    client = ClientConfig(api_key_var="STUB_KEY", api_base_url=f"{url}/v1")
    inputs = environment.get_eval_dataset()
    wall, cpu = time.perf_counter(), time.process_time()
    made = await environment.generate(
        inputs, client, "stub", max_concurrent=at_once, results_path=folder, save_results=True,
        on_progress=lambda *told: None,
    )  # fmt: skip
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    spoken = sum(message.get("role") == "assistant" for one in made["outputs"] for message in one["completion"])
    assert spoken == dialogues * turns, (spoken, dialogues, turns)
    print(json.dumps({"turns": spoken, "wall": wall, "cpu": cpu}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:5]), Path(sys.argv[5]), int(sys.argv[6])))
