"""Tasks that pass without being sound."""

from sandbox.cases import FAILURES, WORK, Case, attack

RANDOM = ("noop_passes", "solution_fails", "failure_passes", "evaluate_flaky", "unstable")
RIGHT = 'get_order("A1001").get("return_items") == ["teapot-2"]'

DEGENERATE = {
    "the same failure three times": [FAILURES[0]] * 3,
    "the same failure in other words": [FAILURES[0], FAILURES[0] + " #", "x = 1\n" + FAILURES[0]],
    "failures that do nothing": ["pass", "x = 1", "2 + 2"],
    "failures that only look": ["get_order('A1001')", "get_order('A1002')", "get_user('anna_berg')"],
    "failures that only answer": ["result = 1", "result = 2", "result = 3"],
    "failures that only print": ["print(1)", "print(2)", "print(3)"],
    "two and one that does nothing": [*FAILURES[:2], "pass"],
    "a call made twice and refused": [
        FAILURES[0],
        f"{FAILURES[0]}\ntry: {FAILURES[0]}\nexcept ToolError: pass",
        FAILURES[0],
    ],
}

CASES = [
    Case("a check that always passes", "noop_passes", E="def evaluate(): return True"),
    Case("a check that never passes", "solution_fails", E="def evaluate(): return False"),
    *(Case(f"a check that tosses a coin: {what}", RANDOM, E=f"import datetime, os, random, time, uuid, secrets\ndef evaluate(): return {coin}")
      for what, coin in (
        ("pid", "os.getpid() % 2 == 0"), ("time", "time.time_ns() // 1000 % 2 == 0"), ("random", "random.random() < 0.5"),
        ("clock", "time.perf_counter_ns() // 1000 % 2 == 0"), ("urandom", "os.urandom(1)[0] < 128"), ("secrets", "secrets.randbelow(2) == 0"),
        ("uuid", "uuid.uuid4().int % 2 == 0"), ("date", "datetime.datetime.now().microsecond % 2 == 0"),
      )),
    Case("a check that mostly tells the truth", ("evaluate_flaky", "unstable", "solution_fails"),
         E=f"import os\ndef evaluate(): return {RIGHT} and os.urandom(1)[0] < 2"),
    Case("a check of pids in a window", RANDOM, E="import os\ndef evaluate(): return 0 < os.getpid() % 8 < 5"),
    attack("a solution that does nothing", "solution_fails", "pass"),
    Case("nothing is to be done", "noop_passes", S="get_order('A1001')", E="def evaluate(): return get_order('A1001')['status'] == 'delivered'"),
    Case("a failure that is the solution", "failure_passes", F=WORK + "  # not the solution"),
    Case("a failure that is the solution, said otherwise", "failure_passes", F='x = "teapot-2"\nreturn_items(item_ids=[x], order_id="A1001")'),
    Case("a failure that only divides by zero", "failure_exception", F="1 / 0"),
    Case("a failure that asserts", "failure_exception", F="assert False"),
    Case("a failure of an undefined name", "failure_exception", F="undefined"),
    Case("a failure with a wrong call", "failure_exception", F="get_order()"),
    Case("a check that raises after the solution", "evaluate_exception", E=f"def evaluate():\n    if {RIGHT}: raise KeyError\n    return False"),
    Case("a check that raises something else before", "evaluate_exception", E=f"def evaluate():\n    if not {RIGHT}: raise OSError\n    return True"),
    Case("a check that needs the solution's variables", "evaluate_exception", S=f"done = True\n{WORK}", E="def evaluate(): return done"),
    Case("a check that needs a file of the solution", "solution_exception", S=f"open('/tmp/done', 'w')\n{WORK}"),
    *(Case(name, "failures_degenerate", failures=tuple(failures)) for name, failures in DEGENERATE.items()),
]  # fmt: skip
