"""A dialogue as messages and, where the engine gives them, as the very tokens that were sampled.

Each prompt extends the last one exactly: what the model sampled is never tokenised again. Where a chat template
rewrites history no extension exists, and a new segment begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sca.engines import Completion, Renderer
from sca.records.contract import Message, Segment

OBSERVATION_PREFIX = "OUTPUT:\n"
REWRITTEN = "the chat template rewrites what was said before"
READ_ANEW = "the server read what was said before as other tokens"
"""Why a segment ends in the middle of a dialogue."""


def for_engine(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Roles that every chat template knows: an observation goes to the model as a `user` message."""
    return [
        {"role": "user", "content": OBSERVATION_PREFIX + message.content}
        if message.role == "tool"
        else {"role": message.role, "content": message.content}
        for message in messages
    ]


@dataclass
class _Segment:
    ids: list[int]
    trained: list[tuple[int, int]] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    split: str | None = None


class Conversation:
    """One side's view of a dialogue, from the first prompt on."""

    def __init__(self, messages: Sequence[Message], renderer: Renderer | None) -> None:
        self.messages = list(messages)
        self.usage: dict[str, int] = {}
        self._chat: list[dict[str, str]] = []
        self._renderer = renderer
        self._segments: list[_Segment] = []
        self._answered = 0  # messages that the last sampled reply closes
        self._reply: Completion | None = None
        self._tokens_known = True

    def chat(self) -> list[dict[str, str]]:
        """The messages as engines take them; those that were there before are not made again."""
        self._chat += for_engine(self.messages[len(self._chat) :])
        return list(self._chat)

    def prompt_ids(self) -> list[int] | None:
        """Token ids of the next prompt, or None where the engine renders by itself."""
        if self._renderer is None:
            return None
        bridge = self._bridge()
        if bridge is None:
            self._begin(self._renderer.prompt(self.chat()), REWRITTEN)
        else:
            self._segments[-1].ids.extend(bridge)
        self._reply = None
        return list(self._segments[-1].ids)

    def _begin(self, ids: list[int], why: str) -> None:
        self._segments.append(_Segment(ids, split=why if self._segments else None))

    def _rendered(self, ids: list[int]) -> None:
        """A server that renders by itself says what it read."""
        if self._segments and ids[: len(self._segments[-1].ids)] == self._segments[-1].ids:
            self._segments[-1].ids = ids
        else:
            self._begin(ids, READ_ANEW)

    def _bridge(self) -> list[int] | None:
        if self._renderer is None or self._reply is None or self._reply.token_ids is None:
            return None
        before, after = self.messages[: self._answered - 1], self.messages[self._answered :]
        return self._renderer.bridge(for_engine(before), self._reply.text, self._reply.token_ids, for_engine(after))

    def reply(self, completion: Completion) -> None:
        """Take in what the model said."""
        self.messages.append(Message(role="assistant", content=completion.text))
        self._answered = len(self.messages)
        for name, count in completion.usage.items():
            self.usage[name] = self.usage.get(name, 0) + count
        if self._renderer is None and completion.prompt_ids is not None:
            self._rendered(list(completion.prompt_ids))
        if completion.token_ids is None or completion.logprobs is None or not self._segments:
            self._tokens_known = False
            return
        segment = self._segments[-1]
        start = len(segment.ids)
        segment.ids.extend(completion.token_ids)
        if completion.token_ids:
            segment.trained.append((start, len(segment.ids)))
        segment.logprobs.extend(completion.logprobs)
        self._reply = completion

    def say(self, message: Message) -> None:
        """Take in what the model hears next."""
        self.messages.append(message)

    def tokens(self) -> list[Segment] | None:
        """What was sampled and its context; None where the engine did not tell the tokens of every turn."""
        if not self._tokens_known or not self._segments:
            return None
        return [
            Segment(split=segment.split, trained=segment.trained, logprobs=segment.logprobs, ids=_upto_last(segment))
            for segment in self._segments
            if segment.trained
        ]

    def transcript(self) -> list[Mapping[str, Any]]:
        """The messages as plain data, for `origin.messages`."""
        return [message.model_dump(exclude_none=True) for message in self.messages]


def _upto_last(segment: _Segment) -> list[int]:
    return segment.ids[: segment.trained[-1][1]]
