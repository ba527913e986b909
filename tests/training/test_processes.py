"""One command in several processes: who speaks, how it ends, and what a launcher says of them."""

import signal

import pytest

from sca.errors import ScaError
from sca.training import processes

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@pytest.fixture
def undone(monkeypatch):
    """The launcher keeps signals and settings for itself, as a process that does nothing else may."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("undone")
def test_what_is_wrong_is_said_once_without_words_of_the_launcher(capfd):
    assert processes.start(2, ["train", "-"]) == 2
    assert capfd.readouterr().err == "error: -: several processes cannot read one stdin; name a file\n"


def test_what_fails_in_another_process_alone_is_said_after_all(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(processes, "GRACE", 0.0)
    told = []

    @processes.one_voice(told.append)
    def fail():
        told.append("nothing")
        raise ScaError("no room")

    with pytest.raises(ScaError, match="no room"):
        fail()
    assert told == [True, "nothing", False]


def test_fsdp_that_the_launcher_asks_for_is_ours_to_do(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert [processes.sharding_wanted(), processes.sharding_wanted()] == [True, False]
