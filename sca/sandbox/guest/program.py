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
from dataclasses import dataclass
from typing import Any, TextIO

from sca.environment.authoring import ToolError
from sca.environment.comparison import same
from sca.sandbox.guest.frames import HEADER, LARGE, Inbox, pack, too_deep, unpack

ToolError.__module__ = "__main__"  # a traceback then says `ToolError`, as the program does


@dataclass(frozen=True)
class Ports:
    """The only descriptors of a code process besides its output."""

    jobs: int
    reports: int
    tools: int


class Refused(Exception):
    """A result that cannot be handed over."""


def serve(ports: Ports, limits: dict[str, Any]) -> None:
    """Do one job, or a prompt's actions one after another. Never returns."""
    sys.stdin = None  # `input()` then fails at once
    streams = [_stream(1), _stream(2)]
    sys.stdout, sys.stderr = streams
    client = Client(socket.socket(fileno=ports.tools), limits)
    module: types.ModuleType | None = None
    number = 0
    while True:
        job = unpack(_exactly(ports.jobs, int.from_bytes(_exactly(ports.jobs, HEADER), "big")))
        number += 1
        module = module or _main_module(client, job["tools"])
        filename = f"<action {number}>" if job["mode"] == "action" else "<program>"
        try:
            report = Job(job, module.__dict__, filename, limits).do()
        except MemoryError:  # while another exception was being told
            report = {"status": "oom"}
        for stream in (getattr(sys, "stdout", None), getattr(sys, "stderr", None), *streams):
            with contextlib.suppress(Exception):  # the program has closed or replaced it
                stream.flush()  # type: ignore[union-attr]
        data = pack(report)
        while data:
            data = data[os.write(ports.reports, data) :]
        if job["mode"] != "action":
            os._exit(0)


def _stream(fd: int) -> TextIO:
    return open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(fd, size - len(data))
        if not chunk:
            os._exit(0)
        data += chunk
    return data


def _main_module(client: "Client", tools: list[dict[str, Any]]) -> types.ModuleType:
    own = types.ModuleType("builtins")  # what the program patches there, the guest does not see
    own.__dict__.update(vars(builtins))
    module = types.ModuleType("__main__")
    module.__dict__.update({tool["name"]: client.stub(tool) for tool in tools})
    module.__dict__.update(ToolError=ToolError, same=same, __builtins__=own)
    sys.modules.update(__main__=module, builtins=own)
    return module


class Client:
    """The tools as plain functions; each call goes to the state process and waits for its answer."""

    def __init__(self, sock: socket.socket, limits: dict[str, Any]) -> None:
        self.sock = sock
        self.limit = limits["argument_bytes"]
        self.lock = threading.Lock()

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
            raise ToolError(f"the arguments of {name} are larger than {self.limit} bytes")
        with self.lock:
            self.sock.sendall(len(body).to_bytes(HEADER, "big") + body)
            inbox, answers = Inbox(LARGE), list[bytes]()
            while not answers:
                data = self.sock.recv(1 << 17)
                if not data:
                    raise ConnectionError(f"no answer from {name}")
                answers += inbox.feed(data)
        answer = unpack(answers[0])
        match answer.get("raise"):
            case None:
                return answer["result"]
            case "TypeError":
                raise TypeError(answer["message"])
            case "NameError":
                raise NameError(answer["message"])
            case _:
                raise ToolError(answer["message"])


@dataclass
class Job:
    """A program, a check, an action or a parse, and the names it runs with."""

    job: dict[str, Any]
    names: dict[str, Any]
    filename: str
    limits: dict[str, Any]

    def do(self) -> dict[str, Any]:
        """Run it; how it ended."""
        mode, source = self.job["mode"], self.job.get("source", "")
        if mode == "parse":
            return {"status": "ok", "told": [_problem(one) for one in self.job["sources"]]}
        linecache.cache[self.filename] = (len(source), None, source.splitlines(keepends=True), self.filename)
        try:
            tree: Any = compile(source, self.filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            last = tree.body.pop() if mode == "action" and tree.body and isinstance(tree.body[-1], ast.Expr) else None
            code = compile(tree, self.filename, "exec", dont_inherit=True)
            tail = None
            if isinstance(last, ast.Expr):
                tail = compile(ast.Expression(last.value), self.filename, "eval", dont_inherit=True)
        except BaseException as error:  # noqa: BLE001 - SyntaxError, ValueError, RecursionError, MemoryError
            return {"status": "syntax", "exception": self._told(error)}
        try:
            exec(code, self.names)
            if mode == "evaluate":
                return self._verdict()
            shown = eval(tail, self.names) if tail else None
            result = None if mode == "action" else render(self.names.get("result"), self.limits)
            return {"status": "ok", "result": result, "shown": self._shown(shown)}
        except Refused as error:
            return {"status": "bad_result", "exception": self._told(error)}
        except SystemExit as error:
            return {"status": "exit", "exception": self._told(error)}
        except MemoryError:
            return {"status": "oom"}
        except ToolError as error:
            return {"status": "tool_error", "exception": self._told(error)}
        except BaseException as error:  # noqa: BLE001 - it is what the program did
            return {"status": "exception", "exception": self._told(error)}

    def _shown(self, value: Any) -> str | None:
        if value is None:
            return None
        text, most = str(repr(value)), self.limits["output_kept"] // 2
        return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} characters left out)"

    def _verdict(self) -> dict[str, Any]:
        evaluate = self.names.get("evaluate")
        if not callable(evaluate):
            return {"status": "no_evaluate"}
        arguments = [self.job["answer"]]
        try:
            inspect.signature(evaluate).bind(*arguments)
        except (TypeError, ValueError):
            arguments = []
        value = evaluate(*arguments)
        if value is True or value is False:
            return {"status": "ok", "verdict": value}
        return {"status": "non_bool"}

    def _told(self, error: BaseException) -> dict[str, Any]:
        """The exception as text; whatever its own methods do, they do it here."""
        kind = type(error)
        try:
            message = str(error)[:8192]
        except BaseException:  # noqa: BLE001 - a `__str__` of the program's own
            message = ""
        try:
            trace = self._trace(error)[:16384]
        except BaseException:  # noqa: BLE001
            trace = f"{kind.__name__}: {message}\n"
        return {
            "type": kind.__name__,
            "bases": [c.__name__ for c in kind.__mro__],
            "message": message,
            "traceback": trace,
        }

    def _trace(self, error: BaseException) -> str:
        whole = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        todo: list[traceback.TracebackException | None] = [whole]
        while todo:
            part = todo.pop()
            if part is None:
                continue
            own = [f for f in part.stack if f.filename == "<program>" or f.filename.startswith("<action ")]
            part.stack = traceback.StackSummary.from_list([(f.filename, f.lineno or 0, f.name, f.line) for f in own])
            todo += [part.__cause__, part.__context__]
        return "".join(whole.format())


def _problem(source: str) -> str | None:
    try:
        compile(source, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except BaseException as error:  # noqa: BLE001 - null bytes, too much nesting
        return f"{type(error).__name__}: {error}"
    return None


def render(value: Any, limits: dict[str, Any]) -> str | None:
    """`result` as text: a string as it is, anything else as JSON; `Refused` if it is neither or too much."""
    if value is None:
        return None
    try:
        text = str.__str__(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"result is not JSON: {error}") from None
    if len(text.encode("utf-8", "replace")) > limits["answer_bytes"]:
        raise Refused(f"result is larger than {limits['answer_bytes']} bytes")
    if too_deep(value, limits["answer_depth"]):
        raise Refused(f"result is nested deeper than {limits['answer_depth']}")
    return text
