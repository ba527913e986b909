"""Iterations in this process, where the engine fails now and then; and which tasks an iteration draws."""

from pathlib import Path
from typing import ClassVar

import pytest
import small_models
import torch

from sca.dialogue.attempts import ModelAgent
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import Sampling
from sca.engines.transformers_engine import TransformersEngine
from sca.engines.weights import load
from sca.errors import EngineError, InfraError
from sca.judging.reward import Judge
from sca.records.contract import Task
from sca.sandbox.host.double import SubprocessSandbox
from sca.scaffold import FOLDER
from sca.stages import online as stage
from sca.stages.online import Online, OnlineRun, Scene
from sca.training.algorithms import algorithm_of
from sca.training.attempts import Reader
from sca.training.guard import GuardRules
from sca.training.history import History
from sca.training.learner import Learner
from sca.training.loop import Place
from sca.training.policy import Policy
from sca.training.settings import PpoSettings

SETTING = Setting.open(str(FOLDER))
TASKS = [
    Task(
        id=f"shop-000000-{number:06d}", environment="shop", instruction=f"Say {number}.", start=None,
        evaluation_function="def evaluate(answer):\n    return False", solution="", failure_cases=[], origin={},
    )
    for number in range(7)
]  # fmt: skip


class Failing(TransformersEngine):
    """Fails so many requests whose key begins as `failures` says."""

    failures: ClassVar[dict[str, int]] = {}

    async def complete(self, request):
        for key, left in self.failures.items():
            if request.key.startswith(key) and left:
                self.failures[key] -= 1
                raise EngineError("the machine is gone")
        return await super().complete(request)


class Heard:
    def __init__(self):
        self.counts, self.lines = [], []

    def attempted(self, iteration, attempts, successes, tokens):
        self.counts.append((iteration, attempts))

    def learned(self, line):
        self.lines.append(line)


def planned(tasks=TASKS, per_iteration=2, **more):
    return Online(tasks, per_iteration, 2, 0, more.pop("guard", GuardRules("none")), {"made": "here"})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"), max_position_embeddings=4096)


def online(model: Path, folder: Path, failures: dict[str, int], plan=None) -> OnlineRun:
    settings = PpoSettings(lr=1e-3, batch_size=8)
    algorithm = algorithm_of(settings)
    loaded = load(model, device=torch.device("cpu"), dtype=torch.float32)
    place = Place(folder / "state", folder / "metrics.jsonl")
    policy = Policy(loaded.model, critic=True)
    learner = Learner(policy, algorithm, settings, place, pad_id=0, bf16=False, plain=None)
    engine = Failing(model, device="cpu")
    engine.failures = failures
    engine.lend(loaded)

    def agent(seed):
        return ModelAgent(SETTING, Asker(engine, Sampling(max_tokens=6), seed), ExecutorRules("brief", 2, 4000))

    judge = Judge("check", SETTING.tool_names, SETTING.ending_tools)
    scene = Scene("shop", agent, judge, lambda: SubprocessSandbox(FOLDER))
    return OnlineRun(
        plan or planned(), [scene], [engine], learner, lambda: Reader(max_length=4096, with_logprobs=True),
        History(folder / "iterations.jsonl", place.metrics, lambda step, line: None), folder, 4, Heard(),
    )  # fmt: skip


def test_what_the_machinery_fails_is_made_again_and_no_attempt(model, tmp_path):
    first = planned().drawn(1)[0].id
    run = online(model, tmp_path, {f"{first}-a0": 4, f"{first}-a1": 1})
    (line,) = run.run(1)
    # Of the first attempt two tries are made again, the third loses it; made anew, it fails once more.
    assert (line["attempts"], line["retried"], line["trained_on"]) == (4, 5, 4)
    assert run.heard.counts[-1] == (1, 4)


def test_without_a_machine_nothing_is_learned_and_the_same_goes_on(model, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "TRIES", 1)
    first = planned().drawn(1)[0].id
    run = online(model, tmp_path, {f"{first}-a0": 1000})
    with pytest.raises(InfraError, match=r"iteration 1 lacks 1 attempts .*machine is gone.*same command goes on"):
        run.run(1)
    assert (tmp_path / "metrics.jsonl").read_text() == ""
    again = online(model, tmp_path, {})
    (line,) = again.run(1)
    assert line["attempts"] == 4
    assert again.heard.counts == [(1, 4)]


def test_a_finished_run_goes_on_with_more_iterations_as_if_it_had_never_ended(model, tmp_path):
    whole = online(model, tmp_path / "whole", {})
    whole.run(3)
    online(model, tmp_path / "cut", {}).run(2)
    again = online(model, tmp_path / "cut", {})
    assert [line["iteration"] for line in again.run(3)] == [1, 2, 3]
    assert [line["iteration"] for line in again.heard.lines] == [3]
    one, other = (run.learner.policy.state_dict() for run in (whole, again))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("action", "rates"), [("stop", [1e-3, 1e-3]), ("rollback", [1e-3, 1e-3, 5e-4])])
def test_a_guard_brings_back_the_best_weights(model, tmp_path, action, rates):
    # Any divergence is too much; the weights of the first iteration are the best, as nothing is ever rewarded.
    plan = planned(guard=GuardRules(action, kl=1e-7))
    run = online(model, tmp_path, {}, plan)
    assert [line.get("back_to") for line in run.run(2)] == [None, 1]
    start = load(model, device=torch.device("cpu"), dtype=torch.float32).model.state_dict()
    assert all(torch.equal(value, start[name]) for name, value in run.learner.policy.model.state_dict().items())
    assert [line["lr"] for line in online(model, tmp_path, {}, plan).run(3)] == rates


def test_each_round_through_the_tasks_has_all_of_them_in_an_order_of_its_own():
    plan = planned(per_iteration=1)
    rounds = [[plan.drawn(7 * number + one)[0].id for one in range(1, 8)] for number in range(3)]
    assert [sorted(ids) for ids in rounds] == [sorted(task.id for task in TASKS)] * 3
    assert len({tuple(ids) for ids in rounds}) == 3


@pytest.mark.parametrize("per_iteration", [2, 3, 5, 7, 20])
def test_no_task_comes_twice_in_an_iteration(per_iteration):
    plan = planned(per_iteration=per_iteration)
    drawn = [[task.id for task in plan.drawn(iteration)] for iteration in range(1, 15)]
    assert all(len(set(ids)) == len(ids) == min(per_iteration, 7) for ids in drawn)
    counts = [sum(ids.count(task.id) for ids in drawn) for task in TASKS]
    assert max(counts) - min(counts) <= 1
