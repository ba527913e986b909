"""What goes over the wire to an OpenAI-compatible server, and what comes back, as plain data.

Two endpoints: `chat/completions` with messages, and `completions` with token ids where the client has the tokenizer.
vLLM's extensions (https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html) make a server tell the ids
that it read and sampled, keep the stop string in the text, and leave out the model's own sampling defaults.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sca.engines import Completion, FinishReason, Request

SEED_BITS = (1 << 63) - 1
"""Servers take signed 64-bit seeds, from 0 up."""

ROUNDING = 1e-3
"""Nats above 0 that a log-probability may come to."""

ENDED = {"length": "length", "stop": "stop", "eos": "stop", "tool_calls": "stop", "content_filter": "stop"}
"""How servers call the end of a text, in the two words of the contract. Anything else is a text that broke off."""


class WrongShape(Exception):
    """An answer that is JSON and no completion."""


@dataclass(frozen=True)
class Dialect:
    """What one server understands."""

    vllm: bool = False
    """Whether it knows vLLM's extensions."""
    limit: str = "max_tokens"
    """How it calls the most tokens of a completion; OpenAI's newer models want `max_completion_tokens`."""


def path_of(request: Request) -> str:
    """The endpoint that a request goes to."""
    return "chat/completions" if request.prompt_ids is None else "completions"


def body_of(request: Request, model: str, dialect: Dialect, limit: int) -> dict[str, Any]:
    """The JSON of a request for at most `limit` tokens."""
    sampling = request.sampling
    chat = request.prompt_ids is None
    body: dict[str, Any] = {
        "model": model,
        **({"messages": list(request.messages)} if chat else {"prompt": request.prompt_ids}),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        dialect.limit if chat else "max_tokens": limit,
        "seed": request.seed & SEED_BITS,
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if dialect.vllm:
        # Unsaid, a server takes top_k and the like from the model's generation_config.json.
        body |= {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
        body |= {"include_stop_str_in_output": True, "return_token_ids": True, "logprobs": True if chat else 0}
    return body


def encoded(body: Mapping[str, Any]) -> bytes:
    """The body as JSON. A dialogue is sent anew with each turn; what was in it before is not encoded again."""
    if "messages" not in body:
        return _bytes(body)
    rest = _bytes({name: value for name, value in body.items() if name != "messages"})
    messages = b", ".join(_message(*message.items()) for message in body["messages"])
    return b'%s, "messages": [%s]}' % (rest[:-1], messages)


@lru_cache(maxsize=16_384)  # more than the messages of all dialogues that are alive at a time
def _message(*fields: tuple[str, str]) -> bytes:
    return _bytes(dict(fields))


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def completion_of(answer: Any, request: Request) -> Completion:
    """A server's answer. Raises `WrongShape` where it is none, or broke off."""
    try:
        choice = answer["choices"][0]
        said = choice["message"]["content"] if "message" in choice else choice["text"]
        ended, at = choice.get("finish_reason"), choice.get("stop_reason")
        usage = answer.get("usage") or {}
        counts = {name: usage[name] for name in ("prompt_tokens", "completion_tokens") if usage.get(name) is not None}
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        problem = answer.get("error") if isinstance(answer, dict) else None
        raise WrongShape(f"{type(error).__name__}: {error}" if problem is None else f"{problem}"[:300]) from error
    text = "" if said is None else said
    if not isinstance(text, str) or not all(map(_is_natural, counts.values())):
        raise WrongShape("a field is of another type")
    if not isinstance(ended, str) or ended not in ENDED:
        raise WrongShape(f"finish_reason {ended!r}")
    text = text.encode("utf-8", "replace").decode()  # half a pair of surrogates is no text to a tokenizer
    finish: FinishReason = "length" if ENDED[ended] == "length" else "stop"
    token_ids = _ids(choice.get("token_ids"))
    logprobs = _logprobs(choice.get("logprobs")) if token_ids is not None else None
    if token_ids is not None and logprobs is not None and len(token_ids) != len(logprobs):
        raise WrongShape(f"{len(token_ids)} tokens with {len(logprobs)} log-probabilities")
    if finish == "stop" and token_ids is None:
        text += lost_stop(text, request.sampling.stop, at)
    return Completion(
        text=text,
        finish_reason=finish,
        token_ids=token_ids,
        logprobs=logprobs,
        usage=counts,
        prompt_ids=_ids(choice.get("prompt_token_ids") or answer.get("prompt_token_ids")),
    )


def cached_tokens(answer: Any) -> int:
    """Tokens of the prompt that the server had in its cache, where it says so."""
    details = (answer.get("usage") or {}).get("prompt_tokens_details") or {}
    count = details.get("cached_tokens") if isinstance(details, dict) else 0
    return count if isinstance(count, int) and _is_natural(count) else 0


def lost_stop(text: str, stops: Sequence[str], said: Any) -> str:
    """The stop string that a server cut off; most do, and do not say which it was.

    Where `said` does not tell, it is taken to be the `END NAME` of the `NAME:` that was opened last and not closed.
    """
    if isinstance(said, str) and said in stops:
        return "" if text.endswith(said) else said
    open_at = {stop: _opened(text, stop) for stop in stops}
    last = max(open_at.values(), default=-1)
    return next((stop for stop, place in open_at.items() if place == last >= 0), "")


def _opened(text: str, stop: str) -> int:
    """Where the block stands that `stop` would close; -1 where none is open."""
    name = stop.removeprefix("END ")
    places = [found.start() for found in re.finditer(rf"\b(?<!END ){re.escape(name)}:", text)]
    return places[-1] if places and name != stop and stop not in text[places[-1] :] else -1


def _ids(value: Any) -> list[int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(map(_is_natural, value)):
        raise WrongShape("token ids that are no list of whole numbers")
    return value


def _is_natural(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 31


def _logprobs(value: Any) -> list[float] | None:
    """Of the chat endpoint `{"content": [{"logprob": …}]}`, of the other `{"token_logprobs": […]}`."""
    if value is None:
        return None
    try:
        numbers = (
            value["token_logprobs"] if "token_logprobs" in value else [one["logprob"] for one in value["content"]]
        )
        found = [float(number) for number in numbers]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise WrongShape(f"log-probabilities: {type(error).__name__}: {error}") from error
    if (strange := next((one for one in found if not math.isfinite(one) or one > ROUNDING), None)) is not None:
        raise WrongShape(f"{strange} as a log-probability")
    return found


def overflows(status: int, problem: str) -> bool:
    """Whether a refusal says that prompt (and completion) are longer than the context."""
    return status in (400, 413, 422) and bool(_TOO_LONG.search(problem))


_TOO_LONG = re.compile(
    r"context[ _]length|context[ _]window|maximum context|context size|too many tokens|prompt is too long"
    r"|(?:exceeds?|longer than) (?:the )?(?:model'?s? )?max(?:imum)?[ _](?:model[ _])?len|max_new_tokens`? must be <="
    r"|max_tokens must be at least 1, got -?\d",  # vLLM's, of a prompt that leaves no room; we ask for one or more
    re.IGNORECASE,
)
