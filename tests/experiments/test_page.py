"""From the files of finished experiments to the page; what was not run is named and not made up."""

import json
import subprocess
import sys
from copy import deepcopy
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from experiments.__main__ import FRESH, ROOT, main
from experiments.again import agreement, noted, recalled, summary
from experiments.expectations import expectations
from experiments.findings import _different, core, findings
from experiments.kept import fingerprint, keep
from experiments.page import page
from experiments.results import arm, cost, seeds

ARMS = {"base": 1, "none": 2, "full": 4, "control": 1}
"""Successes of four trials at each task."""

RATE = {"value": 0.5, "low": 0.45, "high": 0.55, "seeds": [0.5]}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """What part a would leave if every task of an arm went the same way; `full` has another seed's luck in seed 2."""
    folder = tmp_path_factory.mktemp("evidence")
    fresh = [json.loads(line)["id"] for line in FRESH["calculation"].read_text().splitlines()]
    for seed in (1, 2):
        place = folder / "calculation" / f"seed-{seed}"
        (place / ".made").mkdir(parents=True)
        for name, successes in ARMS.items():
            _results(place, f"{name}-fresh", fresh, successes - (name == "full" and seed == 2), 4)
            _results(place, f"{name}-greedy", fresh, min(1, successes - 1), 1)
        (place / "full").mkdir()
        (place / "full" / "training.json").write_text('{"counts": {"attempts": 120}}')
        (place / "judged.jsonl").write_text("".join(json.dumps(guessed(n)) + "\n" for n in range(seed)))
        (place / "not_handed_in.jsonl").write_text("{}\n")
        sidecar = {"settings": {"stage": "explore"}, "counts": {"completion_tokens": 1500}}
        (place / "tasks.jsonl.meta.json").write_text(json.dumps(sidecar))
        (place / "full.metrics.jsonl").write_text('{"step": 1, "tokens": 40}\n{"step": 2, "tokens": 30}\n')
        (place / "seconds.txt").write_text("explore 10\nfull-fresh 5\nfull-greedy 2\nfull-train 3\n")
    return folder


@pytest.fixture(scope="module")
def found(evidence):
    """What is found there."""
    return findings(evidence, FRESH)


def guessed(number):
    """A valid task whose solution only says something."""
    verdict = {"valid": True, "reason": None, "checks": {}, "quality": {"solution_calls": 0}}
    return {"id": f"x-000000-{number:06}", "environment": "calculation", "instruction": "Add.", "verdict": verdict}


