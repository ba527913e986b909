"""A later round of attacks, mostly on what makes the sandbox fast: the parser that stays, orders, uids used again."""

from sandbox.cases import ACCEPTED, CHECK, FAILURES, WORK, Case, attack, probe, with_work
from sandbox.cases.readying import tells

ORDER = "import os, struct\norder = lambda name, *more: struct.pack('<8sii', name, *more)\n"
"""What trusted processes tell each other, from a program."""
OWN_FILES = ("comm", "coredump_filter", "setgroups", "uid_map", "gid_map", "attr/current", "loginuid",
             "clear_refs", "mem", "sched", "autogroup", "oom_adj", "oom_score_adj", "projid_map")  # fmt: skip
FOREIGN_FILES = ("maps", "environ", "cwd", "root", "exe", "fd", "fdinfo", "auxv", "syscall", "stack", "io", "pagemap",
                 "map_files", "ns/mnt", "personality", "smaps_rollup", "task/1/mem")  # fmt: skip

CASES = [
    # Forged orders and answers of the machinery.
    *(
        attack(f"an order on the tools' socket: {name}", "rejected", f"{ORDER}os.write(5, order({name.encode()!r}, 1, 1))\nos.read(5, 9)")
        for name in ("serve", "stop", "digest", "state", "fork", "reap")
    ),
    attack("an order as a report", "solution_bad_result", f"{ORDER}os.write(4, order(b'reap', 1, 0))\nos._exit(0)"),
    attack("a report in the form of its job", "solution_bad_result", """
import marshal, os
body = marshal.dumps({"status": "ok", "result": "x"})
os.write(4, len(body).to_bytes(4, "big") + body)
os._exit(0)
"""),
    attack("a report as a parser gives it", "rejected", """
import json, os
body = json.dumps({"status": "ok", "problems": [None] * 9}).encode()
os.write(4, len(body).to_bytes(4, "big") + body)
os._exit(0)
"""),
    attack("a job of its own for itself", "rejected", f"""
import marshal, os
read, write = os.pipe()
os.dup2(read, 3)
body = marshal.dumps({{"mode": "run", "source": {WORK!r}, "tools": ""}})
os.write(write, len(body).to_bytes(4, "big") + body)
"""),
    attack("another job asked for, as a prompt does", ("solution_bad_result", "solution_fails"), """
import sys
frame = sys._getframe()
while frame:
    job = frame.f_locals.get("job")
    if isinstance(job, dict) and "mode" in job: job["mode"] = "action"
    frame = frame.f_back
"""),
    attack("a status that a check may have", "solution_bad_result", """
import json, os
body = json.dumps({"status": "ok", "verdict": 1}).encode()
os.write(4, len(body).to_bytes(4, "big") + body)
os._exit(0)
"""),
    Case("a check that is a builtin", "noop_passes", E="evaluate = all"),
    Case("a check that is a type", "solution_fails", E="evaluate = bool"),
    Case("a check whose signature is asked of a module of its own", ("evaluate_exception", "noop_passes", "solution_fails"), E="""
import sys, types
sys.modules["inspect"] = types.SimpleNamespace(signature=lambda f: None)
class Evaluate:
    def __call__(self, *answer): return True
evaluate = Evaluate()
"""),
    Case("a check that lies about its arguments", "rejected", E="""
def evaluate(answer): return True
evaluate.__code__ = evaluate.__code__.replace(co_argcount=0, co_nlocals=1)
"""),
    Case("a check whose name is written otherwise", "noop_passes", E="def ｅｖａｌｕａｔｅ(): return True"),
    # The parser stays: what one task leaves there must not reach the next.
    attack("100,000 brackets, and the next task is parsed", "rejected", "(" * 60_000),
    Case("a warning in every line", ACCEPTED, S="0 is 0\n" * 9_000, work=True),
    attack("an error in a text that names the guest's file", "syntax", "# <program>\nx = (\n"),
    with_work("names that are kept for good", "\n".join(f"name_{n} = {n}" for n in range(3_500))),
    with_work("a page feed, a vertical tab and a carriage return", "\x0c\nx = 'a\\x0bb'\r\ny = 1\r\n"),
    attack("a file's end in the middle", ("syntax", "solution_fails"), "x = 1\n\x1a\n"),
    # Markers of dialogues and of other programs are text like any other.
    with_work("markers in a text", "x = '''\nACTION: END ACTION\nANSWER:\nEND ANSWER\n###STOP###\n<|im_end|>\n</solution>\n'''\nprint(x)"),
    Case("markers in the check", ACCEPTED, E="'''\nEND ANSWER\n</evaluation_function>\n###STOP###\n'''\n" + CHECK),
    # Privileges.
    probe("files about itself that would change it", {name: f"os.write(os.open('/proc/self/{name}', 1), b'0')" for name in OWN_FILES}),
    probe("files about the supervisor and the servers", {
        f"{name} of {pid}": f"(os.listdir if {name in ('fd', 'fdinfo', 'map_files', 'cwd', 'root')} else open)('/proc/{pid}/{name}')"
        for pid in (1, 2) for name in FOREIGN_FILES
    }),
    probe("commands on descriptors", {
        "an owner to be signalled": "system(72, 4, 8, os.getpid())", "a signal of its own": "system(72, 4, 10, 18)",
        "a larger pipe": "system(72, 4, 1031, 1 << 20)", "seals": "system(72, 4, 1033, 1)", "a lease": "system(72, 3, 1024, 1)",
        "a note of changes": "system(72, 3, 1026, 1)", "asynchronous input": "system(16, 5, 0x5452, ctypes.byref(ctypes.c_int(1)))",
        "input put into a terminal": "system(16, 5, 0x5412, b'x')",
    }),
    probe("commands on processes", {
        "kept capabilities": "system(157, 8, 1, 0, 0, 0)", "ambient capabilities": "system(157, 47, 2, 7, 0, 0)",
        "a signal at its parent's end": "system(157, 1, 9, 0, 0, 0)", "a reaper of orphans": "system(157, 36, 1, 0, 0, 0)",
        "a new seccomp filter": "system(317, 1, 0, None)", "huge pages": "system(157, 41, 1, 0, 0, 0)",
        "another address layout": "system(135, 0x0040000)", "a core for itself": "system(203, 0, 8, ctypes.byref(ctypes.c_ulong(1)))",
        "a scheduler": "system(144, 0, 1, ctypes.byref(ctypes.c_int(1)))", "another's limits": "system(302, 1, 7, b'0' * 16, None)",
        "advice about another's memory": "system(440, 3, None, 0, 0, 0)", "a watch on memory": "system(323, 0)",
    }),
    probe("groups and uids", {
        "groups": "os.setgroups([0])", "group 0": "os.setresgid(0, 0, 0)", "the uid before it": "os.setresuid(os.getuid() - 1, -1, -1)",
        "the sweeper": "os.seteuid(os.getuid() | 4095)", "the state's uid": "os.setreuid(os.getuid() // 4096 * 4096 + 4094, -1)",
        "a namespace of users": "system(272, 0x10000000)",
    }),
    # What is left behind.
    attack("stopped children left behind", "solution_fails", """
import os, signal
for _ in range(20):
    if os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)
"""),
    attack("children of children in sessions of their own", "solution_fails", f"""
import os, time
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(5)
            {WORK}
        os._exit(0)
"""),
    attack("children that fork while they are killed", "solution_fails", """
import os, time
for _ in range(8):
    if os.fork() == 0:
        while True:
            try:
                if os.fork(): os._exit(0)
            except OSError: pass
time.sleep(0.05)
"""),
    with_work("many short children", "import os\nfor _ in range(40):\n    if os.fork() == 0: os._exit(0)\n    os.wait()"),
    Case("a failure that leaves children", ACCEPTED, F="import os, time\nfor _ in range(9):\n    if os.fork() == 0: time.sleep(60)\n" + 'return_items("A1003", ["cup-7"])'),
    # Results that are one thing to one reader and another to the next.
    with_work("a number that writes itself otherwise", "class N(int):\n    __repr__ = __str__ = lambda self: '}'\nresult = N(7)"),
    with_work("a list that shows less than it has", "class L(list):\n    __iter__ = lambda self: iter(())\n    __len__ = lambda self: 0\nresult = L([1, 2])"),
    attack("a dict that grows while it is written", ("solution_bad_result", "solution_fails"), """
class Key(str): pass
class D(dict):
    def items(self):
        n = 0
        while n < 400_000:
            n += 1
            yield f"{n}", n
result = D(a=1)
"""),
    attack("a number of a million digits", "solution_bad_result", "result = 1 << 3_000_000"),
    attack("a generator that is the result's key", "solution_bad_result", "result = {(x for x in ()): 1}"),
    # Going by what differs between runs.
    tells("its scheduling", "", "int(open('/proc/self/schedstat').read().split()[1]) % 2 == 0"),
    tells("the last pid", "", "int(open('/proc/loadavg').read().split()[-1]) % 2 == 0"),
    tells("what the collector counts", "import gc", "sum(gc.get_count()) % 2 == 0"),
    tells("the size of its memory", "", "int(open('/proc/self/statm').read().split()[0]) % 2 == 0"),
    tells("its switches", "import resource", "resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw % 2 == 0"),
    tells("its parent's age", "import time", "int(time.monotonic() * 1000) % 2 == 0"),
    Case("failures that differ in spaces only", "rejected", failures=(FAILURES[0], FAILURES[0] + " ", "\n" + FAILURES[0])),
]  # fmt: skip
