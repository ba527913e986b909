"""What holds after any calls at all."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from retail.shop import CARD, PAYPAL, POOR, RICH, SHOP, desk

from sca.environment import ToolError, tools_of

TOOLS = tools_of(type(desk()))
ORDERS = st.sampled_from([*SHOP["orders"], "#W9"])
METHODS = st.sampled_from([CARD, PAYPAL, RICH, POOR, "paypal_2"])
ITEMS = st.lists(st.sampled_from(["m-red", "m-blue", "m-gone", "m-plain", "t-large", "t-small"]), max_size=3)
WORDS = st.text(max_size=5)
ADDRESS = st.tuples(WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
CALLS = st.one_of(
    st.tuples(st.just("get_user_details"), st.tuples(st.sampled_from([*SHOP["users"], "nobody"]))),
    st.tuples(st.just("get_order_details"), st.tuples(ORDERS)),
    st.tuples(st.just("get_product_details"), st.tuples(st.sampled_from(["p-mug", "p-none"]))),
    st.tuples(st.just("find_user_id_by_email"), st.tuples(WORDS)),
    st.tuples(st.just("find_user_id_by_name_zip"), st.tuples(st.just("Mona"), st.just("Quist"), WORDS)),
    st.tuples(st.just("list_all_product_types"), st.tuples()),
    st.tuples(st.just("calculate"), st.tuples(WORDS)),
    st.tuples(st.just("think"), st.tuples(WORDS)),
    st.tuples(st.just("transfer_to_human_agents"), st.tuples(WORDS)),
    st.tuples(
        st.just("cancel_pending_order"),
        st.tuples(ORDERS, st.sampled_from(["no longer needed", "ordered by mistake", "?"])),
    ),
    st.tuples(st.just("modify_pending_order_address"), st.tuples(ORDERS, ADDRESS).map(lambda t: (t[0], *t[1]))),
    st.tuples(st.just("modify_user_address"), ADDRESS.map(lambda address: ("mona_quist_1", *address))),
    st.tuples(st.just("modify_pending_order_items"), st.tuples(ORDERS, ITEMS, ITEMS, METHODS)),
    st.tuples(st.just("modify_pending_order_payment"), st.tuples(ORDERS, METHODS)),
    st.tuples(st.just("return_delivered_order_items"), st.tuples(ORDERS, ITEMS, METHODS)),
    st.tuples(st.just("exchange_delivered_order_items"), st.tuples(ORDERS, ITEMS, ITEMS, METHODS)),
)
SEQUENCES = st.lists(CALLS, max_size=8)
some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def steps(calls):
    """The state before and after each call, and whether it was refused."""
    shop = desk()
    for name, arguments in calls:
        before = json.loads(json.dumps(shop.state))
        try:
            getattr(shop, name)(*arguments)
            refused = False
        except ToolError:
            refused = True
        yield name, refused, before, shop.state


def cards(state):
    return {
        key: method["balance"]
        for user in state["users"].values()
        for key, method in user["payment_methods"].items()
        if method["source"] == "gift_card"
    }


def taken(state, card):
    """What the histories of all orders say was taken off a card."""
    sign = {"payment": 1, "refund": -1}
    return sum(
        sign[entry["transaction_type"]] * entry["amount"]
        for order in state["orders"].values()
        for entry in order["payment_history"]
        if entry["payment_method_id"] == card
    )


@some
@given(SEQUENCES)
def test_a_refused_call_changes_nothing(calls):
    assert all(before == after for _, refused, before, after in steps(calls) if refused)


@some
@given(SEQUENCES)
def test_a_read_changes_nothing(calls):
    assert all(before == after for name, _, before, after in steps(calls) if TOOLS[name].kind == "read")


@some
@given(SEQUENCES)
def test_a_gift_card_never_owes(calls):
    assert all(balance >= 0 for *_, after in steps(calls) for balance in cards(after).values())


@some
@given(SEQUENCES)
def test_what_leaves_a_gift_card_stands_in_a_payment_history(calls):
    for *_, before, after in steps(calls):
        for card, balance in cards(after).items():
            spent = cards(before)[card] - balance
            assert abs(spent - (taken(after, card) - taken(before, card))) < 0.01


@some
@given(SEQUENCES)
def test_a_payment_history_only_grows(calls):
    for *_, before, after in steps(calls):
        for order_id, order in before["orders"].items():
            known = order["payment_history"]
            assert after["orders"][order_id]["payment_history"][: len(known)] == known


@some
@given(SEQUENCES)
def test_the_state_stays_json(calls):
    for *_, after in steps(calls):
        assert json.loads(json.dumps(after, allow_nan=False)) == after


@some
@given(SEQUENCES)
def test_products_are_never_changed(calls):
    assert all(after["products"] == SHOP["products"] for *_, after in steps(calls))