def _results(place, name, tasks, successes, trials):
    lines = [
        {"id": f"{task}-a{trial}", "task_id": task, "environment": "calculation", "attempt": trial,
         "reward": int(trial < successes), "outcome": "success" if trial < successes else "failure", "messages": [],
         "usage": {"prompt_tokens": 9, "completion_tokens": 5}}
        for task in tasks for trial in range(trials)
    ]  # fmt: skip
    (place / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (place / ".made" / name).write_text("sca eval")


def test_rates_are_means_over_seeds_and_gains_are_paired(found):
    full = found["calculation"]["arms"]["full"]
    assert (full["seen"]["value"], full["seen"]["seeds"]) == (0.875, [1.0, 0.75])
    assert full["seen gain"] == {"value": 0.625, "low": 0.625, "high": 0.625}


def test_the_last_line_names_the_four_arms(found):
    told = core(found)
    assert list(told) == ["base", "none", "full", "control"]
    assert told["none"] == {"pass@1": 0.5, "low": 0.5, "high": 0.5, "seeds": [0.5, 0.5]}


def test_proposals_are_read_and_what_the_judge_let_through_is_told(found, tmp_path):
    place = tmp_path / "pae" / "calculation" / "seed-1"
    (place / ".made").mkdir(parents=True)
    (place / ".made" / "clean").touch()
    (place / "seconds.txt").touch()
    first, *_ = FRESH["calculation"].read_text().splitlines()
    task = json.loads(first)
    garbled = {"id": "x-000000-000001", "environment": "calculation", "instruction": "Reverse reverse."}
    proposed = [task, garbled, garbled | {"id": "x-000000-000002", "instruction": None}]
    (place / "proposed.jsonl").write_text("".join(json.dumps(one) + "\n" for one in proposed))
    right = eval(task["evaluation_function"].partition("same(answer, ")[2].strip()[:-1])
    answers = [(task["id"], str(right), 1), (task["id"], "-77", 1), (garbled["id"], "-77", 0)]
    lines = [
        {"id": f"{name}-a{n}", "task_id": name, "environment": "calculation", "attempt": n, "reward": reward,
         "answer": answer, "outcome": "success" if reward else "failure", "messages": []}
        for n, (name, answer, reward) in enumerate(answers)
    ]  # fmt: skip
    (place / "trajectories.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for folder, name, successes in (("pae/calculation", "pae", 3), ("calculation", "base", 1)):
        (tmp_path / folder / "seed-1" / ".made").mkdir(parents=True, exist_ok=True)
        tasks = [json.loads(line)["id"] for line in FRESH["calculation"].read_text().splitlines()]
        _results(tmp_path / folder / "seed-1", f"{name}-fresh", tasks, successes, 4)
    (tmp_path / "calculation" / "seed-1" / "judged.jsonl").write_text("")
    (tmp_path / "calculation" / "seed-1" / "not_handed_in.jsonl").write_text("")
    (tmp_path / "calculation" / "seed-1" / "seconds.txt").write_text("")
    told = findings(tmp_path, FRESH)["pae"]
    assert (told["episodes"], told["proposed"], told["read"], told["attempts"]) == (3, 2, 1, 3)
    assert (told["right"], told["rewarded"], told["rewarded and right"]) == (1, 2, 1)
    written = page({**found, "pae": told}, {}, [], "", "")
    assert "Of 3 episodes 2 hold an instruction, 1 of them" in written
    assert "Trained on these it solves 75.0% [75.0, 75.0] of the fresh draws, +50.0 [+50.0, +50.0] points" in written


def test_an_arm_that_was_not_run_to_its_end_is_left_out(evidence):
    (evidence / "calculation" / "seed-2" / "unfinished-fresh.jsonl").write_text("")
    assert arm(seeds(evidence / "calculation"), "unfinished-fresh") is None


def test_the_page_says_what_holds_and_what_was_not_run(found):
    text = page(found, {}, [], "WEAKNESS.", "TRIED.")
    assert "WEAKNESS." in text
    assert "TRIED." in text
    assert "| full | 87.5% [87.5, 87.5] | 100.0 / 75.0 | 100.0% | +62.5 [+62.5, +62.5] |" in text
    assert "25.0% [25.0, 25.0] → 87.5% [87.5, 87.5], 3.50 times | holds |" in text
    assert "`full` less `none`, paired over fresh draws of seen wording: +37.5 [+37.5, +37.5] points." in text
    assert next(line for line in text.splitlines() if line.startswith("| full |")).endswith(" | 240 |")
    assert next(line for line in text.splitlines() if line.startswith("| none |")).endswith(" | – |")
    assert "handed in 3 tasks; 3\n(60.0%) are valid, 3 of them different, and 3 have a\nsolution that calls" in text
    assert "all seeds: explore 20 s and 3,000, eval 14 s, train 6 s and 140." in text
    not_run = text.partition("## Not run yet\n")[2]
    assert (
        not_run.strip() == "a (retail), PAE, b, c. Algorithms at equal numbers of attempts, "
        "d. More tasks, or more attempts at each, e. Distillation from a stronger sibling, "
        "f. A second round, and a challenger that learns, g. One model for two environments."
    )


def told(different=0.7, **parts):
    """Whether what was expected of parts came out, in the order of the page; rates without spread, of one seed."""

    def rate(value):
        return {"value": value, "low": value - 0.05, "high": value + 0.05, "seeds": [value]}

    def arm(value, **more):
        return {"seen": rate(value), "seen gain": rate(value - 0.3)} | more

    arms = {part: {name: arm(value) for name, value in values.items()} for part, values in parts.items()}
    for name, row in arms.get("second-round", {}).items():
        row["different"] = rate(0.9 if name == "after full" else different) | {"tasks": 10}
    found = {part: {"arms": rows} for part, rows in arms.items()}
    found["pae"] = {"arm": arms["pae"]["pae"]} if arms.get("pae") else {}
    first = {"base": arm(0.3), "full": arm(0.6)}
    return [one.holds for one in expectations({"calculation": {"arms": first}, **found})]


@pytest.mark.parametrize(
    ("parts", "holds"),
    [
        ({}, []),
        ({"retail": {"base": 0.3, "full": 0.36}}, [True]),
        ({"retail": {"base": 0.3, "full": 0.34}}, [False]),
        ({"pae": {}}, []),
        ({"pae": {"pae": 0.4}}, [True]),
        ({"pae": {"pae": 0.7}}, [False]),
        ({"algorithms": {"rft": 0.5, "dpo": 0.4, "online-ppo": 0.6, "online-grpo": 0.7}}, [True]),
        ({"algorithms": {"rft": 0.5, "dpo": 0.4, "online-ppo": 0.6, "online-grpo": 0.5}}, [False]),
        ({"algorithms": {"rft": 0.5, "dpo": 0.5, "online-ppo": 0.6, "online-grpo": 0.7}}, [False]),
        ({"algorithms": {"rft": 0.5, "dpo": 0.4}}, []),
        ({"tasks-or-attempts": {"each-8": 0.6, "each-20": 0.5, "each-80": 0.4}}, [True]),
        ({"tasks-or-attempts": {"each-8": 0.6, "each-20": 0.4, "each-80": 0.5}}, [False]),
        ({"distillation": {"teacher": 0.9, "all": 0.5, "successes": 0.6}}, [False]),
        ({"second-round": {"after full": 0.8, "after joint": 0.8}}, [True, True]),
        ({"second-round": {"after full": 0.95, "after joint": 0.8}}, [False, True]),
        ({"second-round": {"after full": 0.8, "after joint": 0.8}, "different": 0.82}, [True, False]),
        ({"joint": {"calculation": 0.62}}, [True]),
        ({"joint": {"calculation": 0.7}}, [False]),
    ],
)
def test_what_was_expected_of_the_further_parts_is_held_against_them(parts, holds):
    assert told(**parts) == holds


def test_the_command_ends_with_one_line_of_json_and_draws(evidence, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "experiments", str(evidence), "--docs", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["base"]["pass@1"] == 0.25
    assert (tmp_path / "evidence" / "calculation.svg").read_text().startswith("<?xml")
    assert "calculation.svg" in (tmp_path / "evidence.md").read_text()


@pytest.fixture
def command(evidence, tmp_path, monkeypatch):
    """The command in this process, but for the plots: the last line that it prints, and what it says beside."""
    monkeypatch.setitem(sys.modules, "experiments.plots", SimpleNamespace(draw=lambda found, folder: []))
    app = typer.Typer()
    app.command()(main)

    def command(*more):
        done = CliRunner().invoke(app, [str(evidence), "--docs", str(tmp_path), *more])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout.splitlines()[-1]), done.stderr

    return command


def test_the_last_line_is_of_this_run_and_earlier_parts_are_named(command, found, tmp_path):
    base = fingerprint(ROOT / "sca/models/tiny")
    fuller = deepcopy(found["calculation"])
    fuller["arms"]["base"]["seen"] |= {"value": 0.9, "low": 0.9, "high": 0.9, "seeds": [0.9] * 9}
    keep({"calculation": fuller}, tmp_path / "evidence" / "findings.json", base)
    last, told = command()
    assert last["base"]["pass@1"] == 0.25
    assert "findings.json: calculation\n" in told
    assert "90.0%" in (tmp_path / "evidence.md").read_text()


def test_a_second_run_is_compared_and_replaces_nothing(command, found, tmp_path):
    kept, base = tmp_path / "evidence" / "findings.json", fingerprint(ROOT / "sca/models/tiny")
    first = deepcopy(found["calculation"])
    seen, held_out = (first["arms"]["full"][sort] for sort in ("seen", "held-out"))
    seen["seeds"], held_out["seeds"] = [0.9, 0.8], [0.9, 0.85]  # no more than now: it could be replaced
    keep({"calculation": first}, kept, base)
    before = kept.read_text()
    last, _ = command("--again")
    assert kept.read_text() == before
    assert (last["compared"], last["same"], last["agree"]) == (16, 15, 15)
    assert last["apart"] == ["calculation: full, seen"]
    again = json.loads((tmp_path / "evidence" / "again.json").read_text())["parts"]["calculation"]
    assert [(one["first"], one["value"]) for one in again if one["of"] == "full, seen"] == [(0.85, 0.875)]
    for _ in range(2):  # a run that is collated later leaves it there
        text = (tmp_path / "evidence.md").read_text()
        assert "| calculation | 1 to 2 | 16 | 15 | 15 | full, seen | 85.0% | 87.5% [87.5, 87.5] |" in text
        assert "Not agreeing: calculation: full, seen.\n" in text
        command()


def test_a_second_run_belongs_to_its_model(tmp_path):
    rates = agreement(
        {"joint": {"arms": {"full": RATE}}}, {"joint": {"arms": {"full": RATE, "base": RATE}}, "pae": {}}
    )
    assert [one["of"] for one in noted(rates, tmp_path / "again.json", "abc")["joint"]] == ["full"]
    assert noted({"pae": []}, tmp_path / "again.json", "abc") == rates | {"pae": []}
    assert recalled(tmp_path / "again.json", "def") == {}


@pytest.mark.parametrize(("first", "agrees"), [(0.44, False), (0.45, True), (0.55, True), (0.56, False)])
def test_a_rate_agrees_within_the_interval_of_the_second_run(first, agrees):
    rates = agreement(
        {"joint": {"arms": {"full": RATE}}}, {"joint": {"arms": {"full": RATE | {"seeds": [first, 1.0]}}}}
    )
    assert summary(rates) == {"compared": 1, "same": 0, "agree": int(agrees), "apart": ["joint: full"] * (not agrees)}


def test_what_online_training_samples_is_told_apart_from_what_others_train_on(tmp_path):
    work = tmp_path / "online-ppo.online"
    work.mkdir()
    sidecar = {"settings": {"stage": "online"}, "counts": {"attempts": 2, "completion_tokens": 10}}
    (work / "iteration-0001.jsonl.meta.json").write_text(json.dumps(sidecar))
    (tmp_path / "online-ppo.metrics.jsonl").write_text('{"step": 1, "tokens": 40}\n')
    (tmp_path / "seconds.txt").write_text("online-ppo-train 9\nppo-train 4\n")
    assert cost([tmp_path]) == {"seconds": {"online": 9, "train": 4}, "tokens": {"online": 10, "train": 40}}


def test_challengers_are_compared_on_equally_many_tasks(tmp_path):
    for name, duplicates in (("full", [None, None]), ("joint", [None, "x-000000-000000", "x-000000-000000"])):
        place = tmp_path / "second-round" / "seed-1" / f"after-{name}"
        (place / ".made").mkdir(parents=True)
        lines = [guessed(number) for number in range(len(duplicates))]
        for line, duplicate in zip(lines, duplicates, strict=True):
            line["verdict"]["quality"]["duplicate_of"] = duplicate
        (place / "judged.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    full, joint = _different([tmp_path / "second-round" / "seed-1"])
    assert (full["value"], full["tasks"], joint["value"], joint["tasks"]) == (1.0, 2, 0.5, 2)
