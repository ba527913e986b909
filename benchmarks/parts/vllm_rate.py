"""Tokens a second of many live episodes on vLLM, beside a bare `LLM.generate` over the very same token prompts.

    python benchmarks/parts/vllm_rate.py        about two minutes; the last line is JSON

The episodes are dialogues of the executor with the model that ships: real prompts, the engine and the bookkeeping of
tokens of `sca rollout`, recorded observations in place of the sandbox. The bare run has all prompts of all turns at
hand from the beginning, with the same sampling, stop strings and seeds; ours has to wait for each turn before it
knows the next. Each runs in a process of its own, with the same arguments of the engine.
"""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

if importlib.util.find_spec("vllm") is None:
    raise ImportError("vllm is not installed")

REPO = Path(__file__).resolve().parents[2]
EPISODES, TURNS, MAX_TOKENS = 256, 4, 80
STOP = ("END ACTION", "END ANSWER")
OPTIONS = {"max_num_seqs": 256, "kv_cache_memory_bytes": 2 << 30}
OBSERVATIONS = ("12.5", "Traceback (most recent call last):\nToolError: no such code", "['AB12', 'CD34']", "True")


def measure(episodes: int = EPISODES, turns: int = TURNS) -> dict[str, Any]:
    """Figures of one pair of runs: `ratio_bare_vllm` by the clock, `ratio_bare_vllm_cpu` by the processor's time.

    The latter holds on a machine that others use, too.
    """
    with tempfile.TemporaryDirectory() as folder:
        prompts = Path(folder) / "prompts.json"
        ours = _run("ours", prompts, episodes, turns)
        bare = _run("bare", prompts, episodes, turns)
    return {
        "ratio_bare_vllm": round(ours["tokens_per_s"] / bare["tokens_per_s"], 3),
        "ratio_bare_vllm_cpu": round(ours["tokens_per_cpu_s"] / bare["tokens_per_cpu_s"], 3),
        "vllm_tokens_per_s": round(ours["tokens_per_s"], 1),
        "bare_tokens_per_s": round(bare["tokens_per_s"], 1),
        "prefix_cache_hit_rate": ours["prefix_cache_hit_rate"],
        "vllm_episodes": episodes,
        "vllm_turns": ours["turns"],
    }


def ratio() -> float:
    """How many tokens a second ours makes for each one of a bare `LLM.generate`; prints the figures."""
    figures = measure()
    print(json.dumps(figures))
    return float(figures["ratio_bare_vllm"])


def _run(side: str, prompts: Path, episodes: int, turns: int) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    command = [sys.executable, __file__, side, str(prompts), str(episodes), str(turns)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{side}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    figures: dict[str, Any] = json.loads(_result(prompts).read_text())  # vLLM has the last word on stdout
    return figures


def _result(prompts: Path) -> Path:
    """Where a side leaves its figures."""
    return prompts.with_name("result.json")


async def _ours(place: Path, episodes: int, turns: int) -> dict[str, Any]:
    from sca.dialogue.prompts import executor_prompt
    from sca.dialogue.setting import Setting
    from sca.engines import Sampling
    from sca.engines.opening import open_engine
    from sca.records.contract import Task
    from sca.records.reading import read

    setting = Setting.open("calculation")
    tasks = read(setting.test_tasks, Task).records
    asked: list[tuple[list[int], int]] = []
    starts = [executor_prompt(setting, tasks[number % len(tasks)], "brief", turns) for number in range(episodes)]
    async with open_engine("vllm", None, **OPTIONS) as engine:
        await _episode(engine, "warm", starts[0], 1, [], Sampling(max_tokens=MAX_TOKENS, stop=STOP))
        began, spent = time.perf_counter(), _processor()
        made = await asyncio.gather(
            *(
                _episode(engine, f"e-{number}", start, turns, asked, Sampling(max_tokens=MAX_TOKENS, stop=STOP))
                for number, start in enumerate(starts)
            )
        )
        seconds, spent = time.perf_counter() - began, _processor() - spent
        rate = engine.report()["prefix_cache_hit_rate"]
    place.write_text(json.dumps(asked))
    return _figures(sum(made), seconds, spent) | {"prefix_cache_hit_rate": rate, "turns": len(asked)}


async def _episode(engine: Any, key: str, start: Any, turns: int, asked: list[Any], sampling: Any) -> int:
    """One dialogue; the tokens that were sampled in it."""
    from sca.dialogue.conversation import Conversation
    from sca.engines import ContextOverflow, Request
    from sca.records.contract import Message
    from sca.records.ids import seed_for

    conversation = Conversation(start, engine.renderer)
    for turn in range(turns):
        seed = seed_for(0, key, turn)
        request = Request(f"{key}:{turn}", conversation.chat(), conversation.prompt_ids(), sampling, seed)
        try:
            conversation.reply(await engine.complete(request))
        except ContextOverflow:
            break
        asked.append((list(request.prompt_ids or ()), seed))
        conversation.say(Message(role="tool", content=OBSERVATIONS[turn % len(OBSERVATIONS)]))
    return conversation.usage.get("completion_tokens", 0)


def _bare(place: Path) -> dict[str, Any]:
    os.environ["TORCHDYNAMO_DISABLE"] = "1"  # as the engine sets it on a CPU
    from vllm import LLM, SamplingParams, TokensPrompt

    from sca.engines.opening import SHIPPED
    from sca.engines.vllm_engine import SEED_BITS, fit_for_cpu

    asked = json.loads(place.read_text())
    llm = LLM(str(SHIPPED), enable_prefix_caching=True, **{**fit_for_cpu(SHIPPED), **OPTIONS})
    prompts = [TokensPrompt(prompt_token_ids=ids) for ids, _ in asked]
    params = [
        SamplingParams(
            temperature=1.0, max_tokens=MAX_TOKENS, stop=list(STOP), include_stop_str_in_output=True,
            seed=seed & SEED_BITS, logprobs=0,
        )
        for _, seed in asked
    ]  # fmt: skip
    llm.generate(prompts[:1], params[:1], use_tqdm=False)
    began, spent = time.perf_counter(), _processor()
    outputs = llm.generate(prompts, params, use_tqdm=False)
    seconds, spent = time.perf_counter() - began, _processor() - spent
    return _figures(sum(len(output.outputs[0].token_ids) for output in outputs), seconds, spent)


def _processor() -> float:
    """Processor seconds of this process and of all that it started."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _figures(tokens: int, seconds: float, spent: float) -> dict[str, Any]:
    return {"tokens_per_s": tokens / seconds, "tokens_per_cpu_s": tokens / spent}


def main() -> None:
    """Measure, or be one of the two sides."""
    if len(sys.argv) == 1:
        print(json.dumps(measure()))
        return
    side, place, episodes, turns = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    figures = asyncio.run(_ours(place, episodes, turns)) if side == "ours" else _bare(place)
    _result(place).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
