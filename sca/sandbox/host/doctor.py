"""A container for the sake of looking at it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sca.sandbox import Limits
from sca.sandbox.host import engine, image
from sca.sandbox.host.attestation import Finding, examine
from sca.sandbox.host.cleaning import remove_run
from sca.sandbox.host.container import Container
from sca.sandbox.host.settings import Settings


async def diagnose(content: image.Content, limits: Limits, runtime: str | None = None) -> list[Finding]:
    """What holds and what does not, the engine first. Raises SandboxError if no container can be had at all."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=2) as threads:
        client = await loop.run_in_executor(threads, engine.connect)
        about = engine.describe(client)
        settings = Settings(image.find_or_build(client, content), content, limits, runtime)
        try:
            container = await Container.start(client, threads, settings, 1)
            try:
                findings = await examine(container, settings)
            finally:
                await container.remove()
        finally:
            remove_run(client, settings.run)
            client.close()
    engine_seen = f"{engine.shown_address()}, version {about['version']}, kernel {about['kernel']}"
    return [Finding("an engine that answers", True, engine_seen), *findings]
