"""Containers that several tests use: started once, each test on a fresh copy of the state."""

import pytest

from sca.sandbox.host import DockerSandbox
from sca.scaffold import FOLDER


@pytest.fixture(scope="session")
async def shop_in_docker():
    """The small shop in real containers."""
    async with DockerSandbox(FOLDER) as sandbox:
        yield sandbox
