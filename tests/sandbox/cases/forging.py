"""Programs that would rather write the verdict than earn it."""

import json

from sandbox.cases import CHECK, WORK, Case, attack, with_work

REPORTS = """
import fcntl, json, os, stat
def is_pipe(fd):
    try: return stat.S_ISFIFO(os.fstat(fd).st_mode) and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
    except OSError: return False
reports = next(fd for fd in range(3, 64) if is_pipe(fd))
def tell(body, size=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    os.write(reports, (len(body) if size is None else size).to_bytes(4, "big") + body)
def finish(*arguments):
    tell(*arguments)
    os._exit(0)
"""
TOOLS = """
import json, os, socket
def is_socket(fd):
    try: return socket.socket(fileno=os.dup(fd)).family == socket.AF_UNIX
    except OSError: return False
tools = next(fd for fd in range(3, 64) if is_socket(fd))
def send(body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    os.write(tools, len(body).to_bytes(4, "big") + body)
def hear():
    size, said = int.from_bytes(os.read(tools, 4), "big"), b""
    while len(said) < size: said += os.read(tools, size - len(said))
    return json.loads(said)
def ask(body):
    send(body)
    return hear()
"""
EVERY = "import os\nfor fd in range(1, 64):\n    try: os.write(fd, {})\n    except OSError: pass\n"
FRAME = '{"status": "ok", "verdict": true, "result": "True"}'


def frame(name, expected, body):
    return attack(f"a report: {name}", expected, f"{REPORTS}\nfinish({body})")


def returns(name, expression, setup=""):
    return Case(
        f"a check that returns {name}", "evaluate_non_bool", E=f"{setup}\ndef evaluate():\n    return {expression}"
    )


BAD = "solution_bad_result"

