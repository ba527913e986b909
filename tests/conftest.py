"""Containers that several tests use: started once, each test on a fresh copy of the state."""

import os
import signal

import pytest

from sca.sandbox.host import DockerSandbox
from sca.scaffold import FOLDER

# As the command line does, before PyTorch is loaded: threads that wait for each other sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
async def shop_in_docker():
    """The small shop in real containers."""
    async with DockerSandbox(FOLDER) as sandbox:
        yield sandbox
