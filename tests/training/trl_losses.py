"""Losses and gradients of TRL's own trainers on a batch that a test wrote. A process of its own: it imports a lot.

python trl_losses.py FOLDER     reads model/, reference/, batch.safetensors; writes NAME.safetensors each
"""

import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import torch  # noqa: E402  # warnings of what is imported are to be ignored
from datasets import Dataset  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer  # noqa: E402

FOLDER = Path(sys.argv[1])
COMMON = {
    "output_dir": str(FOLDER / "out"),
    "report_to": [],
    "use_cpu": True,
    "bf16": False,
    "disable_tqdm": True,
    "gradient_checkpointing": False,
}


def model(name):
    return AutoModelForCausalLM.from_pretrained(FOLDER / name, dtype=torch.float32)


def rows(*lines):
    return Dataset.from_list([*lines])


def keep(name, trainer, inputs, **options):
    """The loss and its gradients, as the trainer computes them."""
    trainer.model.eval()  # nothing is accumulated over steps
    loss = trainer.compute_loss(trainer.model, inputs, **options)
    loss.backward()
    gradients = {key: value.grad.contiguous() for key, value in trainer.model.named_parameters()}
    save_file({"loss": loss.detach(), **gradients}, FOLDER / f"{name}.safetensors")


tokenizer = AutoTokenizer.from_pretrained(FOLDER / "model")
tokenizer.pad_token_id = 0
made = {"processing_class": tokenizer}
batch = load_file(FOLDER / "batch.safetensors")
ids, mask, attention = batch["ids"], batch["mask"], batch["attention"]

sft = SFTTrainer(
    model("model"), args=SFTConfig(**COMMON), train_dataset=rows({"prompt": "a", "completion": "b"}), **made
)
labels = ids.masked_fill(mask == 0, -100)
keep("sft", sft, {"input_ids": ids, "attention_mask": attention, "labels": labels}, num_items_in_batch=mask.sum())

dpo = DPOTrainer(
    model("model"), ref_model=model("reference"), args=DPOConfig(**COMMON, beta=0.1),
    train_dataset=rows({"prompt": "a", "chosen": "b", "rejected": "c"}), **made,
)  # fmt: skip
keep("dpo", dpo, {"input_ids": ids, "attention_mask": attention, "completion_mask": mask})

grpo = GRPOTrainer(
    model("model"), reward_funcs=lambda completions, **rest: [0.0] * len(completions),
    args=GRPOConfig(**COMMON, num_generations=len(ids), per_device_train_batch_size=len(ids), loss_type="grpo",
                    epsilon=0.1, beta=0.05, use_bias_correction_kl=False),
    train_dataset=rows({"prompt": "a"}), **made,
)  # fmt: skip
prompt = int(batch["prompt"])
keep("grpo", grpo, {
    "prompt_ids": ids[:, :prompt], "prompt_mask": attention[:, :prompt],
    "completion_ids": ids[:, prompt:], "completion_mask": mask[:, prompt:],
    "advantages": batch["advantages"], "old_per_token_logps": batch["behaviour"],
    "ref_per_token_logps": batch["reference"],
})  # fmt: skip
