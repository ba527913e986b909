"""What a program may do, and how each end of one is named. Over Docker and over the double alike."""

import hashlib
import json

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANCEL = "cancel_order('A1002', 'no longer needed')"
EVERY_FD = "import os\nfor fd in range(3, 64):\n"


async def test_a_result_is_text_and_anything_else_becomes_json(world):
    assert (await world.run("result = 'as it is'")).result == "as it is"
    assert (await world.run("result = {'Ü': (1, 2.5, None)}")).result == '{"Ü": [1, 2.5, null]}'
    assert (await world.run("x = 1")).result is None


async def test_a_tool_call_returns_json(world):
    run = await world.run("result = get_user(user_id='omar_diaz')['orders']")
    assert (run.status, run.result) == ("ok", '["A1007"]')
    (call,) = run.calls
    assert (call.name, call.kind, call.arguments, call.error) == ("get_user", "read", {"user_id": "omar_diaz"}, None)


async def test_the_state_lasts_from_one_program_to_the_next(world):
    await world.run(CANCEL)
    run = await world.run("result = get_order('A1002')['status']")
    assert run.result == "cancelled"


async def test_each_world_starts_pristine(box):
    first, second = await box.world(), await box.world()
    await first.run(CANCEL)
    assert (await second.run("result = get_order('A1002')['status']")).result == "pending"


async def test_what_a_tool_returned_can_be_changed_without_changing_the_state(world):
    before = await world.state_hash()
    assert (await world.run("order = get_order('A1002')\norder['status'] = 'gone'")).status == "ok"
    assert await world.state_hash() == before


async def test_the_hash_is_that_of_the_state_as_json(world, shop):
    state = {path.stem: json.loads(path.read_text()) for path in (shop / "data").glob("*.json")}
    text = json.dumps(state, sort_keys=True, ensure_ascii=False)
    assert await world.state_hash() == hashlib.sha256(text.encode()).hexdigest()
    assert await world.state() == state


@pytest.mark.parametrize(
    ("source", "wrote"),
    [
        ("get_order('A1002')", False),
        (CANCEL, True),
        ("try:\n    cancel_order('A1001', 'no longer needed')\nexcept ToolError:\n    pass", False),
        ("try:\n    cancel_order('A1002')\nexcept TypeError:\n    pass", False),
    ],
)
async def test_only_a_call_that_changed_something_counts_as_written(world, source, wrote):
    run = await world.run(source)
    assert (run.status, run.wrote) == ("ok", wrote)


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("", "ok"),
        ("1 / 0", "exception"),
        ("nonsense()", "exception"),
        ("cancel_order('A1001', 'no longer needed')", "tool_error"),
        ("x = (", "syntax"),
        ("\0", "syntax"),
        ("(" * 5000, "syntax"),
        ("raise SystemExit(True)", "exit"),
        ("import os; os._exit(0)", "exit"),
        ("import os; os.kill(os.getpid(), 9)", "killed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crash"),
        ("data = bytearray(1 << 40)", "oom"),
        ("result = {1, 2}", "bad_result"),
        ("result = 'x' * 100_000", "bad_result"),
        ("result = []\nfor _ in range(100): result = [result]", "bad_result"),
        ("import os\nfor fd in range(3, 64):\n    try: os.close(fd)\n    except OSError: pass", "bad_result"),
        (
            "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{}' * 99)\n    except OSError: pass",
            "bad_result",
        ),
        ("while True: get_order('A1001')", "tool_limit"),
        ("while True: print('x' * 10_000)", "output_limit"),
        ("input()", "exception"),
        ("import sys\nsys.stdout.close()", "ok"),
        ("import os\nos.close(1)\nos.close(2)", "ok"),
        ("import sys\ndel sys.stdout, sys.stderr", "ok"),
        ("#" * 100_000, "too_large"),
        ("if __name__ == '__main__': result = 1\nassert result == 1", "ok"),
        ("import threading\nthreading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()", "ok"),
        ("import json, re, datetime, math, collections, itertools, decimal, statistics, dataclasses, logging", "ok"),
        ("def f(n): return n and f(n - 1)\nf(500)", "ok"),
        ("x = 1\r\nif x:\r\n\tresult = 'Zoë'", "ok"),
    ],
)
async def test_each_end_has_a_name(world, source, status):
    assert (await world.run(source)).status == status


async def test_an_endless_loop_is_a_time_out(world):
    run = await world.run("try:\n    while True: pass\nexcept BaseException: pass")
    assert run.status == "timeout"
    assert run.cpu_seconds > 1


