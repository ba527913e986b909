"""One code process: runs what a model wrote. Whoever takes it over can say no more than the program may anyway."""

import _thread
import ast
import builtins
import contextlib
import importlib
import json
import linecache
import marshal
import os
import socket
import sys
import traceback
import types
from _sitebuiltins import Quitter
from _sitebuiltins import _Helper as Helper
from collections.abc import Callable, Iterable
from typing import Any

from sca.comparison import same
from sca.sandbox.guest.confine import limit_time
from sca.sandbox.guest.frames import pack, read, too_deep, unpack, wrap, write

JOBS, REPORTS, TOOLS, OUTPUT = 3, 4, 5, 6
"""Its descriptors: pipes with its jobs and for its reports, a socket to the tools, and what becomes 1 and 2."""
_ERRORS: dict[str, type[Exception]] = {"TypeError": TypeError, "NameError": NameError}
EOF = "Ctrl-D (i.e. EOF)"
"""What `exit` without parentheses names, as Python does."""
CO_VARARGS = 4
"""As `inspect` has it, which is large."""
_SAMPLES = {
    "run": ["def f(x): return [x]\nresult = {'a': f(1)}\nprint(end='')", "raise ToolError('no')", "{}['x']"],
    "evaluate": ["def evaluate(): return same(1, 1.0)", "def evaluate(answer): return answer == 'x'"],
    "action": ["1 + 1"],
}
"""Run before any fork: what the interpreter learns by that, its forks need not learn each for itself."""


_signal = importlib.import_module("_signal")  # `signal` would make an enumeration of each number
_mask = _signal.pthread_sigmask
_ALL_SIGNALS = tuple(_signal.valid_signals())
_to_json = json.JSONEncoder(ensure_ascii=False).encode
_to_call = json.JSONEncoder(allow_nan=False).encode


class ToolError(Exception):
    """A tool refuses a call."""

    __module__ = "__main__"  # a traceback then says `ToolError`, as the program does


class Refused(Exception):
    """A result that cannot be handed over."""


class Prepared:
    """All that a code process needs and that can be made before there is one."""

    def __init__(self, families: dict[str, list[dict[str, Any]]], limits: dict[str, Any]) -> None:
        """From the tools of each family."""
        self.limits = limits
        self.builtins = types.ModuleType("builtins")  # what the program patches there, the guest does not see
        self.builtins.__dict__.update(vars(builtins))
        self.builtins.__dict__.update(help=Helper(), exit=Quitter("exit", EOF), quit=Quitter("quit", EOF))
        client = Client(limits["argument_bytes"])
        self.modules = {
            (name, check): self._module(client.stub(tool) for tool in tools if check or tool["kind"] != "check")
            for name, tools in families.items()
            for check in (False, True)
        }
        sys.stdin = None  # `input()` then fails at once
        sys.argv = [""]
        self.streams = [os.fdopen(fd, "w", 1, "utf-8", "backslashreplace", closefd=False) for fd in (1, 2)]
        sys.stdout, sys.stderr = self.streams
        vars(sys).update(__stdout__=self.streams[0], __stderr__=self.streams[1])
        for _ in range(10):
            for mode, sources in _SAMPLES.items():
                for source in sources:
                    names = vars(self._module(()))
                    unpack(pack(do({"mode": mode, "source": source, "answer": "x"}, names, "<program>", limits))[4:])
            ours, theirs = socket.socketpair()
            with ours, theirs:
                ours.sendall(pack({"result": "x"}))
                Client(100, theirs.fileno()).stub({"name": "x", "signature": "", "doc": ""})("x", x=1)
        linecache.cache.clear()

    def _module(self, stubs: Iterable[Callable[..., Any]]) -> types.ModuleType:
        module = types.ModuleType("__main__")
        module.__dict__.update({stub.__name__: stub for stub in stubs})
        module.__dict__.update(ToolError=ToolError, same=same, __builtins__=self.builtins)
        return module

    def serve(self) -> None:
        """Do one job, or a prompt's actions or parses one after another. Never returns."""
        number = 0
        while body := read(JOBS):
            job, number = marshal.loads(body), number + 1
            module = self.modules.get((job.get("tools"), job["mode"] == "evaluate")) or self._module(())
            sys.modules["__main__"], sys.modules["builtins"] = module, self.builtins
            filename = f"<action {number}>" if job["mode"] == "action" else "<program>"
            if job["mode"] not in ("action", "parse"):
                limit_time(self.limits)
            try:
                report = do(job, module.__dict__, filename, self.limits)
            except MemoryError:  # while another exception was being told
                report = {"status": "oom"}
            for stream in (getattr(sys, "stdout", None), getattr(sys, "stderr", None), *self.streams):
                _flush(stream)
            write(REPORTS, pack(report))
            if job["mode"] not in ("action", "parse"):
                break
        os._exit(0)


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except Exception:  # noqa: BLE001 - the program has closed or replaced it
        return


