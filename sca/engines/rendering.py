"""Chats to tokens and back, by the model's own chat template.

A template is rendered as text and then tokenised. The ids between a sampled reply and the next one are found by
rendering the longer chat and taking what stands behind prompt and reply. Where the longer chat does not begin with
these (the template drops earlier thinking, trims, or moves the system prompt) there is no exact continuation, and
`bridge` says so instead of guessing.
"""

from collections.abc import Collection, Mapping, Sequence

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from sca.errors import ScaError

DATE = "26 Jul 2024"
"""Told to templates that write today's date (Llama 3.2 …), or the same seed would give another text tomorrow."""


class ChatRenderer:
    """Renders chats of the roles system, user and assistant for one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, ends: Collection[int] = (), vocabulary: int = 0) -> None:
        """`ends` are the ids that end a turn; a sampled reply may carry one at its end.

        `vocabulary` is how many tokens the model knows, where these are more than the tokenizer's.
        """
        self.vocabulary = max(len(tokenizer), vocabulary)
        self._tokenizer = tokenizer
        self._ends = frozenset(ends)
        self._folds_system: bool | None = None

    def prompt(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids of a chat that the assistant is to continue. Raises `ScaError` where the template refuses it."""
        return self.encode(self._text(messages))

    def bridge(
        self,
        messages: Sequence[Mapping[str, str]],
        reply: str,
        reply_ids: Sequence[int],
        then: Sequence[Mapping[str, str]],
    ) -> list[int] | None:
        """Ids between a sampled reply and the next one; None where nothing extends exactly."""
        prompt = self._text(messages)
        whole = self._text([*messages, {"role": "assistant", "content": reply}, *then])
        if self._begins_with_space(reply_ids):
            reply = reply if whole.startswith(prompt + reply) else " " + reply
        if not whole.startswith(prompt + reply):
            return None
        after = whole[len(prompt) + len(reply) :]
        if reply_ids and reply_ids[-1] in self._ends:
            end = self._tokenizer.decode([reply_ids[-1]], skip_special_tokens=False)
            if not isinstance(end, str) or not after.startswith(end):
                return None
            after = after[len(end) :]
        return self.encode(after)

    def encode(self, text: str) -> list[int]:
        """Token ids of a text as it is: nothing is put before or behind it."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, without special ones."""
        text = self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        assert isinstance(text, str)  # one sequence in, one text out
        return text

    def _text(self, messages: Sequence[Mapping[str, str]]) -> str:
        if self._folds_system is None:
            self._folds_system = not self._takes_system()
        if self._folds_system:
            messages = _fold(messages)
        try:
            return self._render(messages)
        except TemplateError as error:
            raise ScaError(f"the model's chat template refuses this chat: {error}") from error

    def _render(self, messages: Sequence[Mapping[str, str]], *, to_continue: bool = True) -> str:
        chat = [dict(message) for message in messages]
        text = self._tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=to_continue, date_string=DATE
        )
        if not isinstance(text, str):
            raise TypeError(f"the chat template gave {type(text).__name__}, not text")
        return text

    def _takes_system(self) -> bool:
        """Some templates refuse a system message, some drop it, and some move it to the latest user message."""
        if not self._tokenizer.chat_template:
            raise ScaError(
                "the model has no chat template; take an instruction-tuned model, or add chat_template.jinja"
            )
        chat = [{"role": "system", "content": "SYSTEM-PROBE"}, {"role": "user", "content": "a"}]
        try:
            # Without what opens a reply: it may open a thought, too, which history lacks.
            first = self._render(chat, to_continue=False)
            second = self._render([*chat, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}])
        except TemplateError:
            return False
        return "SYSTEM-PROBE" in first and second.startswith(first)

    def _begins_with_space(self, ids: Sequence[int]) -> bool:
        """Whether the first token carries a space that decoding drops, as those of SentencePiece do."""
        token = self._tokenizer.convert_ids_to_tokens(ids[0]) if ids else ""
        return isinstance(token, str) and token.startswith("▁")


def _fold(messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Put a leading system message before the text of the first user message."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return list(messages)
    content = f"{messages[0]['content']}\n\n{messages[1]['content']}"
    return [{"role": messages[1]["role"], "content": content}, *messages[2:]]
