"""An engine that keeps running from one use to the next, as starting it takes long, and gets weights in between."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from sca.engines.vllm_engine import VLLMEngine


class Resident:
    """Entered and left as often as one likes: vLLM starts the first time, and ends with `close`.

    All of it in one event loop.
    """

    def __init__(self, engine: VLLMEngine, export: Callable[[], Path] | None = None) -> None:
        """`export` writes the weights to run and says where; it is called each time that this is entered."""
        self._engine = engine
        self._export = export

    async def __aenter__(self) -> VLLMEngine:
        """Start it where it does not run, and hand it the weights. Raises `ScaError`."""
        if not self._engine.running:
            await self._engine.__aenter__()
        if self._export is not None:
            await self._engine.renew(await asyncio.to_thread(self._export))
        return self._engine

    async def __aexit__(self, *exc: object) -> None:
        """It keeps running."""

    async def close(self) -> None:
        """Stop it."""
        if self._engine.running:
            await self._engine.__aexit__()
