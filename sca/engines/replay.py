"""Recorded replies in place of a model: for tests, for showing a bug again, for judging old attempts anew.

A line of the file is one of
- `{"key": "calculation-3fa9c1-000012-a3:4", "text": "…"}`, as `RecordingEngine` writes it, with `finish_reason`,
  `token_ids`, `logprobs` and `usage` where they are known;
- `{"key": "calculation-*-000012", "texts": ["…", "…"]}`: the replies of all turns, for every id that matches;
- a task or a trajectory: what its agent said, turn by turn.

A key is looked up as it is, then with the run's 6 hex digits left out (another run has others), then among the keys
with `*` or `?`, in the order of the file. The last line of a key counts.
"""

import fnmatch
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from sca.engines import Completion, FinishReason, Renderer, Request
from sca.errors import BadInput, EngineError, ScaError

RUN = re.compile(r"-[0-9a-f]{6}(?=-[0-9]{6})")
"""The settings' hash in an id."""


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)


class _Reply(_Line):
    key: str
    text: str
    finish_reason: FinishReason = "stop"
    token_ids: list[int] | None = None
    logprobs: list[float] | None = None
    usage: dict[str, int] = {}


class _Replies(_Line):
    key: str
    texts: list[str]


class _Message(_Line):
    role: str
    content: str


class _Attempt(_Line):
    id: str
    messages: list[_Message]


class _Origin(_Line):
    messages: list[_Message]


class _Task(_Line):
    id: str
    origin: _Origin


SHAPES: dict[str, TypeAdapter[Any]] = {
    "text": TypeAdapter(_Reply),
    "texts": TypeAdapter(_Replies),
    "messages": TypeAdapter(_Attempt),
    "origin": TypeAdapter(_Task),
}
"""By the field that tells what a line is."""


class ReplayEngine:
    """Gives the replies of a file; an `Engine` without tokens."""

    name = "replay"
    context: int | None = None
    renderer: Renderer | None = None

    def __init__(self, path: Path) -> None:
        """Raises `BadInput` naming every line that is no reply, task or trajectory."""
        self.model = str(path)
        self._path = path
        self._exact: dict[str, Completion] = {}
        self._any_run: dict[str, dict[str, Completion]] = {}
        self._patterns: list[tuple[str, Completion]] = []
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ScaError(f"{path}: cannot be read: {error.strerror}") from error
        self._hash = hashlib.sha256(content).hexdigest()
        for key, completion in _read(path, content):
            self._keep(key, completion)

    async def __aenter__(self) -> "ReplayEngine":
        """Nothing to load."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing to let go of."""

    async def complete(self, request: Request) -> Completion:
        """The recorded reply. Raises `EngineError` naming the key where there is none, or more than one."""
        if (exact := self._exact.get(request.key)) is not None:
            return exact
        runs = self._any_run.get(_without_run(request.key), {})
        if len(runs) > 1:
            raise EngineError(f"{self._path}: several runs have a reply for {request.key}: {', '.join(sorted(runs))}")
        for completion in runs.values():
            return completion
        for pattern, completion in self._patterns:
            if fnmatch.fnmatchcase(request.key, pattern):
                return completion
        raise EngineError(f"{self._path}: no reply is recorded for {request.key}")

    def describe(self) -> dict[str, Any]:
        """What shapes its completions: the content of the file, wherever it lies."""
        return {"name": self.name, "replies_sha256": self._hash}

    def report(self) -> dict[str, Any]:
        """Nothing happens here."""
        return {}

    def _keep(self, key: str, completion: Completion) -> None:
        if "*" in key or "?" in key:
            self._patterns = [(other, kept) for other, kept in self._patterns if other != key]
            self._patterns.append((key, completion))
            return
        self._exact[key] = completion
        self._any_run.setdefault(_without_run(key), {})[key] = completion


def _without_run(key: str) -> str:
    return RUN.sub("-", key, count=1)


def _read(path: Path, content: bytes) -> Iterator[tuple[str, Completion]]:
    problems: list[str] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield from _replies(json.loads(line))
        except ValidationError as error:
            problems += [f"{path}, line {number}: {_place(one['loc'])}: {one['msg']}" for one in error.errors()]
        except ValueError as error:
            problems.append(f"{path}, line {number}: {error}")
    if problems:
        raise BadInput(problems)


def _replies(line: Any) -> Iterator[tuple[str, Completion]]:
    """Key and reply of each turn that a line holds."""
    kind = next((name for name in SHAPES if isinstance(line, dict) and name in line), None)
    if kind is None:
        raise ValueError("text: missing; a line is a reply, a task or a trajectory")
    read = SHAPES[kind].validate_python(line)
    if isinstance(read, _Reply):
        said = Completion(read.text, read.finish_reason, read.token_ids, read.logprobs, read.usage)
        yield read.key, said
        return
    if isinstance(read, _Replies):
        key, texts = read.key, read.texts
    else:
        messages = read.origin.messages if isinstance(read, _Task) else read.messages
        key, texts = read.id, [message.content for message in messages if message.role == "assistant"]
    for turn, text in enumerate(texts):
        yield f"{key}:{turn}", Completion(text, "stop")


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
