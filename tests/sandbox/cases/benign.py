"""Honest programs, which must be accepted."""

from sandbox.cases import ACCEPTED, CHECK, WORK, Case, with_work

CASES = [
    with_work("prints", "print('looking'); print('one', 'two', sep='\\t', end='')"),
    with_work("a refusal that is caught", "try: get_order('A9')\nexcept ToolError as error: print(error)"),
    with_work("modules", "import collections, datetime, decimal, fractions, itertools, json, math, re, statistics, string, textwrap, typing"),
    with_work("more modules", "import bisect, copy, csv, dataclasses, enum, functools, hashlib, heapq, io, operator, random, uuid, time, zoneinfo"),
    with_work("recursion of 500", "def f(n): return n and f(n - 1)\nf(500)"),
    with_work("names that are not Latin", "größe = 'Zoë'\nимя = '你好'\nprint(größe, имя, '🫖')"),
    with_work("classes, generators and match", """
from dataclasses import dataclass
@dataclass
class Item:
    name: str
    price: float = 0.0
def items():
    for item in get_order("A1001")["items"]: yield Item(item["name"], item["price"])
match list(items()):
    case [Item(name="teapot"), *_]: pass
    case _: raise ValueError
"""),
    with_work("a second and a half of CPU time", "import time\nwhile time.process_time() < 1.5: pass"),
    with_work("100 MB of memory", "data = bytearray(b'x') * (100 << 20)\nassert len(data)"),
    with_work("100 tool calls", "for _ in range(100): get_order('A1001')"),
    Case("a check with helpers and closures", ACCEPTED, E="""
def items_of(order_id):
    order = get_order(order_id)
    def inner(): return order.get("return_items", [])
    return inner
WANTED = {"teapot-2"}
def evaluate():
    return set(items_of("A1001")()) == WANTED
"""),
    Case("a check of a field that is not there yet", ACCEPTED, E="def evaluate(): return get_order('A1001')['return_items'] == ['teapot-2']"),
    Case("a check that prints", ACCEPTED, E="print('loading')\n" + CHECK),
    Case("a check with an answer", ACCEPTED, S=WORK + "\nresult = {'total': 34.5}", E=CHECK.replace(
        "evaluate()", "evaluate(answer)").replace("return get", "return '34.5' in answer and get")),
    Case("a check with a tolerance", ACCEPTED, S=WORK + "\nresult = 0.1 + 0.2", E=CHECK.replace(
        "evaluate()", "evaluate(answer)").replace("return get", "return same(answer, 0.3) and get")),
    Case("a failure that ends in a refusal after a good write", ACCEPTED, F=
         'cancel_order("A1005", "no longer needed")\ncancel_order("A1005", "no longer needed")'),
    Case("a failure that is refused at once", ACCEPTED, F="get_order('A9')"),
    Case("a failure that answers something else", ACCEPTED, F="result = 'done'"),
    Case("a main block", ACCEPTED, S=f"def main():\n    {WORK}\n\nif __name__ == '__main__':\n    main()"),
    with_work("threads with join", "import threading\nt = threading.Thread(target=lambda: get_order('A1001'))\nt.start(); t.join()"),
    with_work("tool calls in a pool of threads", """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool: assert len(list(pool.map(get_order, ["A1001"] * 20))) == 20
"""),
    Case("tabs", ACCEPTED, S=f"if True:\n\t{WORK}"),
    Case("CRLF", ACCEPTED, S=f"x = 1\r\nif x:\r\n    {WORK}\r\n"),
    Case("no final newline", ACCEPTED, S=WORK), Case("a final comment", ACCEPTED, S=WORK + "  # done"),
    with_work("logging and warnings", "import logging, warnings\nlogging.basicConfig(level='INFO'); logging.info('x'); warnings.warn('careful')"),
    with_work("float tolerance", "import math; assert math.isclose(sum([0.1] * 10), 1.0)"),
    with_work("a time zone and a date", "import datetime, time; datetime.datetime.now(datetime.timezone.utc).isoformat(); time.sleep(0.05)"),
    with_work("seeded chance", "import random; random.seed(7); random.shuffle(list(range(9)))"),
    with_work("asyncio that waits", """
import asyncio
async def main(): await asyncio.sleep(0.01); return get_order("A1001")
asyncio.run(main())
"""),
    with_work("type hints and annotations", "x: dict[str, int] = {}\ndef f(a: 'int | None' = None) -> list[str]: return []"),
    with_work("a result that is not used", "result = [1, (2, 3), {'a': None}]"),
    Case("an empty failure answer", ACCEPTED, F='return_items("A1001", ["cup-7"])\nresult = ""'),
    Case("kwargs and positional arguments", ACCEPTED, S='return_items(order_id="A1001", item_ids=["teapot-2"])'),
    Case("an item from a list", ACCEPTED, S='order = get_order("A1001")\nreturn_items("A1001", [order["items"][0]["item_id"]])'),
    with_work("tracing by a debugger", "import sys; sys.settrace(lambda *a: None); sys.settrace(None)"),
    with_work("a with statement and an f-string", "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out: print('x')\nprint(f'{out.getvalue()!r:>10}')"),
    with_work("the user's locale", "import locale\nlocale.setlocale(locale.LC_ALL, '')\nassert 'é'.encode() == bytes([195, 169])\nprint('é')"),
    with_work("a finalizer and a context", "import tempfile\ntry: tempfile.mkdtemp()\nexcept OSError: pass"),
]  # fmt: skip
