"""Any OpenAI-compatible server, or several of them with the same model.

A try that failed for a reason that may pass (a lost connection, a time-out, 429, 5xx, a broken body) is made again
after a pause; what a server refuses for good stops the run with one line. The key comes from the environment and is
in no record, log or error.
"""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NoReturn
from urllib.parse import urlsplit

import aiohttp

from sca.engines import Completion, ContextOverflow, Renderer, Request
from sca.engines.openai_wire import (
    Dialect,
    WrongShape,
    body_of,
    cached_tokens,
    completion_of,
    encoded,
    overflows,
    path_of,
)
from sca.engines.proxies import proxy_for
from sca.engines.servers import Refusal, Server, Trouble, allow_connections, ask, choose, pause
from sca.errors import EngineError, ScaError, UsageError

log = logging.getLogger(__name__)

KEY = "OPENAI_API_KEY"
PROBE = 20.0
"""Seconds that a server has to list its models."""


class OpenAIEngine:
    """Asks servers over HTTP; an `Engine`."""

    name = "openai"

    def __init__(
        self,
        model: str,
        *,
        base_url: str | Sequence[str],
        api_key_env: str | None = None,
        tokenizer: str | None = None,
        context: int | None = None,
        in_flight: int = 256,
        timeout: float = 600.0,
        retries: int = 6,
        dialect: Literal["auto", "vllm", "plain"] = "auto",
    ) -> None:
        """`model` is its name on the servers; `base_url` one address, several, or several joined by commas.

        `api_key_env` names the environment variable with the key (OPENAI_API_KEY). With `tokenizer`, a folder or a
        Hugging Face name, prompts are rendered here and sent as token ids. `in_flight` requests are under way for
        each server at most, and those of one that is down go to the others; one try has `timeout` seconds, and
        `retries` more are made. `dialect` says whether to use vLLM's extensions; `auto` looks who owns the model.
        Raises `UsageError`.
        """
        urls = base_url.split(",") if isinstance(base_url, str) else base_url
        self.model = model
        self.context: int | None = context
        self.renderer: Renderer | None = None
        self._servers = [Server(url, proxy_for(url)) for url in map(_checked, urls)]
        self._key_name = api_key_env or KEY
        self._key = os.environ.get(self._key_name, "").strip()
        if api_key_env and not self._key:
            raise UsageError(f"--api-key-env {api_key_env}: the environment has no such variable, or it is empty")
        if not self._key.isprintable():
            raise UsageError(f"{self._key_name} in the environment holds a line break, or what no key holds")
        if in_flight < 1 or timeout <= 0 or retries < 0:
            raise UsageError("in_flight is at least 1, timeout above 0, retries at least 0")
        self._tokenizer = tokenizer
        self._vocabulary: int | None = None
        self._given_context = context
        self._in_flight = in_flight
        self._timeout = timeout
        self._retries = retries
        self._wanted = dialect
        self._dialect = Dialect(vllm=dialect == "vllm")
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(in_flight * len(self._servers))
        self._usage = {"requests": 0, "prompt_tokens": 0, "cached_tokens": 0, "completion_tokens": 0}
        self._troubles: Counter[str] = Counter()

    async def __aenter__(self) -> "OpenAIEngine":
        """Ask who is there. Raises `ScaError` where no server answers, or one refuses the key or the model."""
        if self._tokenizer is not None:
            from sca.engines.tokenizing import renderer_of

            renderer = await asyncio.to_thread(renderer_of, self._tokenizer)
            self.renderer, self._vocabulary = renderer, renderer.vocabulary
        allow_connections(self._in_flight * len(self._servers))
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=30),
            headers=headers,
        )
        try:
            await self._look_around()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def complete(self, request: Request) -> Completion:
        """Make one completion. Raises `ContextOverflow`, `EngineError` where no try succeeded, else `ScaError`."""
        limit = self._room(request)
        wish = 0.0
        for tries in range(1, self._retries + 2):
            try:
                async with self._slots:
                    return await self._try(request, limit)
            except Trouble as trouble:
                self._troubles[trouble.kind] += 1
                last, wish = trouble, trouble.wish
            if tries <= self._retries:
                await asyncio.sleep(pause(tries, wish))
        raise EngineError(self._hide(f"{request.key}: {last} ({self._retries + 1} tries)"))

    def describe(self) -> dict[str, Any]:
        """What a sidecar says of it: the model's name; where the servers are changes nothing."""
        return {
            "name": self.name,
            "model": self.model,
            **({"tokenizer": self._tokenizer} if self._tokenizer else {}),
            **({"context": self._given_context} if self._given_context is not None else {}),
        }

    def report(self) -> dict[str, Any]:
        """What happened: requests and tokens, tries that failed by kind, and the share of each server."""
        return {
            **self._usage,
            "retries": dict(sorted(self._troubles.items())),
            "servers": {server.url: dict(sorted(server.counts.items())) for server in self._servers},
        }

    async def _try(self, request: Request, limit: int) -> Completion:
        server, dialect = choose(self._servers, time.monotonic()), self._dialect
        body = encoded(body_of(request, self.model, dialect, limit))
        try:
            answer = await ask(self._open(), server, path_of(request), body)
            completion = completion_of(answer, request)
            self._refuse_strange(server, completion)
        except WrongShape as error:
            server.counts["wrong_shape"] += 1
            raise Trouble("wrong_shape", f"{server.url} sent what is no completion: {error}") from error
        except Refusal as refusal:
            if self._adapts(refusal, dialect):
                return await self._try(request, limit)
            self._refuse(server, request.key, refusal)
        for name, count in {"requests": 1, "cached_tokens": cached_tokens(answer), **completion.usage}.items():
            self._usage[name] += count
        return completion

    def _refuse_strange(self, server: Server, completion: Completion) -> None:
        """Prompts that were made with another model's tokenizer are words to nobody."""
        strange = max(completion.token_ids or (), default=0)
        if self._vocabulary is not None and strange >= self._vocabulary:
            raise ScaError(
                f"{server.url} sampled the token {strange}; tokenizer={self._tokenizer} has {self._vocabulary}: "
                f"is it that of {self.model}?"
            )

    def _adapts(self, refusal: Refusal, spoken: Dialect) -> bool:
        """Learn what OpenAI's newer models call the limit of tokens. vLLM names both where the context is full."""
        renamed = "max_completion_tokens" in refusal.problem and not overflows(refusal.status, refusal.problem)
        if not renamed or spoken.limit != "max_tokens":
            return False
        self._dialect = Dialect(spoken.vllm, "max_completion_tokens")
        return True

    def _refuse(self, server: Server, key: str, refusal: Refusal) -> NoReturn:
        said = self._hide(refusal.problem)
        if overflows(refusal.status, said):
            raise ContextOverflow(f"{key}: {said}") from refusal
        if refusal.status in (401, 403):
            what = (
                f"refuses the key in {self._key_name}" if self._key else f"wants a key; put it into {self._key_name}"
            )
            raise ScaError(f"{server.url} {what} ({refusal.status}: {said})") from refusal
        if refusal.status == 404:
            slip = "" if urlsplit(server.url).path else "; most addresses end in /v1"
            what = f"has no model {self.model}, or no such address (404: {said}){slip}"
            raise ScaError(f"{server.url} {what}") from refusal
        if refusal.status < 400:
            what = f"sends on to another address ({refusal.status}: {said})"
            raise ScaError(f"{server.url} {what}; name that one with --base-url") from refusal
        if refusal.status == 402:
            raise ScaError(f"{server.url} wants to be paid (402: {said})") from refusal
        kind = EngineError if self._usage["requests"] else ScaError  # it took others: this dialogue is the matter
        raise kind(f"{server.url} refuses the request ({refusal.status}: {said})") from refusal

    async def _look_around(self) -> None:
        """Ask each server for its models: the key, the model, its context, and whose software it is."""
        found = await asyncio.gather(*(self._models(server) for server in self._servers))
        answers = [models for models in found if isinstance(models, list)]
        for server, models in zip(self._servers, found, strict=True):
            if isinstance(models, Trouble):
                if not answers:
                    raise EngineError(self._hide(f"{models}; is the server running, and --base-url right?"))
                log.warning("%s; going on with the others", self._hide(str(models)))
            else:
                self._learn(server, models)
        if self._wanted == "auto":
            self._dialect = Dialect(vllm=all(map(_is_vllm, answers)))

    async def _models(self, server: Server) -> list[dict[str, Any]] | Trouble:
        for tries in range(1, 4):
            try:
                answer = await ask(self._open(), server, "models", None, PROBE)
                listed = answer.get("data") if isinstance(answer, dict) else None
                return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
            except Refusal as refusal:
                if refusal.status in (401, 403, 407) or refusal.status < 400:
                    self._refuse(server, "", refusal)
                return []  # it does not list them; the first request will tell
            except Trouble as trouble:
                last = trouble
                if trouble.kind in ("refused", "timeout"):
                    break
            await asyncio.sleep(pause(tries, 0.0))
        return last

    def _learn(self, server: Server, models: list[dict[str, Any]]) -> None:
        ours = next((one for one in models if one.get("id") == self.model), None)
        if ours is None:
            if _is_vllm(models):  # its list is complete; those of others need not be
                names = ", ".join(str(one.get("id")) for one in models[:8])
                raise ScaError(f"{server.url} has no model {self.model}; it has {names}: name one with --model")
            return
        length = ours.get("max_model_len")
        if isinstance(length, int) and length > 0:
            self.context = min(length, self.context or length)

    def _room(self, request: Request) -> int:
        if self.context is None:
            return request.sampling.max_tokens
        length = 0 if request.prompt_ids is None else len(request.prompt_ids)  # of a chat the server knows it
        if length >= self.context:
            raise ContextOverflow(f"{request.key}: a prompt of {length} tokens, a context of {self.context}")
        return min(request.sampling.max_tokens, self.context - length)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise EngineError("the engine is not open")
        return self._session

    def _hide(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def _is_vllm(models: Sequence[dict[str, Any]]) -> bool:
    return any(one.get("owned_by") == "vllm" for one in models)


def _checked(url: str) -> str:
    """An address without its last slash. Raises `UsageError` for what is none, or holds a password."""
    url = url.strip().rstrip("/")
    if "@" in url:
        raise UsageError(f"--base-url: no password in an address, put the key into {KEY}")
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:  # of brackets, ports and names that no host can have
        whole = False
    if not whole:
        raise UsageError(f"--base-url {url or '(empty)'}: not an address such as http://localhost:8000/v1")
    return url
