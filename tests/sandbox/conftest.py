from pathlib import Path

import pytest
import pytest_asyncio

import sca.scaffold
from sca.sandbox.host import DockerSandbox
from sca.sandbox.host.double import SubprocessSandbox

SHOP = Path(sca.scaffold.__file__).parent / "shop"


@pytest.fixture(scope="session")
def shop():
    return SHOP


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def docker_sandbox():
    async with DockerSandbox(SHOP, size=1) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[pytest.param("docker", marks=pytest.mark.docker), "double"]
)
async def sandbox(request):
    """The real one and the double: whatever holds of one must hold of the other."""
    made = DockerSandbox(SHOP, size=1) if request.param == "docker" else SubprocessSandbox(SHOP)
    async with made as entered:
        yield entered


@pytest_asyncio.fixture(loop_scope="module")
async def box(sandbox):
    async with sandbox.box(shared=True) as box:
        yield box


@pytest_asyncio.fixture(loop_scope="module")
async def world(box):
    return await box.world()


@pytest_asyncio.fixture(loop_scope="module")
async def docker_box(docker_sandbox):
    async with docker_sandbox.box(shared=True) as box:
        yield box


@pytest_asyncio.fixture(loop_scope="module")
async def docker_world(docker_box):
    return await docker_box.world()