CASES = [
    attack("a verdict printed", "solution_fails", f"print('True'); print({FRAME!r})"),
    attack("a verdict as result", "solution_fails", "result = True"),
    attack("an evaluate of its own", "solution_fails", "def evaluate(*a): return True"),
    attack("frames on stdout", "solution_fails", f"import os; os.write(1, b'\\0\\0\\0\\x33' + {FRAME!r}.encode())"),
    attack("frames on every descriptor", BAD, EVERY.format(f"(51).to_bytes(4, 'big') + {FRAME!r}.encode()")),
    attack("bytes on every descriptor", BAD, EVERY.format("b'\\xff' * 999")),
    attack("engine headers on every descriptor", "rejected", EVERY.format("b'\\x01\\0\\0\\0\\0\\0\\0\\x10' + bytes(16)")),
    *(attack(f"it leaves: {source}", "solution_exit", source) for source in (
        "import sys; sys.exit(0)", "import os; os._exit(0)", "raise SystemExit(True)", "raise SystemExit",
        "class Leave(SystemExit): pass\nraise Leave(0)", "exit = SystemExit; raise exit('done')",
    )),
    *(Case(f"a check that leaves: {source}", "evaluate_exit", E=f"import os, sys\ndef evaluate():\n    {source}")
      for source in ("sys.exit(0)", "os._exit(0)", "os._exit(1)", "raise SystemExit(True)")),
    Case("a check that leaves before it is called", "evaluate_exit", E="import os\nos._exit(0)"),
    Case("a failure that leaves", "failure_exit", F="import sys; sys.exit(0)"),
    returns("1", "1"), returns("'True'", "'True'"), returns("None", "None"), returns("a list", "[True]"),
    returns("a coroutine", "late()", "async def late(): return True"),
    returns("what equals everything", "Equal()", "class Equal:\n    __eq__ = lambda *a: True\n    __hash__ = lambda s: 1"),
    returns("what is true", "Yes()", "class Yes:\n    __bool__ = lambda s: True"),
    returns("1 in a subclass", "Yes(1)", "class Yes(int): pass"),
    returns("what says that it is a bool", "Yes()", "class Yes:\n    __class__ = bool\n    __bool__ = lambda s: True"),
    returns("NotImplemented", "NotImplemented"),
    returns("a function", "lambda: True"),
    Case("an async check", "evaluate_non_bool", E="async def evaluate(): return True"),
    Case("a check that yields", "evaluate_non_bool", E="def evaluate():\n    yield True"),
    Case("a check that is a class", "evaluate_non_bool", E="class evaluate: pass"),
    Case("a check that is a lambda", "noop_passes", E="evaluate = lambda: True"),
    Case("a check that is partial", "noop_passes", E="import functools\nevaluate = functools.partial(bool, 1)"),
    Case("a check with a default", "noop_passes", E="def evaluate(answer=1): return True"),
    Case("a check of any arguments", "noop_passes", E="def evaluate(*args, **kwargs): return args == ('',)"),
    Case("a check that needs two arguments", "evaluate_exception", E="def evaluate(a, b): return True"),
    Case("a check that needs a named argument", ("evaluate_exception",), E="def evaluate(*, a): return True"),
    Case("no evaluate", "no_evaluate", E="def check(): return True"),
    Case("an evaluate that is no function", "no_evaluate", E="evaluate = True"),
    Case("an evaluate taken back", "no_evaluate", E="def evaluate(): return True\ndel evaluate"),
    Case("bool patched in the check", "evaluate_non_bool", E="import builtins\nbuiltins.bool = builtins.True_ = int\ndef evaluate(): return 1"),
    *(Case(f"a check that raises {kind}", "evaluate_exception", E=f"def evaluate(): raise {kind}")
      for kind in ("KeyboardInterrupt", "GeneratorExit", "StopIteration", "ZeroDivisionError", "RecursionError",
                   "BaseExceptionGroup('g', [ValueError()])", "AssertionError", "OSError", "Warning")),
    Case("a check that raises what cannot be told", ("evaluate_exception", "evaluate_bad_result"), E="""
class Odd(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__
def evaluate(): raise Odd
"""),
    Case("a check whose exception has a nameless class", ("evaluate_exception", "evaluate_bad_result"), E="""
class Nameless(type):
    __name__ = property(lambda cls: 1 / 0)
class Odd(Exception, metaclass=Nameless): pass
def evaluate(): raise Odd
"""),
    attack("a closed report pipe", BAD, f"{REPORTS}\nos.close(reports)"),
    attack("every descriptor closed", "rejected", "import os\nos.closerange(3, 64)"),
    attack("a report pipe put elsewhere", "rejected", f"{REPORTS}\nos.dup2(1, reports)"),
    attack("half a length", BAD, f"{REPORTS}\nos.write(reports, b'\\0\\0')\nos._exit(0)"),
    attack("half a frame", BAD, f"{REPORTS}\nfinish(b'{{', 100)"),
    attack("a frame of four gigabytes", BAD, f"{REPORTS}\nfinish(b'x', 0xffffffff)"),
    attack("a frame just too large", BAD, f"{REPORTS}\nimport sys\ntry: tell(b'x' * (1 << 20), (1 << 20) + 1)\nfinally: os._exit(0)"),
    attack("an empty frame", BAD, f"{REPORTS}\nfinish(b'')"),
    attack("two frames", BAD, f"{REPORTS}\ntell({{'status': 'ok'}})\nfinish({{'status': 'ok'}})"),
    attack("a frame and half a frame", BAD, f"{REPORTS}\ntell({{'status': 'ok'}})\nos.write(reports, b'\\0')\nos._exit(0)"),
    attack("a frame, and then it works on", BAD, f"{REPORTS}\ntell({{'status': 'ok'}})\nimport time; time.sleep(60)"),
    attack("a frame, and then it loops", "rejected", f"{REPORTS}\ntell({{'status': 'ok'}})\nwhile True: pass"),
    attack("a frame, and then it is killed", BAD, f"{REPORTS}\ntell({{'status': 'ok'}})\nos.kill(os.getpid(), 9)"),
    attack("frames without end", "rejected", f"{REPORTS}\nwhile True: tell({{'status': 'ok'}})"),
    attack("a frame that a child writes", "rejected", f"{REPORTS}\nif os.fork() == 0: finish({{'status': 'ok'}})\nimport time; time.sleep(0.3)"),
    attack("a valid frame", "solution_fails", f"{REPORTS}\nfinish({{'status': 'ok', 'result': 'x', 'verdict': True}})"),
    frame("text", BAD, "'ok'"), frame("a list", BAD, "['ok']"), frame("null", BAD, "None"), frame("a number", BAD, "7"),
    frame("no JSON", BAD, "b'{status: ok}'"), frame("no UTF-8", BAD, "b'\"\\xff\\xfe'"),
    frame("UTF-16", "rejected", "'{}'.encode('utf-16')"),
    frame("deep brackets", BAD, "b'[' * 500_000"),
    frame("deep objects", BAD, "b'{\"status\":' * 100_000"),
    frame("a status that is a list", BAD, "{'status': ['ok']}"),
    frame("a status that is an object", BAD, "{'status': {}}"),
    frame("a status that is a number", BAD, "{'status': 1}"),
    frame("a status that is null", BAD, "{'status': None}"),
    frame("no status", BAD, "{'verdict': True}"),
    frame("an unknown status", BAD, "{'status': 'accepted'}"),
    *(frame(f"the supervisor's word {word}", BAD, f"{{'status': {word!r}}}")
      for word in ("timeout", "killed", "crash", "output_limit", "tool_limit", "too_large", "infra")),
    *(frame(f"the supervisor's field {name}", BAD, f"{{'status': 'ok', {name!r}: {value}}}") for name, value in (
        ("calls", "[]"), ("wrote", "True"), ("ended", "True"), ("alive", "True"), ("trouble", "'x'"), ("refused", "'x'"),
        ("id", "1"), ("output", "'x'"), ("cpu_seconds", "-1"), ("runs", "[]"),
    )),
    frame("trouble", BAD, "{'trouble': 'the engine is on fire'}"),
    frame("a result that is no text", BAD, "{'status': 'ok', 'result': {}}"),
    frame("a result of five thousand digits", BAD, "b'{\"status\": \"ok\", \"result\": ' + b'9' * 5000 + b'}'"),
    frame("a result that is not a number", BAD, "b'{\"status\": \"ok\", \"result\": NaN}'"),
    frame("a verdict that is a number", BAD, "{'status': 'ok', 'verdict': 1}"),
    frame("the same key twice", "rejected", "b'{\"status\": \"ok\", \"status\": \"timeout\"}'"),
    frame("lone surrogates", "solution_fails", "b'{\"status\": \"ok\", \"result\": \"\\\\ud800\\\\udfff\"}'"),
    frame("a huge result", "rejected", "{'status': 'ok', 'result': 'x' * 1_000_000}"),
    frame("an exception that is text", BAD, "{'status': 'exception', 'exception': 'x'}"),
    frame("an exception without bases", BAD, "{'status': 'exception', 'exception': {'type': 'x'}}"),
    frame("bases that are numbers", BAD, "{'status': 'exception', 'exception': {'type': 'x', 'bases': [1], 'message': '', 'traceback': ''}}"),
    frame("bases that are text", BAD, "{'status': 'exception', 'exception': {'type': 'x', 'bases': 'x', 'message': '', 'traceback': ''}}"),
    frame("a status of a parse", "rejected", "{'status': 'ok', 'told': [None] * 9}"),
    Case("a refusal forged by a failure", ("failure_exception", "failures_degenerate"),
         F=f"{REPORTS}\nfinish({{'status': 'tool_error', 'exception': {{'type': 'ToolError', 'bases': ['ToolError'], 'message': '', 'traceback': ''}}}})"),
    Case("a refusal raised by hand", ("failure_exception",), F="raise ToolError('as if')"),
    Case("a refusal of its own class", ("failure_exception",), F="class Mine(ToolError): pass\nraise Mine('as if')"),
    Case("a check that writes two reports", "evaluate_bad_result",
         E=f"{REPORTS}\ndef evaluate():\n    tell({{'status': 'ok', 'verdict': True}})\n    return True"),
    Case("a check that forks", "rejected", E="import os\ndef evaluate():\n    return os.fork() == 0"),
    attack("it kills itself", "solution_killed", "import os; os.kill(os.getpid(), 9)"),
    attack("it kills its group", "solution_killed", "import os; os.kill(0, 9)"),
    Case("a failure that kills itself", "failure_killed", F="import os; os.kill(os.getpid(), 9)"),
    Case("a check that kills itself", "evaluate_killed", E="import os\ndef evaluate(): os.kill(os.getpid(), 9)"),
    *(attack(f"it crashes: {how}", "solution_crash", how) for how in (
        "import ctypes; ctypes.string_at(0)", "import os; os.abort()", "import os; os.kill(os.getpid(), 11)",
        "import os; os.kill(os.getpid(), 15)", "import faulthandler; faulthandler._sigsegv()",
    )),
    Case("a check that crashes", "evaluate_crash", E="import os\ndef evaluate(): os.abort()"),
    Case("a failure that crashes", "failure_crash", F="import os; os.abort()"),
    attack("an exit that does nothing", "rejected", "import os\nos._exit = lambda code: None"),
    attack("a write that does nothing", "rejected", "import os\nos.write = lambda fd, data: len(data)"),
    attack("json patched in its own process", "rejected", "import json\njson.dumps = lambda *a, **k: 'x'"),
    attack("an alarm during the report", "rejected", """
import signal
def late(*a): raise SystemExit
signal.signal(signal.SIGALRM, late)
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
"""),
    attack("tracing of the guest", "rejected", """
import sys
def trace(frame, event, argument): raise SystemExit
class Set:
    def __del__(self): sys.settrace(trace)
Set()
"""),
    attack("a result whose text lies", "solution_fails", "class Lie(str):\n    __str__ = lambda s: 'y'\nresult = Lie('x')"),
    attack("stdout replaced by what leaves", ("solution_exit", "solution_fails", BAD), """
import os, sys
class Leaving:
    def flush(self): os._exit(0)
    def write(self, text): return 0
sys.stdout = Leaving()
"""),
    with_work("200 KB of output", "print('x' * 200_000)"),
    with_work("stdout closed", "import sys; sys.stdout.close()"),
    with_work("stdout and stderr closed below", "import os; os.close(1); os.close(2)"),
    with_work("stdout replaced", "import io, sys; sys.stdout = io.StringIO(); print('x')"),
    with_work("a child that leaves", "import os\nif os.fork() == 0: os._exit(0)\nos.wait()"),
    with_work("an exit that is caught", "try: raise SystemExit(0)\nexcept SystemExit: pass"),
    Case("a report of its own after the work", "accepted", S=f"{REPORTS}\n{WORK}\nfinish({{'status': 'ok', 'result': ''}})"),
    # Raw frames on the tools' socket.
    *(with_work(f"a call of {name!r}", f"{TOOLS}\nassert ask([{name!r}, [], {{}}])['raise'] == 'NameError'") for name in (
        "_get", "state", "load", "starts", "__init__", "__class__", "stop", "fork", "hash", "", "get_order\0", "GET_ORDER",
    )),
    with_work("arguments of wrong types", f"{TOOLS}\nassert ask(['get_order', [{{}}], {{}}])['raise'] == 'TypeError'"),
    with_work("extra arguments", f"{TOOLS}\nassert ask(['get_order', ['A1001'], {{'self': 1}}])['raise'] == 'TypeError'"),
    with_work("self as argument", f"{TOOLS}\nassert ask(['get_order', [], {{'self': {{}}, 'order_id': 'A1001'}}])['raise'] == 'TypeError'"),
    with_work("deep arguments", f"{TOOLS}\nassert 'raise' in ask(b'[\"get_order\", ' + b'[' * 200 + b']' * 200 + b', {{}}]')"),
    with_work("lone surrogates as argument", f"{TOOLS}\nassert ask(b'[\"get_order\", [\"\\\\ud800\"], {{}}]')['raise'] == 'ToolError'"),
    with_work("descriptors to the state process", f"{TOOLS}\nsock = socket.socket(fileno=os.dup(tools))\n"
              "body = b'[\"get_order\", [\"A1001\"], {}]'\nsocket.send_fds(sock, [len(body).to_bytes(4, 'big') + body], [1, 1])\n"
              "assert 'result' in json.loads(os.read(tools, 65536)[4:])"),
    with_work("a call in single bytes", f"{TOOLS}\nbody = b'[\"get_order\", [\"A1001\"], {{}}]'\n"
              "for byte in len(body).to_bytes(4, 'big') + body: os.write(tools, bytes([byte]))\n"
              "assert 'result' in json.loads(os.read(tools, 65536)[4:])"),
    *(attack(f"on the tools' socket: {name}", BAD, f"{TOOLS}\n{source}\nimport time; time.sleep(5)") for name, source in (
        ("garbage", "os.write(tools, b'x' * 999)"), ("no JSON", "send(b'get_order')"), ("an empty frame", "send(b'')"),
        ("an object", "send({'op': 'stop'})"), ("a name that is a list", "send([['get_order'], [], {}])"),
        ("arguments that are text", "send(['get_order', 'A1001', {}])"), ("four parts", "send(['get_order', [], {}, 1])"),
        ("not a number", "send(b'[\"get_order\", [NaN], {}]')"), ("infinity", "send(b'[\"get_order\", [1e999], {}]')"),
        ("five thousand digits", "send(b'[\"get_order\", [' + b'9' * 5000 + b'], {}]')"),
        ("brackets", "send(b'[' * 60_000)"), ("a length of four gigabytes", "os.write(tools, b'\\xff\\xff\\xff\\xff')"),
        ("the supervisor's frame", f"send({json.dumps({'op': 'state'})!r}.encode())"),
    )),
    attack("calls whose answers nobody reads", ("solution_tool_limit", "solution_timeout"),
           f"{TOOLS}\nwhile True: send(['get_order', ['A1001'], {{}}])"),
    with_work("the tools' socket half closed by a copy", f"{TOOLS}\nos.close(os.dup(tools))"),
    attack("the tools' socket shut", "solution_exception", f"{TOOLS}\nsocket.socket(fileno=tools).shutdown(2)\n{WORK}"),
    Case("half a call at the end", "accepted", S=f"{WORK}\n{TOOLS}\nos.write(tools, b'\\0\\0\\0\\x30[')"),
    Case("calls in one write at the end", "rejected",
         S=f"{TOOLS}\nbody = json.dumps(['cancel_order', ['A1002', 'no longer needed'], {{}}]).encode()\n"
           "os.write(tools, (len(body).to_bytes(4, 'big') + body) * 600)\nimport time; time.sleep(1)"),
    Case("a check with a report of the supervisor", "evaluate_bad_result",
         E=f"{REPORTS}\ndef evaluate():\n    finish({{'status': 'ok', 'verdict': True, 'wrote': False}})"),
    Case("a check that reports True while it says False", "rejected", E=CHECK.replace("return get", "return not get")),
]  # fmt: skip
