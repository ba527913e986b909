"""vLLM for real, on the model that ships: started once for this file; the last test kills it."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("vllm", reason="vLLM has no build for this machine", exc_type=ImportError)

import psutil
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from small_models import plain_logprobs
from transformers import AutoModelForCausalLM

from sca.dialogue.attempts import ModelAgent
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import ContextOverflow, Request, Sampling
from sca.engines.opening import SHIPPED, open_engine
from sca.engines.resident import Resident
from sca.engines.tokenizing import tokenizer_of
from sca.engines.vllm_process import Options
from sca.errors import EngineError, ScaError, UsageError
from sca.judging.reward import Judge
from sca.progress import Silence
from sca.records.contract import Task, Trajectory
from sca.records.output import Output
from sca.records.reading import read
from sca.sandbox.host.double import SubprocessSandbox
from sca.stages.rollouts import run_rollouts

SMALL = {"kv_cache_memory_bytes": str(1 << 30)}
CHAT = [{"role": "system", "content": "Be brief. " * 60}, {"role": "user", "content": "What is 12.5 plus 3?"}]
ASK = Request("k:0", CHAT, None, Sampling(0.7, 0.9, 60, ("END ACTION", "END ANSWER")), seed=2**63 + 7)


class Said:
    """What this process and its children write to stdout and stderr in here."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "said"

    def __enter__(self):
        sys.stdout.flush()
        sys.stderr.flush()
        self._kept = [os.dup(1), os.dup(2)]
        with self._path.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        return self

    def __exit__(self, *exc):
        for number, kept in enumerate(self._kept, start=1):
            os.dup2(kept, number)
            os.close(kept)

    @property
    def text(self):
        return self._path.read_text()


@pytest.fixture(scope="module")
async def started(tmp_path_factory):
    """The engine, and what was said while it started."""
    engine = open_engine("vllm", None, **SMALL)
    with Said(tmp_path_factory.mktemp("said")) as said:
        await engine.__aenter__()
    yield engine, said
    await engine.__aexit__()


@pytest.fixture
def engine(started):
    return started[0]


def test_nothing_is_said_while_it_starts(started):
    assert started[1].text == ""


async def test_logprobs_are_the_models_at_temperature_1(engine):
    said = await engine.complete(ASK)
    model = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    expected = plain_logprobs(model, engine.renderer.prompt(CHAT), said.token_ids)
    assert said.logprobs == pytest.approx(expected, abs=1e-3)


async def test_the_text_is_that_of_the_tokens_up_to_the_stop_string(engine):
    said = await engine.complete(ASK)
    decoded = tokenizer_of(SHIPPED).decode(said.token_ids, skip_special_tokens=True)
    assert said.finish_reason == "stop"
    assert said.text.endswith(("END ACTION", "END ANSWER"))
    assert decoded.startswith(said.text)


async def test_greedy_tokens_are_those_of_the_other_engine(engine):
    greedy = replace(ASK, sampling=replace(ASK.sampling, temperature=0.0, top_p=1.0))
    async with open_engine("transformers", None, device="cpu") as other:
        assert (await engine.complete(greedy)).token_ids == (await other.complete(greedy)).token_ids


async def test_a_seed_says_what_is_sampled(engine):
    first, again = await asyncio.gather(engine.complete(ASK), engine.complete(ASK))
    assert first == again
    others = await asyncio.gather(*(engine.complete(replace(ASK, seed=seed)) for seed in range(8)))
    assert len({one.text for one in others}) > 1


async def test_a_completion_ends_at_its_limit_and_usage_is_counted(engine):
    said = await engine.complete(replace(ASK, prompt_ids=[5, 6, 7], sampling=Sampling(max_tokens=3)))
    assert (said.finish_reason, len(said.token_ids)) == ("length", 3)
    assert said.usage == {"prompt_tokens": 3, "completion_tokens": 3}


async def test_the_limit_is_what_the_context_leaves(engine):
    prompt = [5] * (engine.context - 4)
    said = await engine.complete(replace(ASK, prompt_ids=prompt, sampling=Sampling(max_tokens=30)))
    assert len(said.token_ids) <= 4


async def test_a_prompt_without_room_is_an_outcome(engine):
    room = engine.context
    with pytest.raises(ContextOverflow, match=f"a prompt of {room} tokens, a context of {room}"):
        await engine.complete(replace(ASK, prompt_ids=[5] * room))


async def test_many_at_once_share_what_their_prompts_begin_with(engine):
    before = engine.report()
    said = await asyncio.gather(*(engine.complete(replace(ASK, seed=seed)) for seed in range(100)))
    after = engine.report()
    assert after["requests"] - before["requests"] == len(said) == 100
    assert after["cached_tokens"] > before["cached_tokens"]
    assert 0 < after["prefix_cache_hit_rate"] < 1


async def test_two_runs_have_equal_ids_prompts_and_order(engine, tmp_path):
    setting = Setting.open("calculation")
    tasks = read(setting.test_tasks, Task).records[:3]
    agent = ModelAgent(setting, Asker(engine, Sampling(max_tokens=80), 0), ExecutorRules("brief", 3))

    async def run(name, concurrency):
        async with SubprocessSandbox(setting.folder) as sandbox:
            with Output.open(tmp_path / name, Trajectory, {}) as out:
                await run_rollouts(
                    tasks,
                    2,
                    agent,
                    Judge("check"),
                    sandbox,
                    out,
                    run="x",
                    state_changes=False,
                    concurrency=concurrency,
                    progress=Silence(),
                )
                out.finish(counts={})
        return list(read(tmp_path / name, Trajectory).records)

    first, second = await run("a.jsonl", 3), await run("b.jsonl", 12)
    assert [one.id for one in first] == [one.id for one in second]
    for one, other in zip(first, second, strict=True):
        assert one.messages[:2] == other.messages[:2]
        assert prompt_of(one) == prompt_of(other)
        assert len(one.tokens[0].logprobs) == sum(end - start for start, end in one.tokens[0].trained)


