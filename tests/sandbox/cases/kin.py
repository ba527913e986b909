"""Programs whose children belong to somebody else, and honest ones with signals, prompts and large calls of their own."""

from sandbox.cases import ACCEPTED, CHECK, FAILURES, PROBE, WORK, Case, attack, probe, with_work
from sandbox.cases.forging import REPORTS

CLONE = """
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
def clone(flags):
    child = libc.syscall(number, flags, 0, 0, 0, 0)
    if child == 0: os._exit(0)
    return child > 0
"""
PARENTS = f"{PROBE}{CLONE}\nclone(0x8000 | 17)"
INTERRUPTED = """
import signal
class Late(Exception): pass
def ring(*_): raise Late
signal.signal(signal.SIGALRM, ring)
for number in range(300):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.00002 * (number % 30 + 1))
        name = ("A1001", "A1002", "A1003")[number % 3]
        order = get_order(name)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert order == orders[name], (number, name, order)
    except Late: pass
signal.setitimer(signal.ITIMER_REAL, 0)
assert [get_order(name) for name in orders] == [*orders.values()]
"""
BY_CONTAINER = Case(
    "a check that goes by the size of its container",
    "unstable",
    E="""
def most():
    for place in ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"):
        try: return int(open(place).read())
        except OSError: pass
def evaluate():
    return most() > 200 or get_order("A1001").get("return_items") == ["teapot-2"]
""",
)

CASES = [
    with_work("a child of its parent's that has ended", PARENTS),
    attack("a child of its parent's and nothing else", "solution_fails", PARENTS),
    Case("a check with a child of its parent's", ACCEPTED, E=CHECK + PARENTS),
    probe("children of another kind", {
        "one of its parent's": "clone(0x8000 | 17) or 1 / 0",
        "one whose end wakes": "clone(18) or 1 / 0",
        "one whose end kills": "clone(9) or 1 / 0",
        "one in a new namespace of users": "clone(0x10000000 | 17) or 1 / 0",
        "a process group of its own": "os.setpgid(child, child)",
    }, CLONE + "child = os.fork()\nif child == 0: signal.pause()"),
    with_work("children and threads as the library makes them", """
import os, threading
assert os.waitstatus_to_exitcode(os.waitpid(os.fork() or os._exit(3), 0)[1]) == 3
done = []
thread = threading.Thread(target=lambda: done.append(1)); thread.start(); thread.join()
assert done
"""),
    with_work("calls that its own alarm interrupts", "orders = {n: get_order(n) for n in ('A1001', 'A1002', 'A1003')}" + INTERRUPTED),
    with_work("a signal's handler that calls a tool", """
import signal
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(get_order("A1002")))
for number in range(100):
    signal.setitimer(signal.ITIMER_REAL, 0.00002 * (number + 1))
    get_order("A1001")
signal.setitimer(signal.ITIMER_REAL, 0)
assert seen
"""),
    with_work("its arguments are nobody's", "import sys\nassert sys.argv == [''], sys.argv"),
    Case("a check that reads an answer as a literal", ACCEPTED, S="result = [1]\n" + WORK,
         E=CHECK.replace("def evaluate():", "import ast\ndef evaluate(answer):\n    ast.literal_eval(answer)")),
    with_work("a refused call as large as can be", """
import json, random
chance = random.Random(1)
text = "".join(chr(chance.randrange(32, 127)) for _ in range(64_000))
while len(json.dumps(["cancel_order", ["A1002", text], {}])) > 65_500: text = text[:-50]
try: cancel_order("A1002", text)
except ToolError: pass
"""),
    Case("as many failures as are taken", ACCEPTED,
         failures=(*FAILURES, *(f'cancel_order("A1004", "reason {n}")' for n in range(13)))),
    Case("more failures than are taken", "too_large", failures=(*FAILURES, *(f'cancel_order("A1004", "reason {n}")' for n in range(14)))),
    Case("failures as large as can be", ACCEPTED,
         failures=tuple("#" + "\x01" * 65_000 + f'\ncancel_order("A1004", "reason {n}")' for n in range(16))),
    BY_CONTAINER,
    attack("a traceback without end", "solution_exception", f"""{REPORTS}
finish({{"status": "exception", "exception": {{"type": "x", "bases": ["x"], "message": "m", "traceback": "t" * 900_000}}}})
"""),
]  # fmt: skip
