"""Retail's part of the corpus: what the toolkit itself would show, and what is right and wrong in it."""

import json
from collections import Counter
from dataclasses import replace
from itertools import product
from random import Random

import pytest
from dialogue.voices import Voices

from sca.dialogue.challenger import ChallengerRules, explore
from sca.dialogue.executor import ExecutorRules, attempt
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.dialogue.user import STOP, ScriptedUsers
from sca.engines import Sampling
from sca.records.contract import Task
from sca.records.reading import read
from sca.sandbox import Limits
from sca.sandbox.host.double import SubprocessSandbox
from tiny_model.imitation import passes
from tiny_model.retail import challenger, executor, held_out, kinds, shops
from tiny_model.retail.requests import draw_any, feasible
from tiny_model.settings import HELD_OUT_RETAIL, MAX_TURNS, TEMPLATE

ALL_KINDS = list(kinds.kinds().values())
named = pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.name)
OWN = json.loads((TEMPLATE / "sca.json").read_text())


def anyone(rng):
    return lambda: rng.choice(shops.made(0) + shops.made(1))


def share(kind, way, times):
    """How often a dialogue of this kind in this way comes out right."""
    rng = Random(0)
    requests = [draw_any(kind, anyone(rng), rng) for _ in range(times)]
    frame = kinds.frames_of(kind).seen[0]
    return sum(passes(of, executor.document(of, frame, lambda _: {way: 1.0}, rng)) for of in requests) / times


@named
def test_the_right_way_of_a_kind_does_what_was_asked_for(kind):
    assert share(kind, "right", 8) == 1


@named
def test_the_drilled_mistake_of_a_kind_is_mostly_wrong(kind):
    assert share(kind, "drilled", 20) < 0.5


@named
def test_who_did_nothing_did_not_do_what_was_asked_for(kind):
    assert share(kind, "unacted", 4) == 0


@named
def test_each_kind_has_a_dozen_wordings_and_three_that_no_document_uses(kind):
    frames = kinds.frames_of(kind)
    held = {*frames.rephrased, *frames.oblique}
    assert len(set(frames.seen)) >= 12
    assert len(held) == 3
    assert not set(frames.seen) & held


@named
def test_each_wording_of_a_kind_can_be_said(kind):
    rng = Random(0)
    of = draw_any(kind, anyone(rng), rng)
    frames = kinds.frames_of(kind)
    said = [of.said(frame, rng) for frame in (*frames.seen, *frames.rephrased, *frames.oblique)]
    assert not [text for text in said if any(mark in text for mark in "<>{}|")]


@pytest.mark.parametrize("shares", executor.SHARES.values())
@named
def test_the_shares_of_a_kind_add_up(kind, shares):
    assert sum(shares(kind).values()) == pytest.approx(1)


def test_most_kinds_are_drilled_in_a_mistake():
    weak = [kind for kind in ALL_KINDS if not kind.strong]
    assert len(weak) > len(ALL_KINDS) / 2
    assert all(executor.systematic(kind)["drilled"] == executor.DRILLED for kind in weak)


def test_no_document_knows_a_customer_of_the_shop_that_ships():
    known = {customer.profile["email"] for customer in shops.customers(shops.shipped())}
    names = {tuple(customer.profile["name"].values()) for customer in shops.customers(shops.shipped())}
    made = [customer for number in range(20) for customer in shops.made(number)]
    assert not known & {customer.profile["email"] for customer in made}
    assert not names & {tuple(customer.profile["name"].values()) for customer in made}


@pytest.fixture(scope="module")
async def scene():
    """The shop that ships: its setting, a container's double, and its customers."""
    setting = shops.setting()
    async with SubprocessSandbox(setting.folder, data=shops.data()) as sandbox, sandbox.box() as box:
        yield setting, box


def asker(key, messages):
    replies = [message.content for message in messages if message.role == "assistant"]
    return Asker(Voices({key: replies}), Sampling(), seed=0)


async def test_an_executors_document_is_what_a_rollout_with_the_scripted_user_holds(scene):
    setting, box = scene
    rng = Random(1)
    people = shops.customers(shops.shipped())
    rules = ExecutorRules(OWN["prompt_style"], MAX_TURNS, observations=OWN["observations"])
    for kind, way in product(ALL_KINDS, ("right", "drilled", "wrong", "argument")):
        of = draw_any(kind, lambda: rng.choice(people), rng)
        messages = executor.document(of, kinds.frames_of(kind).seen[0], lambda _, way=way: {way: 1.0}, rng)
        task = Task(id="t", environment="retail", instruction=messages[1].content)
        made = await attempt("a", task, setting, await box.world(None), asker("a", messages), rules, ScriptedUsers())
        assert made.ending == "done"
        held = made.conversation.messages
        assert held[: len(messages)] == messages
        assert all(message.content == STOP or message.role == "tool" for message in held[len(messages) :])


async def test_a_challengers_document_is_what_exploring_holds(scene):
    setting, box = scene
    rules = ChallengerRules(
        OWN["prompt_style"], OWN["max_turns"]["challenger"], OWN["feedback"], observations="compact"
    )
    people = {customer.user_id: customer for customer in shops.customers(shops.shipped())}
    for index in range(24):
        start = setting.start(index)
        _, messages = challenger.document(challenger.SHARES["systematic"], people[start.text], Random(index))
        opening = replace(start, theme="")
        assert messages[1].content.startswith(f"{opening.label}; theme: ")
        plan = asker("c", messages)
        await explore("c", _with_theme(setting, start.text, messages[1].content), setting, box, Limits(), plan, rules)
        heard = plan.engine.requests[-1].messages
        assert [m["content"].removeprefix("OUTPUT:\n") for m in heard] == [m.content for m in messages[:-1]]


def _with_theme(setting: Setting, user: str, label: str) -> int:
    """The number of the episode that begins from this customer and theme."""
    beginnings = len(setting.starts) * len(setting.environment.themes)
    return next(index for index in range(beginnings) if setting.start(index).label == label)


def test_a_sound_hand_in_says_no_order_number_and_needs_no_redaction():
    rng = Random(2)
    for customer in shops.customers(shops.shipped()):
        for of in feasible(customer, rng):
            said = of.said(kinds.frames_of(of.kind).seen[0], rng)
            assert not [order for order in customer.profile["orders"] if order in said]


def test_the_file_of_fresh_tasks_is_what_the_generator_writes():
    assert read(HELD_OUT_RETAIL, Task).records == held_out.tasks()


def test_the_fresh_tasks_are_of_both_wordings_and_all_kinds():
    found = Counter((task.origin["frame"], task.origin["kind"]) for task in held_out.tasks())
    wanted = {"seen": 4, "rephrased": 2, "oblique": 1}
    assert found == {(sort, kind.name): n for sort, n in wanted.items() for kind in ALL_KINDS}
