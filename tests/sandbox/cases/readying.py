"""Programs that poison what is made ready before them, or would tell one run from another."""

from sandbox.cases import ACCEPTED, CHECK, WORK, Case, attack, probe, with_work

FAILS = "solution_fails"


def tells(
    name,
    setup,
    expression,
    expected=("noop_passes", "solution_fails", "failure_passes", "evaluate_flaky", "unstable"),
):
    """A check that would pass by what it can guess of its place, whatever the state is."""
    return Case(f"a check that goes by {name}", expected, E=f"{setup}\ndef evaluate():\n    return {expression}")


CASES = [
    Case("what is made ready is poisoned by the solution", ACCEPTED, work=True, S="""
import decimal, json, linecache, random, re, sys, traceback, warnings, datetime, collections, math, threading
re._cache.clear(); re.compile = None
random.seed(0); random.random = lambda: 0.0
decimal.getcontext().prec = 1
warnings.filters[:] = []
linecache.cache["<program>"] = (1, None, ["forged"], "<program>")
sys.setrecursionlimit(200); sys.setswitchinterval(9); sys.set_int_max_str_digits(0)
sys.intern("only_the_check_knows"); sys.path_hooks.clear(); sys.meta_path.clear()
traceback.TracebackException = datetime.datetime = collections.OrderedDict = math.floor = threading.Thread = None
""", E=CHECK + """
import decimal, json, linecache, random, re, sys, traceback, warnings, datetime, math, threading
assert json.loads(json.dumps(["x"])) == ["x"] and re.compile("x").match("x") and decimal.getcontext().prec == 28
assert random.random() and sys.getrecursionlimit() > 500 and sys.meta_path and sys.path_hooks
assert traceback.TracebackException and datetime.datetime and math.floor and threading.Thread and warnings.filters
assert "for" + "ged" not in str(linecache.cache)
"""),
    Case("what a failure poisons stays in its process", ACCEPTED, F="""
import builtins, sys
for name in ("len", "str", "dict", "isinstance", "print"): setattr(builtins, name, None)
sys.modules.clear()
""" + 'return_items("A1003", ["cup-7"])'),
    with_work("nothing of the guest's samples is left", """
import gc, linecache, sys
assert not [k for k in linecache.cache if k.startswith("<") and k != "<program>"], list(linecache.cache)
frame = sys._getframe()
assert "evaluate" not in globals() and "answer" not in globals() and "f" not in globals()
import __main__
assert vars(__main__) is globals()
"""),
    with_work("hooks at fork run in a program's child", """
import os, random, threading
random.seed(1)
threading.Thread(target=int).start()
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, bytes([threading.active_count(), threading.current_thread() is threading.main_thread()]))
    os._exit(0)
os.wait()
assert os.read(read, 2) == bytes([1, 1])
"""),
    with_work("hooks at fork of its own stay its own", """
import os
os.register_at_fork(before=lambda: 1 / 0, after_in_child=lambda: os._exit(0), after_in_parent=lambda: 1 / 0)
import sys; sys.unraisablehook = lambda *a: None
if os.fork() == 0: os._exit(0)
os.wait()
"""),
    with_work("warnings are told afresh", """
import warnings
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("default")
    warnings.warn("x"); warnings.warn("x")
assert seen
"""),
    attack("the collector set on what was frozen", FAILS, "import gc\ngc.unfreeze(); gc.collect(); gc.set_threshold(1)\nfor x in gc.get_objects(): gc.get_referrers(x) if 0 else None"),
    attack("what its own client keeps", ("solution_bad_result", FAILS), """
client = get_order.__closure__[1].cell_contents
client.lock.acquire()
client.lock.release()
client.limit = 1 << 40
try: get_order("x" * (1 << 17))
except BaseException: pass
"""),
    attack("the client's lock never given back", ("solution_timeout",), f"""
get_order.__closure__[1].cell_contents.lock.acquire()
{WORK}
""", slow=True),
    attack("threads that call while the client's lock is broken", ("rejected",), """
import threading
client = get_order.__closure__[1].cell_contents
class Open:
    __enter__ = __exit__ = lambda *a: None
client.lock = Open()
def on():
    while True:
        try: get_order("A1001")
        except BaseException: pass
for _ in range(4): threading.Thread(target=on).start()
on()
"""),
    attack("same made to say yes in its own module", FAILS, """
import sca.comparison as comparison
comparison.same.__code__ = (lambda *a: True).__code__
"""),
    attack("a ToolError that cannot be told", ("solution_tool_error", "solution_exception"), """
ToolError.__str__ = lambda self: 1 / 0
get_order("none")
"""),
    # Marks and what only a check may call.
    *(attack(f"a call of the check's own: {name}", "solution_exception", f"{name}()") for name in ("transferred", "marks", "finished")),
    with_work("what only a check may call is nowhere in a program", """
import gc, sys
names = {f.__name__ for f in gc.get_objects() if type(f).__name__ == "function" and f.__module__ == "__main__"}
assert "transferred" not in globals(), names
"""),
    # Telling which run it is.
    tells("a count of pids", "import os", "len([p for p in os.listdir('/proc') if p.isdigit()]) % 2 == 0"),
    tells("where its memory lies", "", "id(object()) >> 4 & 1 == 0"),
    tells("hashes of addresses", "", "hash(object()) & 1 == 0"),
    tells("its start time", "", "int(open('/proc/self/stat').read().rpartition(')')[2].split()[19]) % 2 == 0"),
    tells("faults of its memory", "import resource", "resource.getrusage(resource.RUSAGE_SELF).ru_minflt % 2 == 0"),
    tells("its uid", "import os", "os.getuid() % 2 == 0"),
    tells("its session", "import os", "os.getsid(0) % 2 == 0"),
    tells("a number of its socket", "import os", "os.fstat(5).st_ino % 2 == 0"),
    tells("numbers of its pipes", "import os", "os.fstat(4).st_ino // 4 % 2 == 0"),
    tells("its canary", "import ctypes", "open('/proc/self/stat').read().split()[-1] and id(ctypes) // 4096 % 2 == 0"),
    tells("the load", "import os", "int(os.getloadavg()[0] * 100) % 2 == 0"),
    tells("interrupts of the machine", "", "sum(map(int, open('/proc/stat').read().split('intr ')[1].split()[:1])) % 2 == 0"),
    tells("the random id of a boot", "", "open('/proc/sys/kernel/random/uuid').read()[0] < '8'"),
    tells("the auxiliary vector", "import ctypes", "ctypes.string_at(ctypes.CDLL(None).getauxval(25) or 1 << 40, 1)[0] % 2 == 0",
          ("noop_passes", "solution_fails", "failure_passes", "evaluate_flaky", "unstable", "evaluate_crash")),
    with_work("nothing inherited is open", """
import os
open_now = []
for fd in range(64):
    try: os.fstat(fd)
    except OSError: continue
    open_now.append(fd)
assert open_now == [1, 2, 3, 4, 5], open_now
"""),
    with_work("nothing is left of a program before it", """
import os
mine = [p for p in os.listdir("/proc") if p.isdigit() and os.stat(f"/proc/{p}").st_uid == os.getuid()]
assert mine == [str(os.getpid())], mine
"""),
    probe("marks in what programs share", {
        "a name of the process of another": "open('/proc/1/comm', 'w').write('mark')",
        "its group into another session": "os.setpgid(0, 1)",
        "a lock on a shared file": "__import__('fcntl').flock(os.open('/usr/bin/python3', 0), 2) or 1 / 0",
        "the time stamp of a file": "os.utime('/usr/lib', (1, 1))",
        "a futex in shared memory": "open('/dev/shm/x', 'w')",
        "a robust list of another": "[system(274, p, ctypes.byref(ctypes.c_long()), ctypes.byref(ctypes.c_long())) for p in (1,)]",
    }),
    Case("a solution whose children hold everything open", ACCEPTED, work=True, S="""
import os, signal
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        for n in (1, 2, 13, 14, 15): signal.signal(n, signal.SIG_IGN)
        signal.pause()
"""),
]  # fmt: skip