async def test_output_keeps_head_and_tail(world):
    run = await world.run("print('first')\nfor i in range(20_000): print(i)\nprint('last')")
    assert run.status == "ok"
    assert run.output.startswith("first\n0\n")
    assert run.output.endswith("19999\nlast\n")
    assert len(run.output) < 70_000
    assert "bytes left out" in run.output


async def test_the_streams_that_python_keeps_are_those_of_the_program(world):
    run = await world.run("import sys\nfor file in (sys.__stdout__, sys.__stderr__): print('seen', file=file)")
    assert run.output == "seen\nseen\n"


async def test_what_a_replaced_stdout_still_holds_is_not_lost(world):
    run = await world.run("import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer)\nprint('held')")
    assert run.output == "held\n"


async def test_stdout_and_stderr_arrive_in_order(world):
    run = await world.run("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')")
    assert run.output == "a\nb\nc\n"


async def test_an_exception_names_its_class_its_bases_and_the_programs_own_lines(world):
    run = await world.run("def f():\n    return {}['k']\n\nf()")
    raised = run.exception
    assert (raised.type, raised.bases[:2], raised.message) == ("KeyError", ("KeyError", "LookupError"), "'k'")
    assert raised.traceback == (
        "Traceback (most recent call last):\n"
        '  File "<program>", line 4, in <module>\n    f()\n'
        "  File \"<program>\", line 2, in f\n    return {}['k']\n"
        "KeyError: 'k'\n"
    )


async def test_a_refusal_reads_as_the_tool_worded_it(world):
    run = await world.run("get_order('B7')")
    assert run.exception.message == "there is no B7 among the orders; look its id up first"
    assert run.exception.traceback.endswith("\nToolError: there is no B7 among the orders; look its id up first\n")
    assert run.calls[0].error == run.exception.message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("get_order()", "get_order() missing a required argument: 'order_id'"),
        ("get_order(7)", "get_order(): order_id must be str, not int"),
        ("get_order('A1001', 1)", "get_order() too many positional arguments"),
        ("return_items('A1001', 'cup-7')", "return_items(): item_ids must be list[str], not str"),
        ("return_items('A1001', [7])", "return_items(): item_ids must be list[str], not list"),
    ],
)
async def test_wrong_arguments_are_a_type_error(world, call, message):
    run = await world.run(call)
    assert (run.status, run.exception.type, run.exception.message) == ("exception", "TypeError", message)


async def test_arguments_that_are_too_large_are_refused(world):
    run = await world.run("get_order('x' * 100_000)")
    assert (run.status, run.exception.message) == (
        "tool_error",
        "the arguments of get_order are larger than 65536 bytes",
    )


FIND_SOCKET = """
import json, os, socket
def is_socket(fd):
    try:
        return socket.socket(fileno=os.dup(fd)).family == socket.AF_UNIX
    except OSError:
        return False
fd = next(fd for fd in range(64) if is_socket(fd))
"""


async def test_raw_frames_reach_no_more_than_the_tools(world):
    run = await world.run(
        FIND_SOCKET
        + """
def ask(body):
    os.write(fd, len(body).to_bytes(4, "big") + body)
    return json.loads(os.read(fd, 65536)[4:])
result = [ask(b'["_get", ["orders", "A1001"], {}]'), ask(b'["state", [], {}]'), ask(b'["get_order", [{}], {}]')]
"""
    )
    assert run.status == "ok"
    assert [answer["raise"] for answer in json.loads(run.result)] == ["NameError", "NameError", "TypeError"]


async def test_garbage_on_the_tool_socket_ends_the_program(world):
    run = await world.run(FIND_SOCKET + "os.write(fd, b'x' * 999)\nimport time; time.sleep(5)")
    assert run.status == "bad_result"


async def test_a_process_left_behind_is_dead_before_the_state_is_read(world):
    run = await world.run(
        "import os, time\n"
        "if os.fork() == 0:\n    time.sleep(0.05)\n    cancel_order('A1002', 'no longer needed')\n    os._exit(0)\n"
    )
    assert (run.status, run.wrote, run.calls) == ("ok", False, ())
    assert (
        await world.run("import time; time.sleep(0.1); result = get_order('A1002')['status']")
    ).result == "pending"


async def test_sources_are_parsed_without_being_run(box):
    told = await box.parse(["x = 1", "x =", "1 / 0", "#" * 100_000])
    assert told == [None, "line 1: invalid syntax", None, "it is larger than 65536 bytes"]
