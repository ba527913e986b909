"""Passes of Python's collector stay short while a run goes on."""

import asyncio
import gc

from sca.dialogue import collecting
from sca.dialogue.collecting import short_passes
from sca.dialogue.stalls import Stalls, watching


def linked(count):
    """So many objects that the collector has to look at."""
    return [[[]] for _ in range(count)]


def test_what_was_there_before_is_not_looked_at_again():
    before = linked(1_000)
    with short_passes():
        assert gc.get_freeze_count() > 2 * len(before)
        assert not any(one is before for one in gc.get_objects())
    assert gc.get_freeze_count() == 0


def test_what_a_long_pass_found_alive_is_put_aside(monkeypatch):
    monkeypatch.setattr(collecting, "LONG", 0.0)
    with short_passes():
        made = linked(1_000)
        gc.collect()
        assert not any(one is made for one in gc.get_objects())


async def test_a_stall_by_the_collector_is_told_as_such(monkeypatch):
    monkeypatch.setattr(collecting, "LONG", 60.0)
    stalls, made = Stalls(), linked(300_000)
    with short_passes() as passes, watching(stalls, passes):
        gc.unfreeze()
        for _ in range(50):  # a watch that gets no core sees nothing
            gc.collect()
            gc.collect()
            await asyncio.sleep(0.03)
            if stalls.count:
                break
    assert made
    assert "Python's collection of garbage" in stalls.places
