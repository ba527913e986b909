"""A process that waits for a command's end and, where the command was killed, removes its containers.

A container that runs ends by itself when its command is gone; one that was created and not yet started does not.
"""

import subprocess
import sys
import time

WAIT = 8.0
"""Seconds for which a killed command's containers are looked for: the engine may still be making one."""
_SOURCE = """
import sys
if not sys.stdin.buffer.read(1):
    from sca.sandbox.host.watchman import remove_all
    remove_all(sys.argv[1])
"""


class Watchman:
    """One for each run. It is in a session of its own, so that no signal to the command's group reaches it."""

    def __init__(self, run: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _SOURCE, run],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def dismiss(self) -> None:
        """There is nothing to be removed any more."""
        self._process.communicate(b"x")

    def leave(self) -> None:
        """Let it do its work."""
        self._process.communicate()


def remove_all(run: str) -> None:
    """Remove the containers of a run until none comes any more."""
    from sca.errors import SandboxError
    from sca.sandbox.host import cleaning, engine

    end = time.monotonic() + WAIT
    quiet = 0
    while quiet < 4 and time.monotonic() < end:
        try:
            client = engine.connect()
            quiet = 0 if cleaning.remove_found(client, run) else quiet + 1
            client.close()
        except SandboxError:
            quiet = 0
        time.sleep(0.3)
