"""What a tool refuses: in words that say what to do, and without a trace."""

import pytest
from retail.shop import CARD, PAYPAL, POOR, RICH, SHOP, desk

from sca.environment import ToolError

ADDRESS = ["7 Rope Walk", "", "Omaha", "NE", "USA", "68101"]
CASES = [
    ("find_user_id_by_email", ["nobody@example.com"], "find_user_id_by_name_zip"),
    ("find_user_id_by_name_zip", ["Mona", "Quist", "99201"], "zip code of the default address"),
    ("get_user_details", ["mona"], "find it with find_user_id_by_email"),
    ("get_user_details", [7], "user_id must be text"),
    ("get_order_details", ["W1"], "write '#W1'"),
    ("get_order_details", ["#W9"], "get_user_details lists the order ids"),
    ("get_order_details", [["#W1"]], "order_id must be text"),
    ("get_product_details", ["m-red"], "an item id is not a product id"),
    ("calculate", ["9**9**9"], "too large"),
    ("transfer_to_human_agents", [None], "summary must be text"),
    ("cancel_pending_order", ["#W4", "no longer needed"], "only an order that is 'pending'"),
    ("cancel_pending_order", ["#W1", "too dear"], "'no longer needed' or 'ordered by mistake'"),
    ("cancel_pending_order", ["#W1", ["no longer needed"]], "'no longer needed' or 'ordered by mistake'"),
    ("modify_pending_order_address", ["#W3", *ADDRESS], "only an order that is 'pending'"),
    ("modify_pending_order_address", ["#W1", *ADDRESS[:5], 68101], "zip must be text"),
    ("modify_user_address", ["nobody", *ADDRESS], "no customer has the user id"),
    ("modify_user_address", ["mona_quist_1", None, *ADDRESS[1:]], "address1 must be text"),
    ("modify_pending_order_items", ["#W3", ["m-red"], ["m-blue"], CARD], "only an order that is 'pending'"),
    ("modify_pending_order_items", ["#W1", ["m-blue"], ["m-red"], CARD], "holds m-blue not at all"),
    ("modify_pending_order_items", ["#W1", ["m-red"] * 3, ["m-blue"] * 3, CARD], "2 time(s), not 3"),
    ("modify_pending_order_items", ["#W1", ["m-red"], [], CARD], "one new item for each"),
    ("modify_pending_order_items", ["#W1", "m-red", ["m-blue"], CARD], "item_ids must be a list"),
    ("modify_pending_order_items", ["#W1", ["m-red"], ["t-small"], CARD], "no item of the product Mug"),
    ("modify_pending_order_items", ["#W1", ["m-red"], ["m-gone"], CARD], "not available"),
    ("modify_pending_order_items", ["#W1", ["m-red"], ["m-blue"], "paypal_2"], "theirs are credit_card_1"),
    ("modify_pending_order_items", ["#W1", ["m-red"], ["m-blue"], POOR], "holds 1.05, but 2.3 is due"),
    ("modify_pending_order_payment", ["#W3", PAYPAL], "only an order that is 'pending'"),
    ("modify_pending_order_payment", ["#W1", "paypal_2"], "no payment method of mona_quist_1"),
    ("modify_pending_order_payment", ["#W1", CARD], "choose another payment method"),
    ("modify_pending_order_payment", ["#W1", POOR], "holds 1.05, but 220.2 is due"),
    ("return_delivered_order_items", ["#W1", ["m-red"], CARD], "only an order that is 'delivered'"),
    ("return_delivered_order_items", ["#W3", ["m-blue"], CARD], "holds m-blue not at all"),
    ("return_delivered_order_items", ["#W3", ["m-red"], PAYPAL], "or to a gift card of the customer"),
    ("exchange_delivered_order_items", ["#W1", ["m-red"], ["m-blue"], CARD], "only an order that is 'delivered'"),
    ("exchange_delivered_order_items", ["#W3", ["m-red"], ["m-gone"], CARD], "not available"),
    ("exchange_delivered_order_items", ["#W3", ["m-red"], ["m-blue"], POOR], "holds 1.05, but 2.3 is due"),
]


@pytest.mark.parametrize(("tool", "arguments", "message"), CASES)
def test_a_refusal_says_what_to_do(tool, arguments, message):
    with pytest.raises(ToolError) as refusal:
        getattr(desk(), tool)(*arguments)
    assert message in str(refusal.value)


@pytest.mark.parametrize(("tool", "arguments", "message"), CASES)
def test_a_refusal_leaves_no_trace(tool, arguments, message):
    shop = desk()
    with pytest.raises(ToolError):
        getattr(shop, tool)(*arguments)
    assert shop.state == SHOP


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            ("modify_pending_order_items", "#W1", ["m-red"], ["m-blue"], CARD),
            ("cancel_pending_order", "#W1", "no longer needed"),
        ),
        (
            ("modify_pending_order_items", "#W1", ["m-red"], ["m-blue"], CARD),
            ("modify_pending_order_payment", "#W1", PAYPAL),
        ),
        (
            ("modify_pending_order_items", "#W1", ["m-red"], ["m-blue"], CARD),
            ("modify_pending_order_address", "#W1", *ADDRESS),
        ),
        (("modify_pending_order_payment", "#W1", PAYPAL), ("modify_pending_order_payment", "#W1", RICH)),
        (
            ("return_delivered_order_items", "#W3", ["m-red"], CARD),
            ("exchange_delivered_order_items", "#W3", ["m-red"], ["m-blue"], CARD),
        ),
        (
            ("exchange_delivered_order_items", "#W3", ["m-red"], ["m-blue"], CARD),
            ("return_delivered_order_items", "#W3", ["m-red"], CARD),
        ),
        (("cancel_pending_order", "#W1", "no longer needed"), ("cancel_pending_order", "#W1", "no longer needed")),
    ],
)
def test_what_is_done_once_is_refused_the_next_time(first, second):
    shop = desk()
    getattr(shop, first[0])(*first[1:])
    with pytest.raises(ToolError):
        getattr(shop, second[0])(*second[1:])
