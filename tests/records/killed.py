"""A writer to be killed: it makes tasks e-0 to e-(n-1) in a shuffled order, into two files, and finishes them.

    python killed.py FOLDER N SECONDS         writes, resting SECONDS after each task
    python killed.py FOLDER N every LINE      is killed by itself at each LINE-th line of our code, in fresh folders

Both say when they are loaded. The second prints how many kills it survived, or stops at the first that left something
else than an unkilled run.
"""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from sca.records import journal, output, pair, sidecar
from sca.records.contract import JudgedTask, Verdict
from sca.records.pair import Pair

OURS = {module.__file__ for module in (journal, output, pair, sidecar)}


def judged(name):
    valid = name.endswith(("0", "2", "5", "7"))
    verdict = Verdict(
        valid=valid, reason=None if valid else "noop_passes", detail=name * random.Random(name).randint(0, 99)
    )
    return JudgedTask(id=name, environment="e", instruction="Grüße\n" * 3, verdict=verdict)


def write(folder, n, rest=0.0):
    settings = {"seed": 1}
    with Pair.open(folder / "v.jsonl", folder / "r.jsonl", JudgedTask, settings) as both:
        names = [f"e-{index}" for index in range(n)]
        random.Random(n).shuffle(names)
        for name in names:
            if name in both.done:
                continue
            (both.first if judged(name).verdict.valid else both.second).write(judged(name))
            time.sleep(rest)
        both.finish(counts={"tasks": n})


def content(folder):
    """Every file but the times in the sidecars, which differ."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".jsonl"}, {
        path.name: b'"complete": true' in path.read_bytes() for path in folder.iterdir() if path.suffix != ".jsonl"
    }


def in_child(work):
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(line, folder, n):
    left = line

    def count(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename not in OURS:
            return None
        left -= event == "line"
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    def work():
        sys.settrace(count)
        write(folder, n)

    return in_child(work) == -signal.SIGKILL


def kill_everywhere(folder, n, step):
    write(folder / "whole", n)
    expected = content(folder / "whole")
    line = 1
    while killed_at(line, folder / "cut", n):
        assert in_child(lambda: write(folder / "cut", n)) == 0, f"killed at line {line}: cannot go on"
        assert content(folder / "cut") == expected, f"killed at line {line}: {os.listdir(folder / 'cut')}"
        shutil.rmtree(folder / "cut")
        line += step
    print(line // step)


if __name__ == "__main__":
    print("loaded", flush=True)
    folder, n, *how = sys.argv[1:]
    if how[0] == "every":
        kill_everywhere(Path(folder), int(n), int(how[1]))
    else:
        write(Path(folder), int(n), float(how[0]))
