"""Records in the forms that other trainers read.

| format   | attempts become                                       | tasks become                                 |
|----------|-------------------------------------------------------|----------------------------------------------|
| trl-sft  | `messages`; or `input_ids` and `assistant_masks`      | –                                            |
| trl-dpo  | `prompt`, `chosen`, `rejected` of one task            | –                                            |
| openai   | `messages`, as its fine-tuning takes them             | –                                            |
| verl     | Parquet with `messages` for its multi-turn SFT        | Parquet with `prompt`, `reward_model`, …     |
| verifiers| its `results.jsonl`                                   | `prompt`, `answer`, `info` of an environment |
"""

from typing import Literal

Format = Literal["trl-sft", "trl-dpo", "openai", "verl", "verifiers"]
