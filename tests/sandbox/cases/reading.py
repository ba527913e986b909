"""Checks that aim at the state process, which serves their reads itself."""

from sandbox.cases import ACCEPTED, CHECK, WORK, Case
from sandbox.cases.forging import TOOLS

FAILS = "solution_fails"


def checking(name, expected, before):
    """The check, and before it looks, an attack on whoever serves it."""
    lines = "".join(f"    {line}\n" for line in before.strip().splitlines())
    return Case(f"a check that {name}", expected, E=CHECK.replace("    return", f"{lines}    return"))


CASES = [
    checking("sends what is no JSON", ACCEPTED, """
for thing in ({1}, object(), b'x', 1j, (n for n in 'x'), print, type, ToolError):
    try: get_order(thing)
    except TypeError: pass
    else: raise OSError
"""),
    checking("sends arguments that lie about themselves", ACCEPTED, """
class Text(str):
    def __str__(self): return 'A1002'
    __repr__ = __hash__ = __eq__ = None
class Number(int):
    def __repr__(self): return '"A1001"'
for thing in (Text('A1001'), Number(7)):
    try: get_order(thing)
    except (TypeError, ToolError): pass
"""),
    checking("sends a dict that answers otherwise each time", ACCEPTED, """
class Odd(dict):
    def items(self): raise ZeroDivisionError
try: get_order(Odd(a=1))
except (ZeroDivisionError, TypeError): pass
"""),
    checking("sends an argument whose finalizer writes", "evaluate_wrote", """
class Last(str):
    def __del__(self):
        try: cancel_order('A1005', 'no longer needed')
        except BaseException: pass
        raise SystemExit
import sys
sys.unraisablehook = lambda *a: None
last = Last('A1001')
"""),
    checking("sends huge numbers", ACCEPTED, """
for thing in (10**4000, -10**4000, 1e308, float('nan'), float('inf'), 10**5000):
    try: get_order(thing)
    except (TypeError, ValueError): pass
    else: raise OSError
"""),
    checking("sends lone surrogates and nulls", ACCEPTED, r"""
for thing in ('\ud800', '\0', '\udfff\ud800', 'A1001\0', '\x1b[2J', '\u202e', '', ' ' * 60000, '{', '__class__'):
    try: get_order(thing)
    except ToolError: pass
    else: raise OSError
"""),
    checking("nests deeply", ACCEPTED, """
deep = 'x'
for _ in range(900): deep = [deep]
for thing in (deep, {'a': deep}):
    try: get_order(thing)
    except (ToolError, TypeError, RecursionError): pass
    else: raise OSError
"""),
    checking("calls by names of the machinery", ACCEPTED, """
call = get_order.__closure__[1].cell_contents.call
for name in ('_call', 'work', 'marks', 'state', 'switches_on', '__init__', '__del__', '__reduce__', 'toolset', 'load'):
    try: call(name, [], {})
    except NameError: pass
    else: raise OSError
"""),
    checking("asks for attributes of a tool", ACCEPTED, """
call = get_order.__closure__[1].cell_contents.call
for name in ('get_order.__func__', 'get_order.__globals__', 'state.clear', '__class__.get_order', 'get_order '):
    try: call(name, ['A1001'], {})
    except NameError: pass
    else: raise OSError
"""),
    checking("names arguments as no one does", ACCEPTED, """
for name in ('self', 'order_id ', '__class__', '', 'x' * 9999, '\\0', '*args'):
    try: get_order(**{name: 'A1001'})
    except TypeError: pass
    else: raise OSError
"""),
    checking("gives one argument twice", ACCEPTED, "try: get_order('A1001', order_id='A1002')\nexcept TypeError: pass"),
    checking("changes what it was given", ACCEPTED, """
order = get_order('A1003')
order.clear(); order['return_items'] = ['teapot-2']
assert get_order('A1003') != order
"""),
    checking("calls from eight threads", ACCEPTED, """
import threading
threads = [threading.Thread(target=get_order, args=['A1001']) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
"""),
    checking("calls from children at the same time", ("evaluate_bad_result", "evaluate_exception", "evaluate_timeout", ACCEPTED), """
import os
for _ in range(3):
    if os.fork() == 0:
        for _ in range(20): get_order('A1002')
        os._exit(0)
for _ in range(3): os.wait()
"""),
    checking("writes from a thread while it reads", "evaluate_wrote", """
import threading
def write():
    try: cancel_order('A1005', 'no longer needed')
    except ToolError: pass
t = threading.Thread(target=write); t.start()
for _ in range(9): get_order('A1001')
t.join()
"""),
    checking("writes, and is refused", ACCEPTED, "try: cancel_order('none', 'no longer needed')\nexcept ToolError: pass"),
    Case("a check that writes the right state and looks at it", ("noop_passes", "evaluate_wrote"), E=f"""
def evaluate():
    try: {WORK}
    except ToolError: pass
    return get_order("A1001").get("return_items") == ["teapot-2"]
"""),
    Case("a check that writes and then leaves", ("evaluate_exit", "evaluate_wrote"), E="""
import os
def evaluate():
    cancel_order("A1005", "no longer needed")
    os._exit(0)
"""),
    Case("a check that writes and then hangs", ("evaluate_timeout", "evaluate_wrote"), E="""
def evaluate():
    cancel_order("A1005", "no longer needed")
    while True: pass
"""),
    Case("a check that writes past the tool that it was given", "evaluate_wrote", E=CHECK + f"""
{TOOLS}
send(["cancel_order", ["A1005", "no longer needed"], {{}}])
hear()
"""),
    Case("a check that sends a read and a write as one piece", "evaluate_wrote", E=CHECK + f"""
{TOOLS}
both = [json.dumps(b).encode() for b in (["get_order", ["A1001"], {{}}], ["cancel_order", ["A1005", "no longer needed"], {{}}])]
os.write(tools, b"".join(len(b).to_bytes(4, "big") + b for b in both))
hear(), hear()
"""),
    Case("a check that sends half a call", ACCEPTED, E=CHECK + f"""
{TOOLS}
old = evaluate
def evaluate():
    said = old()
    os.write(tools, bytes([0, 0, 0, 40]) + b'["cancel_order", [')
    return said
"""),
    Case("a check that sends garbage after it has looked", ("evaluate_bad_result",), E=CHECK + f"""
{TOOLS}
old = evaluate
def evaluate():
    said = old()
    send(b"garbage")
    import time; time.sleep(0.5)
    return said
"""),
    Case("a check that leaves answers unread", ("evaluate_tool_limit", "evaluate_timeout"), E=f"""
{TOOLS}
def evaluate():
    while True: send(["get_order", ["A1001"], {{}}])
""", slow=True),
    Case("a check that shuts the tools' socket", ACCEPTED, E=CHECK + f"""
{TOOLS}
old = evaluate
def evaluate():
    said = old()
    socket.socket(fileno=tools).shutdown(2)
    return said
"""),
    Case("a check whose child calls in between", (ACCEPTED, "evaluate_exception", "evaluate_timeout", "evaluate_bad_result"), E=CHECK + """
import os, time
if os.fork() == 0:
    while True:
        get_order("A1001")
        time.sleep(0.02)
"""),
    Case("a check that puts another socket there", ("evaluate_exception", "evaluate_timeout", "evaluate_bad_result", FAILS, "failure_passes", "noop_passes"), E=f"""
{TOOLS}
mine, other = socket.socketpair()
os.dup2(mine.fileno(), tools)
body = json.dumps({{"result": {{"return_items": ["teapot-2"]}}}}).encode()
other.send(len(body).to_bytes(4, "big") + body)
{CHECK}
"""),
    Case("a check that is too large", "too_large", E=CHECK + "#" * 65536),
]  # fmt: skip
