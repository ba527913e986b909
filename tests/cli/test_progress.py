"""One line on how far it is."""

import io
import re
import time

import pytest
from rich.console import Console

from sca.cli import console as console_module
from sca.cli import progress as module
from sca.cli.progress import Meter, progress


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_it_tells_done_share_of_good_speed_and_time_left(clock):
    meter = Meter("rollout", total=40, good="success", clock=clock)
    clock.now += 20
    meter.update(done=10, good=4, tokens=9000)
    assert meter.line() == "rollout  10/40 done  40% success  450 tokens/s  1:00 left"


def test_time_left_counts_only_what_this_run_did(clock):
    meter = Meter("rollout", total=40, done=20, clock=clock)
    clock.now += 10
    meter.update(done=30, good=0, tokens=0)
    assert meter.line().endswith("0:10 left")


def test_nothing_is_promised_before_the_first_piece_ended(clock):
    clock.now += 5
    assert Meter("explore", total=40, done=3, clock=clock).line() == "explore  3/40 done"


def test_a_work_that_hangs_is_told(clock):
    meter = Meter("explore", total=40, clock=clock)
    clock.now += 10
    meter.update(done=1, good=1, tokens=0)
    clock.now += 95
    assert meter.line().endswith("nothing ended for 1:35")


def test_the_end_tells_how_long_it_took(clock):
    meter = Meter("explore", total=2, clock=clock)
    clock.now += 3725
    meter.update(done=2, good=1, tokens=0)
    assert meter.line() == "explore  2/2 done  50% good  in 1:02:05"


@pytest.fixture
def told(monkeypatch):
    def told(terminal):
        console = Console(file=io.StringIO(), force_terminal=terminal, soft_wrap=True, width=100)
        monkeypatch.setattr(module, "console", lambda: console)
        monkeypatch.setattr(console_module, "console", lambda: console)
        return console.file

    return told


def test_where_there_is_no_terminal_a_plain_line_comes_now_and_then(told, monkeypatch):
    file = told(terminal=False)
    monkeypatch.setattr(module, "EVERY", 0.01)
    with progress("validate", total=2, good="valid") as meter:
        meter.update(done=1, good=1, tokens=0)
        while file.getvalue().count("\n") < 3:
            time.sleep(0.01)
        meter.update(done=2, good=1, tokens=0)
    lines = file.getvalue().splitlines()
    assert lines[-2].startswith("validate  1/2 done  100% valid")
    assert lines[-1].startswith("validate  2/2 done  50% valid  in 0:0")


def test_no_control_character_is_written_where_there_is_no_terminal(told):
    file = told(terminal=False)
    with progress("validate", total=1) as meter:
        meter.update(done=1, good=1, tokens=0)
    assert all(letter.isprintable() for letter in file.getvalue().replace("\n", ""))


def test_on_a_terminal_one_line_lives_and_the_last_stays(told):
    file = told(terminal=True)
    with progress("validate", total=1) as meter:
        meter.update(done=1, good=1, tokens=0)
    assert re.search(r"\x1b\[2K", file.getvalue())
    assert file.getvalue().endswith("validate  1/1 done  100% good  in 0:00\n")


def test_the_last_line_is_told_after_a_failure_too(told):
    file = told(terminal=True)
    with pytest.raises(RuntimeError), progress("validate", total=2):
        raise RuntimeError
    assert file.getvalue().endswith("validate  0/2 done\n")
