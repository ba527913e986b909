"""Any engine, with each completion written to a file that `ReplayEngine` reads."""

import json
from pathlib import Path
from typing import Any

from sca.engines import Completion, Engine, Request


class RecordingEngine:
    """Passes everything on to another engine and appends what it said to a JSON Lines file."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """`path` is appended to, so an interrupted run may go on; of a key made twice the last line counts."""
        self._engine = engine
        self._path = path
        self.name = engine.name
        self.model = engine.model
        self.context = engine.context
        self.renderer = engine.renderer

    async def __aenter__(self) -> "RecordingEngine":
        """Enter the other engine; what it learns of its model while loading is known here, too."""
        await self._engine.__aenter__()
        self.context, self.renderer = self._engine.context, self._engine.renderer
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Leave the other engine."""
        await self._engine.__aexit__(*exc)

    async def complete(self, request: Request) -> Completion:
        """Make a completion and write it down before anybody sees it."""
        completion = await self._engine.complete(request)
        line: dict[str, Any] = {
            "key": request.key,
            "text": completion.text,
            "finish_reason": completion.finish_reason,
            "usage": dict(completion.usage),
        }
        if completion.logprobs is not None:
            line["logprobs"] = list(completion.logprobs)
        if completion.token_ids is not None:
            line["token_ids"] = list(completion.token_ids)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return completion

    def describe(self) -> dict[str, Any]:
        """What the other engine says of itself: recording changes nothing."""
        return self._engine.describe()

    def report(self) -> dict[str, Any]:
        """What the other engine tells."""
        return self._engine.report()
