"""Order numbers are taken out where the rest of an instruction still names the order, and only there."""

import pytest
from retail.shop import BLUE, CARD, FOLDER, LARGE, RED, RETAIL, item, order

from sca.dialogue.setting import Setting
from sca.environment import Start

TOTE = item("linen tote", "l-1", 30.0)
ORDERS = {
    "#W0000001": order("#W0000001", "pending", CARD, RED, LARGE),
    "#W0000002": order("#W0000002", "delivered", CARD, BLUE, TOTE),
    "#W0000003": order("#W0000003", "delivered", CARD, RED),
}
STATE = {
    "users": {"mona": {"orders": list(ORDERS)}, "viggo": {"orders": ["#W0000009"]}},
    "orders": ORDERS | {"#W0000009": order("#W0000009", "processed", CARD, RED)},
}


def redacted(text, user="mona"):
    return RETAIL.redacted(STATE, Start(user), text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # what it holds
        ("Return the linen tote from order #W0000002.", "Return the linen tote from your order."),
        ("You want the tote of #W0000002 replaced.", "You want the tote of your order replaced."),
        ("Return the tote (order #W0000002), please.", "Return the tote, please."),
        # what can be done to it
        ("You want to cancel your order number #W0000001.", "You want to cancel your order."),
        ("Order W0000001 is to be cancelled.", "Your order is to be cancelled."),
        # each by its own sentence
        (
            "You want to cancel order #W0000001. You want to return the tote of the order #W0000002.",
            "You want to cancel your order. You want to return the tote of the order.",
        ),
        ("I want to cancel order #W0000001.", "I want to cancel my order."),
    ],
)  # fmt: skip
def test_a_number_goes_where_the_rest_names_the_order(text, told):
    assert redacted(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "You want to return the mugs of order #W0000003.",  # both delivered orders hold mugs
        "You want to know what order #W0000001 cost.",  # nothing tells it from the others
        "Return the tote of order #W0000002 and the mug of order #W0000003.",  # one sentence, two orders
        "Cancel order #W0000009 of a friend.",  # not this customer's
        "Return what came with orders #W0000002 and #W0000003.",
        "You want to return the tote.",
    ],
)
def test_a_number_stays_where_the_rest_does_not(text):
    assert redacted(text) == text


def test_the_only_order_of_a_customer_needs_no_number():
    assert redacted("You ask when #W0000009 comes.", "viggo") == "You ask when your order comes."


def test_what_needs_no_number_any_more_has_none():
    once = redacted("You want to cancel order #W0000001. You want to know what #W0000003 cost.")
    assert once == redacted(once)
    assert "#W0000001" not in once
    assert "#W0000003" in once


def test_in_the_shops_own_data_a_number_goes_exactly_where_product_and_state_leave_one_order():
    state, gone = RETAIL.load(FOLDER / "small"), 0
    for user_id, user in state["users"].items():
        orders = {number: state["orders"][number] for number in user["orders"]}
        for number, this in orders.items():
            for name in {one["name"] for one in this["items"]}:
                text = f"You want to return the {name.lower()} of order {number}."
                told = RETAIL.redacted(state, Start(user_id), text)
                could_be = [
                    other
                    for other in orders.values()
                    if any(one["name"] == name for one in other["items"])
                    and (other["status"] == "delivered" or this["status"] != "delivered")
                ]
                assert (number not in told) == (len(could_be) == 1), (text, told)
                gone += number not in told
    assert gone > 20


def test_each_customer_meets_each_theme():
    setting = Setting.open(str(FOLDER), FOLDER / "small")
    customers, themes = len(setting.starts), len(RETAIL.themes)
    dealt = [setting.start(index) for index in range(customers * themes)]
    assert len({(start.text, start.theme) for start in dealt}) == customers * themes
    assert dealt[0].label == f"{setting.starts[0].text}; theme: {RETAIL.themes[0]}"
