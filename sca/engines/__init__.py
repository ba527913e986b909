"""The model behind one interface: a chat or token prompt in; text, token ids and log-probabilities out.

Every engine batches by itself what is asked of it at the same time, so callers just await one completion each.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sca.errors import ContextOverflow, EngineError

__all__ = ["Completion", "ContextOverflow", "Engine", "FinishReason", "Renderer", "Request", "Sampling"]

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Sampling:
    """How to sample; every setting is explicit so that a sidecar can hold it."""

    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    """Strings that end the text; the one that was met stays at its end."""


@dataclass(frozen=True)
class Request:
    """One completion to make."""

    key: str
    """Who asks, as `calculation-3fa9c1-000012-a3:4`: names the request in logs and in replays."""
    messages: Sequence[Mapping[str, str]]
    """The chat so far (roles system, user, assistant); for engines that take text, and for replay."""
    prompt_ids: Sequence[int] | None
    """The same as token ids, where the engine has a tokenizer; this is what is sampled from."""
    sampling: Sampling
    seed: int
    """64 bits, from (run seed, id, turn) only; never from the batch."""


@dataclass(frozen=True)
class Completion:
    """What the model wrote. Raises `EngineError` where a log-probability is no number."""

    text: str
    finish_reason: FinishReason
    token_ids: Sequence[int] | None = None
    logprobs: Sequence[float] | None = None
    """Of each sampled token under the model at temperature 1 (nats)."""
    usage: Mapping[str, int] = field(default_factory=dict)
    """prompt_tokens, completion_tokens and what else the engine counts."""
    prompt_ids: Sequence[int] | None = None
    """Of the prompt, where a server rendered the chat and says how; None where the request had them."""

    def __post_init__(self) -> None:
        """A model whose weights have diverged, or overflow their type, still samples something."""
        if not all(map(math.isfinite, self.logprobs or ())):
            raise EngineError("the model gives no probabilities any more: a log-probability is NaN or infinite")


class Renderer(Protocol):
    """Chats to tokens, in the way of one model's chat template."""

    def prompt(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids of a chat that the assistant is to continue."""

    def bridge(
        self,
        messages: Sequence[Mapping[str, str]],
        reply: str,
        reply_ids: Sequence[int],
        then: Sequence[Mapping[str, str]],
    ) -> list[int] | None:
        """Ids between a sampled reply and the next one: the turn's end, then `then`, then the next turn's start.

        `messages` led to `reply`. None where the template rewrites history, so that nothing extends exactly.
        """


class Engine(Protocol):
    """A model that can be asked. Entered as an async context manager, which loads and unloads it."""

    name: str
    """`transformers`, `replay`, …"""
    model: str
    context: int | None
    """Most tokens of prompt and completion together; None where that is not known."""
    renderer: Renderer | None
    """None where the engine renders chats by itself (a server, a replay)."""

    async def __aenter__(self) -> "Engine":
        """Load the model."""

    async def __aexit__(self, *exc: object) -> None:
        """Let go of it."""

    async def complete(self, request: Request) -> Completion:
        """Make one completion. Raises `ContextOverflow` when the prompt does not fit, else `EngineError`."""

    def describe(self) -> dict[str, Any]:
        """What shapes its completions, for the settings' hash: name, dtype, content hash of the weights …

        The same before and after loading.
        """

    def report(self) -> dict[str, Any]:
        """What happened so far, for the sidecar's notes: tries made again, prefix-cache hits …; may be empty."""
