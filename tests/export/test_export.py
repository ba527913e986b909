"""Each format holds what its trainer reads, and is loaded by it where it is installed."""

import json

import pyarrow.parquet
import pytest
import small_models

from sca.dialogue.setting import Setting
from sca.errors import ScaError
from sca.export.attempts import rows_of
from sca.export.parquet import write_parquet
from sca.export.tasks import rows_of as task_rows
from sca.records.contract import Task, Trajectory

SYSTEM, ASK = {"role": "system", "content": "Tools: f(x)"}, {"role": "user", "content": "What is f(1)?"}


def attempt(number, reward, *, prompt=(SYSTEM, ASK), last=True, **more):
    spoken = [
        {"role": "assistant", "content": f"ACTION:\nf({number})\nEND ACTION"},
        {"role": "tool", "content": "2"},
        *([{"role": "assistant", "content": f"ANSWER: {number} END ANSWER"}] if last else []),
    ]
    return Trajectory(
        id=f"t-a{number}", task_id="t", environment="e", attempt=number, reward=reward, answer="2",
        outcome="success" if reward else "out_of_turns", messages=[*prompt, *spoken], **more,
    )  # fmt: skip


TOKENS = [{"trained": [(2, 4), (6, 8)], "logprobs": [-0.1] * 4, "ids": [5, 6, 7, 8, 9, 10, 11, 12]}]
GOOD, BAD = attempt(0, 1, tokens=TOKENS), attempt(1, 0, last=False)
HEARD = {"role": "user", "content": "OUTPUT:\n2"}


def test_messages_are_those_that_the_model_saw_and_end_with_its_last_words():
    made = rows_of([GOOD, BAD], "trl-sft", failures=True)
    assert made.rows[0]["messages"] == [
        SYSTEM, ASK, {"role": "assistant", "content": "ACTION:\nf(0)\nEND ACTION"}, HEARD,
        {"role": "assistant", "content": "ANSWER: 0 END ANSWER"},
    ]  # fmt: skip
    assert made.rows[1]["messages"][-1]["content"].startswith("ACTION:")


def test_what_is_left_out_is_counted():
    oracle = attempt(2, 1, prompt=())
    made = rows_of([GOOD, BAD, oracle], "openai")
    assert made.left_out == {"without reward (--failures takes them along)": 1, "without a prompt, as an oracle's": 1}


def test_nothing_to_export_is_an_error_that_says_why():
    with pytest.raises(ScaError, match="1 without reward"):
        rows_of([BAD], "trl-sft")


def test_tokens_are_those_that_were_sampled():
    (row,) = rows_of([GOOD], "trl-sft", tokens=True).rows
    assert row == {"input_ids": TOKENS[0]["ids"], "assistant_masks": [0, 0, 1, 1, 0, 0, 1, 1]}


def test_a_pair_is_a_success_and_a_failure_from_the_same_prompt():
    other_prompt = attempt(3, 0, prompt=(SYSTEM, {"role": "user", "content": "else"}))
    made = rows_of([GOOD, BAD, attempt(2, 1), other_prompt], "trl-dpo")
    (row,) = made.rows
    assert (row["prompt"], row["chosen"][-1]["content"]) == ([SYSTEM, ASK], "ANSWER: 0 END ANSWER")
    assert [message["role"] for message in row["rejected"]] == ["assistant"]
    assert made.left_out == {"without a partner of the other kind at their task": 2}


def test_openai_takes_the_messages():
    pydantic = pytest.importorskip("pydantic")
    openai = pytest.importorskip("openai.types.chat")
    reader = pydantic.TypeAdapter(list[openai.ChatCompletionMessageParam])
    (row,) = rows_of([GOOD], "openai").rows
    assert len(reader.validate_python(row["messages"], strict=True)) == 5


TASK = Task(
    id="t", environment="calculation", family="trade_calculator", instruction="What is 1 + 1?", solution="result = 2",
    evaluation_function="def evaluate(answer):\n    return same(answer, 2)",
)  # fmt: skip


def prompt(task):
    from sca.dialogue.conversation import for_engine
    from sca.dialogue.prompts import executor_prompt

    return for_engine(executor_prompt(Setting.open("calculation"), task, "full", 15))


