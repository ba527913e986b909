"""Ctrl-C while a library is imported that takes it for a missing package."""

import signal
import subprocess
import sys

GREEDY = """
import os, signal
from sca.cli.interrupting import leaving_at_once
with leaving_at_once():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10_000):
            pass
    except BaseException:
        pass
print("swallowed")
"""


def test_an_interrupt_that_a_library_would_swallow_ends_the_process():
    ran = subprocess.run([sys.executable, "-c", GREEDY], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


def test_afterwards_an_interrupt_is_what_it_was():
    from sca.cli.interrupting import leaving_at_once

    before = signal.getsignal(signal.SIGINT)
    with leaving_at_once():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
