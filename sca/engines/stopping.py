"""When a completion ends: at an end-of-sequence token, at a stop string, or at its limit."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from sca.engines import FinishReason


class Detokenizer:
    """Ids to text, without special tokens; remembers the text of single tokens, which the stop check asks for often.

    Each thread needs a tokenizer of its own: the fast ones refuse to be used by two at once.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._pieces: dict[int, str] = {}

    def text(self, ids: Sequence[int]) -> str:
        """The text of a completion."""
        text = self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text if isinstance(text, str) else "".join(text)

    def piece(self, token: int) -> str:
        """The text of one token by itself; � where it holds a part of a character."""
        if token not in self._pieces:
            self._pieces[token] = self.text([token])
        return self._pieces[token]


class Ending:
    """Watches one completion."""

    def __init__(self, detokenizer: Detokenizer, eos: frozenset[int], stop: Sequence[str], limit: int) -> None:
        self._detokenizer = detokenizer
        self._eos = eos
        self._stop = tuple(one for one in stop if one)
        # A stop string is completed by a token that holds its last character; other tokens need no look at the text.
        self._last = {one[-1] for one in self._stop}
        self._always = any(one.isspace() for one in self._last)
        self.limit = limit

    def reached(self, ids: Sequence[int]) -> FinishReason | None:
        """Whether the completion ends with the last of `ids`, and why."""
        if ids[-1] in self._eos:
            return "stop"
        if self._stop and self._may_complete_a_stop(ids[-1]) and self._cut(self._detokenizer.text(ids)) is not None:
            return "stop"
        return "length" if len(ids) >= self.limit else None

    def text(self, ids: Sequence[int]) -> str:
        """The text up to and with the stop string that was met first; all of it where none was."""
        text = self._detokenizer.text(ids)
        return text[: self._cut(text)]

    def _may_complete_a_stop(self, token: int) -> bool:
        piece = self._detokenizer.piece(token)
        return self._always or "�" in piece or not self._last.isdisjoint(piece)

    def _cut(self, text: str) -> int | None:
        ends = [text.find(one) + len(one) for one in self._stop if one in text]
        return min(ends, default=None)