class Client:
    """The tools as plain functions; each call goes to the state process and waits for its answer."""

    def __init__(self, limit: int, fd: int = TOOLS) -> None:
        self.limit, self.fd, self.lock = limit, fd, _thread.allocate_lock()

    def stub(self, tool: dict[str, Any]) -> Callable[..., Any]:
        """A function that calls the tool."""
        name = tool["name"]

        def stub(*args: Any, **kwargs: Any) -> Any:
            return self.call(name, args, kwargs)

        stub.__name__ = stub.__qualname__ = name
        stub.__module__ = "__main__"
        stub.__doc__ = f"{tool['signature']}\n\n{tool['doc']}"
        return stub

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The tool's result as JSON, or its refusal as `ToolError`."""
        body = _to_call([name, args, kwargs]).encode()
        if len(body) > self.limit:
            body = _to_call([name, None, None]).encode()
        # A signal's handler that raised would leave the answer for the next call to find; one that calls would wait.
        before = _mask(_signal.SIG_BLOCK, ())
        try:
            _mask(_signal.SIG_SETMASK, _ALL_SIGNALS)
            with self.lock:
                write(self.fd, wrap(body))
                answer = read(self.fd)
        finally:
            _mask(_signal.SIG_SETMASK, before)
        if not answer:
            raise ConnectionError(f"no answer from {name}")
        told = unpack(answer)
        if "raise" in told:
            raise _ERRORS.get(told["raise"], ToolError)(told["message"])
        return told["result"]


def do(job: dict[str, Any], names: dict[str, Any], filename: str, limits: dict[str, Any]) -> dict[str, Any]:
    """Run a program, a check, an action or a parse with these names; how it ended."""
    mode, source = job["mode"], job.get("source", "")
    if mode == "parse":
        return {"status": "ok", "problems": [problem(one) for one in job["sources"]]}
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    tail: Any = None
    whole: Any = source
    try:
        if mode == "action":
            whole = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            if whole.body and isinstance(whole.body[-1], ast.Expr):
                tail = compile(ast.Expression(whole.body.pop().value), filename, "eval", dont_inherit=True)
        code = compile(whole, filename, "exec", dont_inherit=True)
    except BaseException as error:  # noqa: BLE001 - SyntaxError, ValueError, RecursionError, MemoryError
        return {"status": "syntax", **told_of(error)}
    try:
        exec(code, names)
        if mode == "evaluate":
            return verdict(names.get("evaluate"), job["answer"])
        if mode == "action":
            return {"status": "ok"} | shown(eval(tail, names) if tail else None, limits["output_kept"] // 2)
        return {"status": "ok"} | rendered(names.get("result"), limits)
    except MemoryError as error:
        return {"status": "oom", **told_of(error)}
    except BaseException as error:  # noqa: BLE001 - it is what the program did
        for kind, status in ((Refused, "bad_result"), (SystemExit, "exit"), (ToolError, "tool_error")):
            if isinstance(error, kind):
                return {"status": status, **told_of(error)}
        return {"status": "exception", **told_of(error)}


def problem(source: str) -> str | None:
    """What is wrong with a program's syntax."""
    try:
        compile(source, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except BaseException as error:  # noqa: BLE001 - null bytes, too much nesting
        return f"{type(error).__name__}: {error}"
    return None


def verdict(evaluate: Any, answer: str) -> dict[str, Any]:
    """What `evaluate` says, called with the answer if it takes one."""
    if not callable(evaluate):
        return {"status": "no_evaluate"}
    arguments = [answer]
    if type(evaluate) is types.FunctionType and not evaluate.__code__.co_flags & CO_VARARGS:
        arguments = arguments[: evaluate.__code__.co_argcount]  # as `bind` finds, in a fiftieth of the time
    else:
        import inspect

        try:
            inspect.signature(evaluate).bind(*arguments)
        except (TypeError, ValueError):
            arguments = []
    value = evaluate(*arguments)
    return {"status": "ok", "verdict": value} if value is True or value is False else {"status": "non_bool"}


def shown(value: Any, most: int) -> dict[str, Any]:
    """What a prompt shows of its last expression."""
    if value is None:
        return {}
    text = str(repr(value))
    left_out = f"… ({len(text) - most} characters left out)" if len(text) > most else ""
    return {"shown": text[:most] + left_out}


def rendered(value: Any, limits: dict[str, Any]) -> dict[str, Any]:
    """`result` as text: a string as it is, anything else as JSON; `Refused` if it is neither or too much."""
    if value is None:
        return {}
    try:
        text = str.__str__(value) if isinstance(value, str) else _to_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"result is not JSON: {error}") from None
    if len(text.encode("utf-8", "replace")) > limits["answer_bytes"]:
        raise Refused(f"result is larger than {limits['answer_bytes']} bytes")
    if type(value) not in (str, int, float, bool) and too_deep(value, limits["answer_depth"]):
        raise Refused(f"result is nested deeper than {limits['answer_depth']}")
    return {"result": text}


def told_of(error: BaseException) -> dict[str, Any]:
    """An exception as text; whatever its own methods do, they do it here."""
    kind, message = type(error), ""
    with contextlib.suppress(BaseException):  # a `__str__` of the program's own
        message = str(error)[:8192]
    trace = f"{kind.__name__}: {message}\n"
    with contextlib.suppress(BaseException):
        trace = own_trace(error)[:16384]
    names = [cls.__name__ for cls in kind.__mro__]
    return {"exception": {"type": kind.__name__, "bases": names, "message": message, "traceback": trace}}


def own_trace(error: BaseException) -> str:
    """The traceback, without the frames that are not the program's own."""
    whole = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
    todo: list[traceback.TracebackException | None] = [whole]
    while todo:
        part = todo.pop()
        if part is not None:
            own = [f for f in part.stack if f.filename == "<program>" or f.filename.startswith("<action ")]
            part.stack = traceback.StackSummary.from_list([(f.filename, f.lineno or 0, f.name, f.line) for f in own])
            todo += [part.__cause__, part.__context__]
    return "".join(whole.format())