def prompt_of(attempt):
    """Ids before the first sampled one."""
    return attempt.tokens[0].ids[: attempt.tokens[0].trained[0][0]]


@pytest.mark.slow  # starts an engine of its own
async def test_an_adapter_is_run_beside_its_base(tmp_path):
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    settings = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(base, settings).save_pretrained(tmp_path)
    async with open_engine("vllm", str(tmp_path), **SMALL) as engine:
        said = await engine.complete(ASK)
        prompt = engine.renderer.prompt(CHAT)
        for number in range(2):  # one after the other takes the place of the last
            await renewed_adapter(engine, tmp_path / str(number))
    plain = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    without = plain_logprobs(plain, prompt, said.token_ids)
    adapted = plain_logprobs(PeftModel.from_pretrained(plain, tmp_path), prompt, said.token_ids)
    assert said.logprobs == pytest.approx(adapted, abs=5e-3)
    assert said.logprobs != pytest.approx(without, abs=5e-2)


async def renewed_adapter(engine, folder):
    """Another adapter takes the place of the one that the engine runs."""
    plain = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    settings = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    other = get_peft_model(plain, settings)
    other.save_pretrained(folder)
    await engine.renew(folder)
    said = await engine.complete(ASK)
    expected = plain_logprobs(other, engine.renderer.prompt(CHAT), said.token_ids)
    assert said.logprobs == pytest.approx(expected, abs=5e-3)


async def test_other_weights_are_run_without_a_restart_and_nothing_is_left_of_the_old_ones(engine, tmp_path):
    before = await engine.complete(ASK)
    model = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    torch.manual_seed(0)
    with torch.no_grad():  # the head is tied to the embeddings, so both change
        for one in model.parameters():
            one.mul_(1 + 0.02 * torch.randn_like(one))
    model.save_pretrained(tmp_path / "other")
    processes = psutil.Process().children(recursive=True)
    async with Resident(engine, lambda: tmp_path / "other") as running:
        cached = engine.report()["cached_tokens"]
        said = await running.complete(ASK)
    prompt = engine.renderer.prompt(CHAT)
    assert said.logprobs == pytest.approx(plain_logprobs(model, prompt, said.token_ids), abs=1e-4)
    plain = AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)
    assert said.logprobs != pytest.approx(plain_logprobs(plain, prompt, said.token_ids), abs=1e-2)
    assert engine.report()["cached_tokens"] == cached
    assert psutil.Process().children(recursive=True) == processes
    await engine.renew(SHIPPED)
    assert (await engine.complete(ASK)).token_ids == before.token_ids


def test_options_are_read_as_on_its_own_command_line():
    said = {"tensor_parallel_size": "2", "enforce_eager": "false", "gpu_memory_utilization": "0.5", "max_num_seqs": 7}
    assert Options(said).typed() == {
        "tensor_parallel_size": 2,
        "enforce_eager": False,
        "gpu_memory_utilization": 0.5,
        "max_num_seqs": 7,
    }


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"tensor_paralel_size": "2"}, "no such engine argument; near it: tensor_parallel_size"),
        ({"max_num_seqs": "many"}, "--engine-option: .*max-num-seqs"),
        ({"enforce_eager": "perhaps"}, "enforce_eager=perhaps: say true or false"),
        ({"trust_remote_code": "true"}, "trust_remote_code: is set by sca"),
    ],
)
def test_an_option_that_does_not_fit_is_wrong_usage(option, says):
    with pytest.raises(UsageError, match=says):
        Options(option).typed()


async def test_a_model_that_cannot_be_run_is_one_line_with_the_log(tmp_path):
    for file in SHIPPED.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (tmp_path / "config.json").read_text().replace('"LlamaForCausalLM"', '"SteamForCausalLM"')
    (tmp_path / "config.json").write_text(config.replace('"model_type": "llama"', '"model_type": "steam"'))
    with pytest.raises(ScaError, match=r"vLLM did not start: .*; its log is /\S+\.log") as error:
        await open_engine("vllm", str(tmp_path)).__aenter__()
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_its_processes_end_with_a_command_that_is_killed():
    code = f"""
import asyncio, psutil, time
from sca.engines.opening import open_engine

async def main():
    async with open_engine("vllm", None, **{SMALL}):
        print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
        time.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    children = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert len(children) >= 2
    assert alive == []


async def test_a_dead_engine_is_said_within_seconds(engine):
    waiting = [
        asyncio.create_task(engine.complete(replace(ASK, seed=seed, sampling=Sampling(max_tokens=900))))
        for seed in range(40)
    ]
    await asyncio.sleep(0.3)
    (core,) = [child for child in psutil.Process().children(recursive=True) if "EngineCore" in child.name()]
    os.kill(core.pid, signal.SIGKILL)
    ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60)
    errors = [one for one in ended if isinstance(one, EngineError)]
    assert errors
    assert str(errors[-1]).startswith("vLLM has died")
    assert Path(str(errors[-1]).rsplit(" ", 1)[-1]).is_file()
    with pytest.raises(EngineError, match="vLLM has died"):
        await engine.complete(ASK)
