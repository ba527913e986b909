"""Observations in short: what is told without Python's punctuation, and what stays as it is."""

import time

import pytest
from dialogue.voices import Voices
from hypothesis import given
from hypothesis import strategies as st
from retail.shop import FOLDER, write

from sca.cli.roles import Flags, resolve
from sca.dialogue.executor import ExecutorRules, attempt
from sca.dialogue.observations import compact, shown
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.dialogue.user import ScriptedUsers
from sca.engines import Sampling
from sca.records.contract import Task
from sca.sandbox.host.double import SubprocessSandbox

ORDER = {"status": "delivered", "items": [{"name": "Apron", "price": 27.42}]}
VARIANTS = {"12": {"item_id": "12", "price": 3.5, "sold": True}, "34": {"item_id": "34", "price": 4.0, "sold": None}}


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("['Apron', 'Wall Mirror', 3]", "Apron, Wall Mirror, 3"),
        ("('Apron', -2.5)", "Apron, -2.5"),
        ("{'A': 3, 'C': None}", "A: 3, C: None"),
        ("#W1 pending ['Apron', 'Tent']", "#W1 pending Apron, Tent"),
        ("#W1 [('Apron', 2), ('Tent', 3)] #W2 []", "#W1 (Apron, 2), (Tent, 3) #W2 []"),
        ("'gone'\n[1]\n", "gone\n1\n"),
        (repr(ORDER), "status: delivered\nitems: ((name: Apron, price: 27.42))"),
        (repr(VARIANTS), "id | price | sold\n12 | 3.5 | True\n34 | 4.0 | None"),
        (repr(list(VARIANTS.values())), "item_id | price | sold\n12 | 3.5 | True\n34 | 4.0 | None"),
        ('{\n  "open": true,\n  "left": null\n}', "open: True, left: None"),
        ("[['a', 'b'], ['c']]", "(a, b)\n(c)"),
        ("['Mill Lane, 3', '', 'a: b']", "'Mill Lane, 3', '', 'a: b'"),
    ],
)
def test_a_literal_loses_what_only_a_parser_needs(printed, seen):
    assert compact(printed) == seen


@pytest.mark.parametrize(
    "printed",
    [
        "84.5",
        "It's done (see below).",
        'order["status"] is f(["a"])',
        "[x for x in y] and {z}",
        "[1, 2",
        "<Order {'a': 1}>",
        "{1} {'a'}",
        "[{'b', 'a'}]",
        "{'sizes': {'s', 'm', 'l'}}",
        "Traceback (most recent call last):\n  ['a', 'b']\nKeyError: 'a'",
    ],
)
def test_other_text_stays_as_it_is(printed):
    assert compact(printed) == printed


def test_what_was_printed_before_a_traceback_is_in_short_too():
    assert (
        compact("['a']\nTraceback (most recent call last):\n['b']") == "a\nTraceback (most recent call last):\n['b']"
    )


@given(st.text(alphabet="[](){}'\"\\, :-1aeTru\n ") | st.text())
def test_no_text_is_too_odd(text):
    assert isinstance(compact(text), str)


HOSTILE = ["[ " * 50_000, "[ " * 30_000 + "] " * 30_000, "['a', " * 9_000, "'" * 99_999]
HOSTILE += ["[\\'] " * 50_000]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_costs_no_more_than_its_length(text):
    began = time.process_time()
    assert compact(text) == text
    assert time.process_time() - began < 5  # a quadratic reading would take minutes


def test_the_limit_is_of_what_is_shown():
    assert shown(repr(["a"] * 100), "compact", 300) == ", ".join(["a"] * 100)


@pytest.fixture
async def world(tmp_path):
    write(tmp_path)
    async with SubprocessSandbox(FOLDER, data=tmp_path) as sandbox, sandbox.box() as box:
        yield await box.world(None)


async def test_the_agent_hears_it_and_the_record_keeps_it(world):
    told = ['ACTION:\nprint("orders", ["#W1", "#W2"])\nEND ACTION', "RESPONSE:\nBye.\nEND RESPONSE"] * 2
    voices = Voices({"a": told})
    task = Task(id="t", environment="retail", instruction="You want to know.")
    rules = ExecutorRules(max_turns=2, observations="compact")
    asker = Asker(voices, Sampling(), seed=0)
    made = await attempt("a", task, Setting.open(str(FOLDER)), world, asker, rules, ScriptedUsers())
    assert [m.content for m in made.conversation.messages if m.role == "tool"] == ["orders #W1, #W2"]
    assert voices.requests[1].messages[-1]["content"] == "OUTPUT:\norders #W1, #W2"


@pytest.mark.parametrize(
    ("flag", "own", "settled"),
    [
        (None, {}, "plain"),
        (None, {"observations": "compact"}, "compact"),
        ("plain", {"observations": "compact"}, "plain"),
    ],
)
def test_a_flag_wins_over_the_models_own_wish(flag, own, settled):
    flags = Flags(None, None, None, None, None, observations=flag)
    assert resolve(flags, "executor", own, 15).observations == settled
