"""One side of `benchmarks/train.py`, in a process of its own so that its memory is its own.

    python -m parts.train_side SIDE FOLDER

Computes loss and gradients of all attempts after a first batch to warm up; prints a line of JSON and leaves the
gradients in FOLDER.
"""

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

import torch  # noqa: E402  # warnings of what is imported say nothing about this
from safetensors.torch import save_file  # noqa: E402

from parts.attempts import ATTEMPTS, attempts, model  # noqa: E402
from sca.training.attempts import Example  # noqa: E402

BETA = 0.1
Step = Callable[[int | None], float]
"""Adds up the gradients of the first so many batches, None for all; the loss."""


def ours(algorithm: str, tokens: int) -> tuple[torch.nn.Module, Step]:
    """Our trainer, as it chooses for these attempts; a visit of at most so many tokens."""
    from accelerate import Accelerator

    from sca.training.algorithms import algorithm_of
    from sca.training.attempts import Attempt, Item
    from sca.training.choice import choose_passes
    from sca.training.loop import units_of
    from sca.training.policy import Policy
    from sca.training.settings import KINDS

    examples = attempts()
    policy = Policy(model()).eval()
    passes = choose_passes(Accelerator(cpu=True), policy, [examples], tokens=tokens, pad_id=0, bf16=False, plain=None)
    algorithm_ = algorithm_of(KINDS[algorithm]())
    members = [Attempt(one.id, one.id.split("-")[0], 1, (one,)) for one in examples]
    pairs = zip(members[::2], members[1::2], strict=True)
    items = [Item(pair) for pair in pairs] if algorithm == "dpo" else [Item((one,)) for one in members]
    known: dict[Example, dict[str, torch.Tensor]] = {one: {} for one in examples}
    if algorithm == "dpo":
        for one, outputs in zip(examples, passes.measure(examples), strict=True):
            known[one]["reference"] = outputs.logprobs
    units = units_of(items, known, algorithm_, passes)

    def step(batches: int | None) -> float:
        total = 0.0

        def loss(*given: Any) -> torch.Tensor:
            nonlocal total
            value = algorithm_.loss(*given).value
            total += value.item()
            return value

        passes.backward(units[:batches], loss)
        return total

    return policy.train().model, step


def trl_sft(batch: int) -> tuple[torch.nn.Module, Step]:
    """TRL's SFT; so many attempts at a time."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    examples = attempts()
    rows = [{"input_ids": list(one.ids), "labels": labels(one)} for one in examples]
    trainer = SFTTrainer(
        model(),
        args=SFTConfig(**common(batch), max_length=None),
        train_dataset=Dataset.from_list(rows),
        **tokenizer(),
    )
    count = torch.tensor(sum(one.trained_tokens for one in examples))
    return trainer.model, partial(steps, trainer, 1.0, num_items_in_batch=count)


def trl_dpo(batch: int) -> tuple[torch.nn.Module, Step]:
    """TRL's DPO with the reference's log-probabilities computed once; so many pairs at a time.

    It knows one completion and no turns: all that follows the task is trained on.
    """
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    examples = attempts()
    rows = []
    for better, worse in zip(examples[::2], examples[1::2], strict=True):
        start = better.trained[0][0]
        rows.append(
            {
                "prompt_ids": list(better.ids[:start]),
                "chosen_ids": list(better.ids[start:]),
                "rejected_ids": list(worse.ids[start:]),
                "ref_chosen_logps": -1e4,
                "ref_rejected_logps": -1e4,
            }
        )
    trainer = DPOTrainer(
        model(),
        args=DPOConfig(**common(batch), beta=BETA, max_length=None, precompute_ref_log_probs=True),
        train_dataset=Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}]),
        **tokenizer(),
    )
    trainer.train_dataset = Dataset.from_list(rows)  # the other was there to be accepted
    return trainer.model, partial(steps, trainer, batch / len(rows))


def labels(example: Example) -> list[int]:
    """Ids of the trained tokens, −100 elsewhere."""
    found = [-100] * len(example.ids)
    for start, end in example.trained:
        found[start:end] = example.ids[start:end]
    return found


def common(batch: int) -> dict[str, Any]:
    """Settings of TRL's trainers: full fp32 on a CPU, nothing written, nothing recomputed."""
    return {
        "output_dir": str(FOLDER / "out"), "report_to": [], "use_cpu": True, "bf16": False, "disable_tqdm": True,
        "gradient_checkpointing": False, "per_device_train_batch_size": batch, "remove_unused_columns": False,
    }  # fmt: skip


def tokenizer() -> dict[str, Any]:
    """One that TRL accepts; everything is tokenised already."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({"<pad>": 0, "a": 1, "b": 2, "c": 3}, unk_token="a"))
    made = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="b")
    return {"processing_class": made}


def steps(trainer: Any, share: float, batches: int | None, **options: Any) -> float:
    """Loss and gradients of a trainer's data, each batch weighing `share`."""
    total = 0.0
    for batch in islice(trainer.get_train_dataloader(), batches):
        loss = trainer.compute_loss(trainer.model, batch, **options) * share
        loss.backward()
        total += loss.item()
    return total


def megabytes() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


SIDES: dict[str, Callable[[], tuple[torch.nn.Module, Step]]] = {
    "sca sft": partial(ours, "sft", 1_024),
    "sca dpo": partial(ours, "dpo", 4_096),
    "trl sft, 1 at a time": partial(trl_sft, 1),
    "trl sft, 4 at a time": partial(trl_sft, ATTEMPTS),
    "trl dpo, 1 pair at a time": partial(trl_dpo, 1),
    "trl dpo, 4 pairs at a time": partial(trl_dpo, 4),
}

if __name__ == "__main__":
    SIDE, FOLDER = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    learner, step = SIDES[SIDE]()
    before = megabytes()
    step(1)
    learner.zero_grad()
    began = time.process_time()
    found = step(None)
    spent = time.process_time() - began
    tokens = sum(len(one.ids) for one in attempts())
    gradients = {name: value.grad.contiguous() for name, value in learner.named_parameters()}
    save_file(gradients, FOLDER / "gradients.safetensors")
    print(json.dumps({
        "tokens_per_s": tokens / spent, "loss": found, "memory_mb": megabytes(), "before_mb": before,
    }))  # fmt: skip
