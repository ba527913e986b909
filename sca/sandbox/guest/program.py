"""One code process: runs what a model wrote. Whoever takes it over can say no more than the program may anyway."""

import ast
import builtins
import contextlib
import inspect
import json
import linecache
import os
import socket
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any, TextIO

from sca.environment.authoring import ToolError
from sca.environment.comparison import same
from sca.sandbox.guest.frames import pack, read, too_deep, unpack, wrap

ToolError.__module__ = "__main__"  # a traceback then says `ToolError`, as the program does
_ERRORS: dict[str, type[Exception]] = {"TypeError": TypeError, "NameError": NameError}


class Refused(Exception):
    """A result that cannot be handed over."""


def serve(jobs: int, reports: int, tools: int, limits: dict[str, Any]) -> None:
    """Do one job, or a prompt's actions one after another. Never returns.

    These descriptors and the output's are the only ones; `tools` leads to the state process.
    """
    sys.stdin = None  # `input()` then fails at once
    streams = [_stream(1), _stream(2)]
    sys.stdout, sys.stderr = streams
    client = Client(socket.socket(fileno=tools), limits["argument_bytes"])
    module = types.ModuleType("__main__")
    number = 0
    while body := read(jobs):
        job, number = unpack(body), number + 1
        if number == 1:
            module.__dict__.update({tool["name"]: client.stub(tool) for tool in job["tools"]})
            own = types.ModuleType("builtins")  # what the program patches there, the guest does not see
            own.__dict__.update(vars(builtins))
            module.__dict__.update(ToolError=ToolError, same=same, __builtins__=own)
            sys.modules.update(__main__=module, builtins=own)
        filename = f"<action {number}>" if job["mode"] == "action" else "<program>"
        try:
            report = do(job, module.__dict__, filename, limits)
        except MemoryError:  # while another exception was being told
            report = {"status": "oom"}
        for stream in (getattr(sys, "stdout", None), getattr(sys, "stderr", None), *streams):
            with contextlib.suppress(Exception):  # the program has closed or replaced it
                stream.flush()  # type: ignore[union-attr]
        data = pack(report)
        while data:
            data = data[os.write(reports, data) :]
        if job["mode"] != "action":
            break
    os._exit(0)


def _stream(fd: int) -> TextIO:
    return open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


class Client:
    """The tools as plain functions; each call goes to the state process and waits for its answer."""

    def __init__(self, sock: socket.socket, limit: int) -> None:
        self.sock, self.limit, self.lock = sock, limit, threading.Lock()

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
        body = json.dumps([name, args, kwargs], allow_nan=False).encode()
        if len(body) > self.limit:
            body = json.dumps([name, None, None]).encode()
        with self.lock:
            self.sock.sendall(wrap(body))
            answer = read(self.sock.fileno())
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
    tail = None
    try:
        tree: Any = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        if mode == "action" and tree.body and isinstance(tree.body[-1], ast.Expr):
            tail = compile(ast.Expression(tree.body.pop().value), filename, "eval", dont_inherit=True)
        code = compile(tree, filename, "exec", dont_inherit=True)
    except BaseException as error:  # noqa: BLE001 - SyntaxError, ValueError, RecursionError, MemoryError
        return {"status": "syntax", **told_of(error)}
    try:
        exec(code, names)
        if mode == "evaluate":
            return verdict(names.get("evaluate"), job["answer"])
        if mode == "action":
            return {"status": "ok"} | shown(eval(tail, names) if tail else None, limits["output_kept"] // 2)
        return {"status": "ok"} | rendered(names.get("result"), limits)
    except MemoryError:
        return {"status": "oom"}
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
        text = str.__str__(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"result is not JSON: {error}") from None
    if len(text.encode("utf-8", "replace")) > limits["answer_bytes"]:
        raise Refused(f"result is larger than {limits['answer_bytes']} bytes")
    if too_deep(value, limits["answer_depth"]):
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
