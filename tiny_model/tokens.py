"""The tokenizer: byte-level BPE that keeps markers and tool signatures whole and splits numbers digit by digit.

Copying is what so small a model finds hardest, so the pieces of what is copied are the same wherever they stand:
digits one by one, DNA and mRNA in codons, quotes never merged with what they quote.
"""

import re
from collections.abc import Iterable
from itertools import chain, product

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

END = "<|end|>"
PADDING = "<|pad|>"
ASSISTANT = "<|assistant|>"
ROLES = ("<|system|>", "<|user|>", ASSISTANT)
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
MARKERS = (
    "THOUGHT: ",
    " END THOUGHT\n",
    "ACTION:\n",
    "\nEND ACTION",
    "ANSWER:\n",
    "\nEND ANSWER",
    "RESPONSE:\n",
    "\nEND RESPONSE",
    "OUTPUT:\n",
    "<instruction>\n",
    "\n</instruction>\n",
    "<evaluation_function>\n",
    "\n</evaluation_function>\n",
    "<solution>\n",
    "\n</solution>\n",
    "<failure_case>\n",
    "\n</failure_case>\n",
    "\n</failure_case>\nEND ANSWER",
)
"""Plain tokens, not special ones: decoding keeps them. Each has its newlines, so one token is one line.
The last is the end of every hand-in, where otherwise the newline would go with the tag before it."""

_PIECES = Regex(r"[ACGTU]{3}| ?[A-Za-z_]+|\d| ?[^\sA-Za-z_\d]+(?: (?=\d))?|\s+(?!\S)|\s+")
_QUOTED = re.compile(r'"[^"\n]*"')
_CODONS = ["".join(letters) for bases in ("ACGT", "ACGU") for letters in product(bases, repeat=3)]
_OFTEN = 1_000  # times that training is shown each codon, so that each becomes a token


def train(texts: Iterable[str], signatures: Iterable[str], size: int, context: int) -> PreTrainedTokenizerFast:
    """A tokenizer of `size` tokens from documents; what they quote is left out, for it is random letters."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = Sequence(
        [Split(_PIECES, "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = ByteLevelDecoder()
    special = [PADDING, END, *ROLES]
    whole = [*MARKERS, *sorted(set(signatures))]
    trainer = BpeTrainer(
        vocab_size=size - len(whole),
        special_tokens=special,
        initial_alphabet=sorted(ByteLevel.alphabet()),
        min_frequency=5,
        show_progress=False,
    )
    tokenizer.train_from_iterator(chain(_CODONS * _OFTEN, _training_pieces(texts, [*special, *whole])), trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in whole])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers does not annotate it
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PADDING,
        additional_special_tokens=list(ROLES),
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=context,
    )


def _training_pieces(texts: Iterable[str], whole: Iterable[str]) -> Iterable[str]:
    """What stands between the tokens that are added whole and the quotations."""
    escaped = (re.escape(text) for text in sorted(whole, key=len, reverse=True))
    split = re.compile("|".join([*escaped, _QUOTED.pattern]))
    for text in texts:
        yield from filter(None, split.split(text))
