"""Adapters of low rank (LoRA: Hu et al. 2021, arXiv 2106.09685) by peft.

What is saved is twice the same: the adapter by itself, for peft and for servers that hold one model and many
adapters, and the model with the adapter merged in, which loads anywhere.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sca.errors import UsageError
from sca.training.settings import TrainSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def adapted(model: "PreTrainedModel", settings: TrainSettings, name: str) -> Any:
    """The model with adapters that change nothing yet; they alone are trained.

    `name` is told to whoever loads the adapter. The same seed gives the same adapters. Raises `UsageError` where no
    layer bears a name in `lora_targets`.
    """
    from peft import LoraConfig, get_peft_model

    names = settings.lora_targets
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # peft divides by it, so a float will do
        target_modules=names if names == "all-linear" else [one.strip() for one in names.split(",")],
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(settings.seed % 2**63)  # a seed of ours may be larger
    try:
        made: Any = get_peft_model(model, config)
    except ValueError as error:
        layers = sorted({path.rsplit(".", 1)[-1] for path, one in model.named_modules() if hasattr(one, "weight")})
        raise UsageError(f"--lora-targets {names}: no such layers; the model has {', '.join(layers)}") from error
    made.peft_config["default"].base_model_name_or_path = name
    return made


def merged(model: Any, adapter: Path) -> "PreTrainedModel":
    """Save the adapter, and return the model with it merged in; `model` is used up."""
    save_adapter(model, adapter)
    whole: PreTrainedModel = model.merge_and_unload()
    return whole


def save_adapter(model: Any, folder: Path) -> None:
    """The adapter alone, as peft and vLLM load it."""
    model.save_pretrained(folder, save_embedding_layers=False)  # else peft asks the hub about the base model
    (folder / "README.md").unlink(missing_ok=True)  # peft's form of a model card, not filled in
