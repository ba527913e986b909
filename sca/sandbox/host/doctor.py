"""A container for the sake of looking at it."""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor

from sca.errors import SandboxError
from sca.sandbox import Limits
from sca.sandbox.host import engine, image
from sca.sandbox.host.attestation import Finding, examine
from sca.sandbox.host.cleaning import remove_run
from sca.sandbox.host.container import Container
from sca.sandbox.host.settings import Settings


async def diagnose(content: image.Content, limits: Limits, runtime: str | None = None) -> list[Finding]:
    """What holds and what does not, the engine first. Raises SandboxError if there is no engine."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=2) as threads:
        client = await loop.run_in_executor(threads, engine.connect)
        about = engine.describe(client)
        settings = Settings(image.find_or_build(client, content), content, limits, runtime)
        try:
            findings = await _look(client, threads, settings)
        finally:
            remove_run(client, settings.run)
            client.close()
    engine_seen = f"{engine.shown_address()}, version {about['version']}, kernel {about['kernel']}"
    return [Finding("an engine that answers", True, engine_seen), *findings]


async def _look(client: engine.Engine, threads: Executor, settings: Settings) -> list[Finding]:
    try:
        container = await Container.start(client, threads, settings, 1)
    except SandboxError as error:
        return [Finding("a container that starts", False, str(error))]
    try:
        return [Finding("a container that starts", True, settings.runtime or "default runtime"),
                *await examine(container, settings)]  # fmt: skip
    finally:
        await container.remove()
