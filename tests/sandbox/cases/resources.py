"""Programs that take more than their share."""

from sandbox.cases import ACCEPTED, CHECK, PROBE, Case, attack, probe, with_work

LOOP = "while True: pass"
NEVER = "import time; time.sleep(1e6)"

CASES = [
    attack("an endless loop", "solution_timeout", LOOP),
    attack("sleep for ever", "solution_timeout", NEVER, slow=True),
    Case("an endless failure", "failure_timeout", F=LOOP),
    Case("an endless check", "evaluate_timeout", E=f"def evaluate():\n    {LOOP}"),
    Case("a check that is endless after the solution", "evaluate_tool_limit", E=CHECK.replace(
        "    return", "    while 'return_items' in get_order('A1001'): pass\n    return")),
    attack("every signal ignored", "solution_timeout", """
import signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True: pass
"""),
    attack("every exception caught", "solution_timeout", """
while True:
    try:
        while True: pass
    except BaseException: pass
"""),
    attack("a catastrophic regular expression", "solution_timeout", "import re; re.match('(a+)+$', 'a' * 50 + 'b')"),
    attack("a deadlock", "solution_timeout", "import threading; l = threading.Lock(); l.acquire(); l.acquire()",
           slow=True),
    attack("a wait for a signal", "solution_timeout", "import signal; signal.pause()", slow=True),
    attack("it stops itself", "solution_timeout", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", slow=True),
    attack("children that loop while it sleeps", "solution_timeout", """
import os, time
for _ in range(20):
    if os.fork() == 0:
        while True: pass
time.sleep(1e6)
""", slow=True),
    attack("an alarm", ("solution_crash", "solution_exception"), "import signal; signal.alarm(1)\n" + LOOP),
    attack("digits without end", ("solution_timeout", "solution_oom"), """
import sys
sys.set_int_max_str_digits(0)
int('9' * 10_000_000)
"""),
    attack("9**9**9", ("solution_timeout", "solution_oom"), "x = 9**9**9"),
    with_work("a thread that never ends",
              "import threading\nthreading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()"),
    with_work("a thread that waits for ever", "import threading\nthreading.Thread(target=threading.Event().wait).start()"),
    with_work("handlers at exit that never end", """
import atexit, time
atexit.register(time.sleep, 1e6)
class Clinging:
    def __del__(self):
        while True: pass
clinging = Clinging()
"""),
    attack("a fork bomb", "rejected", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", slow=True),
    attack("a fork bomb of threads", "rejected", """
import threading
def more():
    while True:
        try: threading.Thread(target=more).start()
        except RuntimeError: pass
more()
"""),
    with_work("forks up to the limit", """
import os, time
number = 0
try:
    for number in range(1000):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
except OSError: pass
assert 10 < number < 64, number
"""),
    with_work("threads up to the limit", """
import threading
number = 0
try:
    for number in range(1000): threading.Thread(target=threading.Event().wait).start()
except RuntimeError: pass
assert 10 < number < 64, number
"""),
    attack("one child after the other", "solution_exit", "import os\nwhile True:\n    if os.fork(): os._exit(0)"),
    with_work("a daemon that calls a tool later", """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        cancel_order("A1002", "no longer needed")
    os._exit(0)
"""),
    attack("ten gigabytes", "solution_oom", "data = bytearray(10 << 30)"),
    attack("a list that grows", "solution_oom", "data = []\nwhile True: data.append(bytearray(1 << 20))"),
    attack("MemoryError caught again and again", ("solution_timeout", "solution_oom"), """
data = []
while True:
    try:
        while True: data.append(bytearray(1 << 20))
    except MemoryError: pass
"""),
    attack("a decompression bomb", ("solution_oom", "solution_timeout"), """
import zlib
bomb = zlib.compress(bytes(50 << 20), 9)
while True: bomb = bytes(100) + zlib.decompress(bomb) * 8
"""),
    attack("memory of ten children", ("solution_oom", "solution_killed", "solution_timeout", "solution_exit"), """
import os, time
for _ in range(10):
    if os.fork() == 0:
        data = bytearray(200 << 20)
        time.sleep(60)
data = bytearray(300 << 20)
while True: pass
"""),
    attack("many small children that would rather have the supervisor die", "rejected", """
import ctypes, os, time
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
def stay():
    try:
        with open("/proc/self/oom_score_adj", "w") as file: file.write("0")
    except OSError: pass
    pieces = []
    while len(pieces) < 20:
        pieces.append(bytearray(b"x") * (1 << 20))
        time.sleep(0.02)
    time.sleep(60)
stay_away = [os.fork() or stay() for _ in range(60)]
while True: pass
"""),
    attack("shared memory that nobody can hold", "rejected", """
import mmap
kept = [mmap.mmap(-1, 200 << 20) for _ in range(10)]
"""),
    attack("recursion without end", "solution_exception", "def f(): return f()\nf()"),
    attack("a C stack that overflows", "rejected", """
import sys
sys.setrecursionlimit(10**9)
class A:
    def __getattr__(self, name): return getattr(self, name + 'x'[:0])
def f(n): return [f(n + 1)]
f(0)
"""),
    attack("a million tool calls", "solution_tool_limit", "for _ in range(1_000_000): get_order('A1001')"),
    Case("a failure with a million calls", "failure_tool_limit", F="while True: get_order('A1001')"),
    Case("a check with a million calls", "evaluate_tool_limit", E="def evaluate():\n    while True: get_order('A1001')"),
    attack("refused calls without end", "solution_tool_limit", """
while True:
    try: get_order('none')
    except ToolError: pass
"""),
    attack("calls that do not fit without end", ("solution_tool_limit",), """
while True:
    try: get_order(1, 2, 3)
    except TypeError: pass
"""),
    attack("input", "solution_exception", "input()"),
    attack("a read of stdin", "solution_exception", "import sys; sys.stdin.read()"),
    attack("a read of descriptor 0", ("solution_exception", "solution_fails"), "import os; assert os.read(0, 9)"),
    attack("a huge argument", "solution_exception", "get_order('x' * 10_000_000)"),
    attack("arguments in sum too large", ("solution_tool_limit", "solution_exception"), """
while True:
    try: get_order('x' * 60_000)
    except ToolError: pass
"""),
    attack("a deep argument", "solution_exception", "x = []\nfor _ in range(500): x = [x]\nreturn_items('A1001', x)"),
    attack("a huge result", "solution_bad_result", "result = 'x' * 1_000_000"),
    attack("a deep result", "solution_bad_result", "result = []\nfor _ in range(900): result = [result]"),
    attack("a result without end", ("solution_bad_result", "solution_oom", "solution_timeout"), """
import itertools
class Endless(dict):
    def items(self): return ((str(n), n) for n in itertools.count())
result = Endless(a=1)
"""),
    attack("a result that is a generator", "solution_bad_result", "result = (n for n in iter(int, 1))"),
    attack("a result that contains itself", "solution_bad_result", "result = []\nresult.append(result)"),
    Case("a failure that needs too much memory", "failure_oom", F="x = bytearray(10 << 30)"),
    Case("a check that needs too much memory", "evaluate_oom", E="def evaluate():\n    return bytearray(10 << 30)"),
    Case("a failure that floods", "failure_output_limit", F="while True: print('x' * 9999)"),
    Case("a check that floods", "evaluate_output_limit", E="def evaluate():\n    while True: print('x' * 9999)"),
    attack("a flood of stdout", "solution_output_limit", "for _ in range(1000): print('x' * 1_000_000)"),
    attack("a flood of stderr", "solution_output_limit", """
import os
while True: os.write(2, b'x' * 65536)
"""),
    attack("a flood of children", "solution_output_limit", """
import os, time
for _ in range(8):
    if os.fork() == 0:
        while True: os.write(1, b'x' * 65536)
time.sleep(60)
"""),
    attack("an exception of a gigabyte", "rejected", "raise ValueError('x' * (300 << 20))"),
    attack("an exception whose text is endless", "solution_timeout",
           "class Slow(Exception):\n    def __str__(self):\n        while True: pass\nraise Slow"),
    attack("a chain of exceptions", "rejected", """
error = ValueError("first")
for n in range(200_000):
    after = ValueError(n)
    after.__cause__ = error
    error = after
raise error
"""),
    with_work("its own limits lowered", """
import resource
for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_STACK, resource.RLIMIT_FSIZE):
    resource.setrlimit(kind, (0, 0))
"""),
    attack("no CPU time left", ("solution_timeout", "solution_killed"), "import resource; resource.setrlimit(resource.RLIMIT_CPU, (0, 0))\nwhile True: pass"),
    attack("no address space left", "rejected", "import resource; resource.setrlimit(resource.RLIMIT_AS, (0, 0))\nx = bytearray(1 << 24)"),
    attack("a main thread that ends before the others", ("solution_timeout", "solution_crash"), """
import ctypes, threading
def on():
    while True: pass
threading.Thread(target=on).start()
ctypes.CDLL(None).pthread_exit(None)
"""),
    with_work("descriptors up to the limit", """
import os
kept = []
try:
    while True: kept.append(os.dup(1))
except OSError: pass
assert len(kept) < 64
for fd in kept: os.close(fd)
"""),
    with_work("pipes that are full", """
import fcntl, os
pipes = []
try:
    while True:
        pipes.append(os.pipe())
        os.set_blocking(pipes[-1][1], False)
        while True:
            try: os.write(pipes[-1][1], b'x' * 65536)
            except BlockingIOError: break
except OSError: pass
for pair in pipes:
    for fd in pair: os.close(fd)
"""),
    with_work("descriptors in flight", """
import socket
one, other = socket.socketpair()
one.setblocking(False)
try:
    for _ in range(100_000): socket.send_fds(one, [b'x'], [1] * 60)
except OSError: pass
"""),
    with_work("a collector switched off", "import gc\ngc.disable()\nfor _ in range(100_000):\n    x = []; x.append(x)"),
    probe("ten gigabytes of files", {
        place: f"open('{place}/x', 'wb').write(bytes(10 << 20))"
        for place in ("", "/tmp", "/dev", "/dev/shm", "/run", "/var/tmp", "/proc", "/sys", "/opt", "/usr/lib", ".")
    }),
    probe("limits lifted", {
        **{f"RLIMIT_{name}": f"resource.setrlimit(resource.RLIMIT_{name}, (resource.RLIM_INFINITY,) * 2)"
           for name in ("AS", "CPU", "NPROC", "NOFILE", "FSIZE", "CORE", "STACK", "MEMLOCK", "MSGQUEUE")},
        "of PID 1": "resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1))",
        "nice": "os.nice(-5)",
        "more niceness": "os.nice(5)",
        "a scheduler": "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
        "a core of its own": "os.sched_setaffinity(0, {0})",
        "locked memory": "call('mlockall', 3)",
        "its place in the queue to be killed": "os.write(os.open('/proc/self/oom_score_adj', 1), b'0')",
        "a core dump": "os.write(os.open('/proc/sys/kernel/core_pattern', 1), b'x')",
    }),
    Case("the place in the queue to be killed, after becoming dumpable", ACCEPTED, work=True, S=PROBE + """
libc.prctl(4, 1, 0, 0, 0)
denied("oom_score_adj", lambda: os.write(os.open('/proc/self/oom_score_adj', 1), b'0'))
"""),
]  # fmt: skip
