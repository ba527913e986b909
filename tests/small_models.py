"""Small random models and tokenizers, built on the spot: no test downloads anything."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedConfig, PreTrainedTokenizerFast

CORPUS = [
    "THOUGHT: look up the order END THOUGHT ACTION: result = find_order(12) END ACTION OUTPUT: 12.5",
    "What is 12.5 plus a tariff of 8 percent? The quick brown fox jumps over the lazy dog. Ünïcödé 🙂 日本語",
] * 4

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(
    template: str | None = CHATML,
    special: tuple[str, ...] = ("<|im_start|>", "<|im_end|>"),
    markers: tuple[str, ...] = (),
    eos: str = "<|im_end|>",
    bos: str | None = None,
    vocabulary: int = 384,
) -> PreTrainedTokenizerFast:
    """A byte-level BPE; `markers` are single tokens that are ordinary text."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    core.train_from_iterator(CORPUS, trainer)
    core.add_special_tokens([AddedToken(one, special=True, normalized=False) for one in special])
    core.add_tokens([AddedToken(one, special=False, normalized=False) for one in markers])
    made = PreTrainedTokenizerFast(tokenizer_object=core, eos_token=eos, bos_token=bos)
    made.chat_template = template
    return made


def plain_logprobs(model: Any, prompt: Sequence[int], sampled: Sequence[int]) -> list[float]:
    """Of each sampled token at temperature 1, by one forward pass of the model as transformers loads it."""
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *sampled]]), use_cache=False).logits[0].double()
    logprobs = torch.log_softmax(logits, dim=-1)
    return [logprobs[len(prompt) - 1 + at, token].item() for at, token in enumerate(sampled)]


def llama(folder: Path, *, tokens: PreTrainedTokenizerFast | None = None, seed: int = 0, **settings) -> Path:
    """Save a small random Llama and its tokenizer as a model folder."""
    return save(folder, LlamaConfig, tokens=tokens, seed=seed, **settings)


def save(
    folder: Path,
    kind: type[PreTrainedConfig],
    *,
    tokens: PreTrainedTokenizerFast | None = None,
    seed: int = 0,
    **settings,
) -> Path:
    """Save a small random model of a kind; its weights are large enough that tokens differ in odds."""
    tokens = tokens or tokenizer()
    config = kind(
        **{
            "vocab_size": len(tokens),
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "initializer_range": 0.2,
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": tokens.eos_token_id,
            "pad_token_id": None,
        }
        | settings
    )
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder
