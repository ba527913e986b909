"""A dialogue as the tokens and the loss mask that the model learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from sca.dialogue.conversation import for_engine
from sca.records.contract import Message
from tiny_model.tokens import ASSISTANT, END


@dataclass(frozen=True)
class Document:
    """Token ids and, for each, whether it is the agent's own and so counts in the loss."""

    ids: list[int]
    own: list[bool]


def encode(messages: Sequence[Message], tokenizer: PreTrainedTokenizerFast) -> Document:
    """The tokens of a dialogue up to its last reply, as the turn loop would hold them after sampling it.

    Roles and turn ends are tokens of their own, so the whole text splits exactly where its parts do.
    """
    text = str(tokenizer.apply_chat_template(for_engine(messages), tokenize=False))
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
    opening, end = (tokenizer.convert_tokens_to_ids(token) for token in (ASSISTANT, END))
    own, mine = [], False
    for token in ids:
        if token == end:
            mine = False
        own.append(mine)
        if token == opening:
            mine = True
    if messages[-1].role == "assistant":  # the loop stops at the reply's last marker
        ids, own = ids[:-1], own[:-1]
    return Document(ids, own)
