"""Attempts as in reinforcement learning over many turns: one long prompt, and each task tried several times.

The numbers are those with which other trainers were measured before: 32 attempts, about 65,000 tokens, of which the
first 1,200 are the same in all and about 7,700 are the agent's own.
"""

import random

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, Qwen2Config

from sca.training.attempts import Example

VOCABULARY = 8_192
SYSTEM, TASK = 1_200, 100  # tokens
TASKS, ATTEMPTS, TURNS = 8, 4, 6


def attempts() -> list[Example]:
    """Attempts at a task lie side by side. In each turn the agent says 30 to 50 tokens and is told 70 to 94."""
    dice = random.Random(0)

    def some(count: int) -> list[int]:
        return [dice.randrange(1, VOCABULARY) for _ in range(count)]

    system, found = some(SYSTEM), []
    for task in range(TASKS):
        prompt = system + some(TASK)
        for number in range(ATTEMPTS):
            ids, spans = list(prompt), []
            for _ in range(TURNS):
                said = dice.randrange(30, 51)
                spans.append((len(ids), len(ids) + said))
                ids += some(said + dice.randrange(70, 95))
            found.append(Example(f"{task}-{number}", tuple(ids), tuple(spans)))
    return found


def model() -> PreTrainedModel:
    """A random Qwen2 of 4.9 million parameters, in fp32."""
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY, hidden_size=256, intermediate_size=704, num_hidden_layers=4,
        num_attention_heads=8, num_key_value_heads=2, max_position_embeddings=4_096, tie_word_embeddings=True,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    made: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return made
