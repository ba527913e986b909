"""Attacks and honest programs, one file a group: what goes where, and what the verdict must be.

Slots: S the solution, F one failure case, E the check. `work`: the attack, then the real solution.
A probe tries what must not be: `denied` raises where it was allowed, which then shows in the verdict.
"""

from dataclasses import dataclass

from sca.records.contract import Task

WORK = 'return_items("A1001", ["teapot-2"])'
CHECK = """def evaluate():
    only_the_check_knows = 91
    return get_order("A1001").get("return_items") == ["teapot-2"]
"""
FAILURES = [
    'return_items("A1001", ["cup-7"])',
    'return_items("A1003", ["cup-7"])',
    'cancel_order("A1004", "no longer needed")',
]
TASK = Task(
    id="shop-000000-000001",
    environment="shop",
    instruction="Anna Berg (anna.berg@example.org) wants to send the teapot from her delivered order back.",
    evaluation_function=CHECK,
    solution=WORK,
    failure_cases=FAILURES,
)
ACCEPTED = "accepted"

PROBE = """
import ctypes, errno, mmap, os, resource, signal, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def denied(what, attempt):
    try:
        seen = attempt()
    except BaseException as error:
        print("DENIED", what, type(error).__name__)
        return
    if seen is None or seen:
        raise AssertionError(f"ALLOWED {what}: {seen!r}"[:200])
def call(function, *arguments):
    ctypes.set_errno(0)
    if getattr(libc, function)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), function)
    return True
def system(number, *arguments):
    return call("syscall", number, *arguments)
def with_any(things, attempt):
    "Those with which the attempt succeeds."
    done = []
    for thing in things:
        try:
            attempt(thing)
        except OSError:
            continue
        done.append(thing)
    return done
"""
OTHERS = """
others = [int(p) for p in os.listdir("/proc") if p.isdigit() and os.stat("/proc/" + p).st_uid != os.getuid()]
assert len(others) > 2  # the supervisor and its two fork servers, at least
"""


@dataclass(frozen=True)
class Case:
    """One task that is spoiled, and the reasons for which it may be rejected."""

    name: str
    expected: str | tuple[str, ...]
    S: str | None = None
    F: str | None = None
    E: str | None = None
    failures: tuple[str, ...] | None = None
    """All failure cases, in place of the sound ones."""
    work: bool = False
    slow: bool = False
    """Takes the whole wall time."""

    def task(self) -> Task:
        """The sound task with this case's parts in it."""
        solution = WORK if self.S is None else self.S + ("\n" + WORK if self.work else "")
        return TASK.model_copy(
            update={
                "solution": solution,
                "evaluation_function": CHECK if self.E is None else self.E,
                "failure_cases": [*([] if self.F is None else [self.F]), *(self.failures or FAILURES)],
            }
        )

    def fits(self, reason: str | None) -> bool:
        """Whether a verdict's reason is an expected one; ACCEPTED stands for none, `rejected` for any."""
        expected = (self.expected,) if isinstance(self.expected, str) else self.expected
        return (reason or ACCEPTED) in expected or ("rejected" in expected and reason is not None)


def attack(name: str, expected: str | tuple[str, ...], source: str, *, slow: bool = False) -> Case:
    """The solution is the attack and nothing else."""
    return Case(name, expected, S=source, slow=slow)


def with_work(name: str, source: str, *, slow: bool = False) -> Case:
    """The attack comes first and the real solution after it: to be accepted."""
    return Case(name, ACCEPTED, S=source, work=True, slow=slow)


def probe(name: str, attempts: dict[str, str], setup: str = "") -> Case:
    """Each attempt must be denied."""
    lines = "\n".join(f"denied({what!r}, lambda: {attempt})" for what, attempt in attempts.items())
    return Case(name, ACCEPTED, S=f"{PROBE}\n{setup}\n{lines}", work=True)