def test_verl_reads_tasks_from_parquet(tmp_path):
    write_parquet(tmp_path / "t.parquet", task_rows([TASK], "verl", prompt))
    (row,) = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert list(row) == ["data_source", "prompt", "ability", "reward_model", "extra_info"]
    assert row["reward_model"] == {"style": "rule", "ground_truth": TASK.evaluation_function}
    assert row["prompt"][-1] == {"role": "user", "content": "What is 1 + 1?"}
    assert "same(answer" not in row["prompt"][0]["content"]


def test_verl_reads_attempts_from_parquet(tmp_path):
    write_parquet(tmp_path / "t.parquet", rows_of([GOOD], "verl").rows)
    (row,) = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant", "user", "assistant"]


def test_verl_loads_both(tmp_path):
    pytest.importorskip("verl", reason="verl is not installed")
    from omegaconf import OmegaConf
    from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
    from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

    tokenizer = small_models.tokenizer()
    for name, rows in (("t", task_rows([TASK], "verl", prompt)), ("a", rows_of([GOOD, attempt(4, 1)], "verl").rows)):
        write_parquet(tmp_path / f"{name}.parquet", rows)
    config = OmegaConf.create({"max_prompt_length": 9_000, "cache_dir": str(tmp_path)})
    batch = collate_fn(list(RLHFDataset(str(tmp_path / "t.parquet"), tokenizer, config)))
    assert batch["raw_prompt"][0][-1]["content"] == TASK.instruction
    assert batch["reward_model"][0]["ground_truth"] == TASK.evaluation_function
    row = MultiTurnSFTDataset(str(tmp_path / "a.parquet"), tokenizer, OmegaConf.create({"max_length": 512}))[0]
    trained = tokenizer.decode(row["input_ids"][row["loss_mask"] == 1])
    assert "ANSWER: 0 END ANSWER" in trained
    assert "OUTPUT" not in trained


def test_verifiers_gets_tasks_with_what_judges_them():
    (row,) = task_rows([TASK], "verifiers", prompt)
    assert json.loads(row["info"])["evaluation_function"] == TASK.evaluation_function
    assert (row["example_id"], row["answer"]) == (0, "")


def test_verifiers_gets_all_attempts_with_their_rewards():
    rows = rows_of([GOOD, BAD], "verifiers").rows
    assert [(row["reward"], row["is_completed"], row["is_truncated"]) for row in rows] == [
        (1.0, True, False), (0.0, False, True),
    ]  # fmt: skip


def test_verifiers_loads_both(tmp_path):
    verifiers = pytest.importorskip("verifiers")
    from datasets import Dataset
    from verifiers.utils.save_utils import load_outputs

    (tmp_path / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows_of([GOOD], "verifiers").rows))
    assert load_outputs(tmp_path)[0]["reward"] == 1.0
    data = Dataset.from_list(task_rows([TASK], "verifiers", prompt))
    environment = verifiers.SingleTurnEnv(dataset=data, rubric=verifiers.Rubric())
    assert environment.get_dataset()[0]["prompt"][-1]["content"] == "What is 1 + 1?"


PLAIN = {"report_to": [], "use_cpu": True, "bf16": False}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(small_models.llama(tmp_path_factory.mktemp("model")))


def test_trl_trains_on_the_sampled_tokens_alone(model, tmp_path):
    trl = pytest.importorskip("trl")
    from datasets import Dataset

    data = Dataset.from_list(rows_of([GOOD], "trl-sft", tokens=True).rows)
    trainer = trl.SFTTrainer(
        model, trl.SFTConfig(str(tmp_path), report_to=[], use_cpu=True, bf16=False), train_dataset=data
    )
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["input_ids"][0].tolist() == TOKENS[0]["ids"]
    assert batch["labels"][0].tolist() == [-100, -100, 7, 8, -100, -100, 11, 12]


def test_trl_reads_messages_and_pairs(model, tmp_path):
    trl = pytest.importorskip("trl")
    from datasets import Dataset

    data = Dataset.from_list(rows_of([GOOD], "trl-sft").rows)
    sft = trl.SFTTrainer(model, trl.SFTConfig(str(tmp_path / "s"), **PLAIN), train_dataset=data)
    assert "OUTPUT:\n2" in sft.processing_class.decode(sft.train_dataset[0]["input_ids"])
    pairs = Dataset.from_list(rows_of([GOOD, BAD], "trl-dpo").rows)
    dpo = trl.DPOTrainer(model, args=trl.DPOConfig(str(tmp_path / "d"), **PLAIN), train_dataset=pairs)
    assert next(iter(dpo.get_train_dataloader()))["input_ids"].shape[0] == 2
