"""What each tool changes, to the last field, and nothing else."""

import pytest
from retail.shop import (
    BLUE,
    CARD,
    HOME,
    LARGE,
    PAYPAL,
    POOR,
    RED,
    RETAIL,
    RICH,
    SHOP,
    desk,
    expected,
    item,
    paid,
    refunded,
)

from sca.environment import tools_of

NEW_HOME = ("7 Rope Walk", "Apt 3", "Omaha", "NE", "USA", "68101")
NEW_ADDRESS = {
    "address1": "7 Rope Walk",
    "address2": "Apt 3",
    "city": "Omaha",
    "state": "NE",
    "country": "USA",
    "zip": "68101",
}
PLAIN = item("mug", "m-plain", 7.7, colour="white")
MONA = "users/mona_quist_1"
RICH_BALANCE, POOR_BALANCE = (f"{MONA}/payment_methods/{card}/balance" for card in (RICH, POOR))


def after(*calls):
    """The state after calls, each a name and its arguments."""
    shop = desk()
    for name, *arguments in calls:
        getattr(shop, name)(*arguments)
    return shop.state


def test_the_tools_are_those_of_the_benchmark():
    assert set(tools_of(RETAIL)) == {
        "find_user_id_by_email",
        "find_user_id_by_name_zip",
        "get_user_details",
        "get_order_details",
        "get_product_details",
        "list_all_product_types",
        "calculate",
        "think",
        "transfer_to_human_agents",
        "cancel_pending_order",
        "modify_pending_order_address",
        "modify_user_address",
        "modify_pending_order_items",
        "modify_pending_order_payment",
        "return_delivered_order_items",
        "exchange_delivered_order_items",
    }


def test_only_a_transfer_ends_the_episode():
    assert [tool.name for tool in tools_of(RETAIL).values() if tool.ends] == ["transfer_to_human_agents"]


def test_cancelling_refunds_each_payment_and_notes_the_reason():
    assert after(("cancel_pending_order", "#W1", "ordered by mistake")) == expected(
        **{
            "orders/#W1/status": "cancelled",
            "orders/#W1/cancel_reason": "ordered by mistake",
            "orders/#W1/payment_history": [paid(220.2, CARD), refunded(220.2, CARD)],
        }
    )


def test_cancelling_credits_a_gift_card_at_once():
    assert after(("cancel_pending_order", "#W2", "no longer needed")) == expected(
        **{
            "orders/#W2/status": "cancelled",
            "orders/#W2/cancel_reason": "no longer needed",
            "orders/#W2/payment_history": [paid(12.4, RICH), refunded(12.4, RICH)],
            RICH_BALANCE: 512.4,
        }
    )


def test_a_pending_order_is_sent_elsewhere():
    assert after(("modify_pending_order_address", "#W1", *NEW_HOME)) == expected(
        **{"orders/#W1/address": NEW_ADDRESS}
    )


def test_the_default_address_leaves_orders_alone():
    assert after(("modify_user_address", "mona_quist_1", *NEW_HOME)) == expected(**{f"{MONA}/address": NEW_ADDRESS})


def test_a_dearer_item_is_paid_for_unrounded():
    amount = 12.4 - 10.1
    assert amount != 2.3
    assert after(("modify_pending_order_items", "#W1", ["m-red"], ["m-blue"], CARD)) == expected(
        **{
            "orders/#W1/status": "pending (item modified)",
            "orders/#W1/items": [BLUE, RED, LARGE],
            "orders/#W1/payment_history": [paid(220.2, CARD), paid(amount, CARD)],
        }
    )


def test_cheaper_items_are_refunded_to_the_gift_card_named():
    amount = (7.7 - 10.1) + (150.5 - 200.0)
    assert after(
        ("modify_pending_order_items", "#W1", ["m-red", "t-large"], ["m-plain", "t-small"], POOR)
    ) == expected(
        **{
            "orders/#W1/status": "pending (item modified)",
            "orders/#W1/items": [PLAIN, RED, item("tent", "t-small", 150.5, size="small")],
            "orders/#W1/payment_history": [paid(220.2, CARD), refunded(-amount, POOR)],
            POOR_BALANCE: 52.95,
        }
    )


def test_differences_are_added_up_one_by_one_as_the_original_does():
    differences = [12.4 - 10.1, 7.7 - 10.1, 150.5 - 200.0]
    total = 0.0
    for difference in differences:
        total += difference
    state = after(
        ("modify_pending_order_items", "#W1", ["m-red", "m-red", "t-large"], ["m-blue", "m-plain", "t-small"], CARD)
    )
    assert state["orders"]["#W1"]["payment_history"][-1]["amount"] == -total


def test_an_item_ordered_twice_is_replaced_twice():
    state = after(("modify_pending_order_items", "#W1", ["m-red", "m-red"], ["m-blue", "m-plain"], PAYPAL))
    assert state["orders"]["#W1"]["items"] == [BLUE, PLAIN, LARGE]


def test_an_equal_price_is_noted_as_a_refund_of_nothing():
    state = after(("modify_pending_order_items", "#W1", ["m-red"], ["m-red"], CARD))
    assert state["orders"]["#W1"]["payment_history"][-1] == refunded(0.0, CARD)


def test_another_payment_method_pays_and_the_first_is_refunded():
    assert after(("modify_pending_order_payment", "#W1", RICH)) == expected(
        **{
            "orders/#W1/payment_history": [paid(220.2, CARD), paid(220.2, RICH), refunded(220.2, CARD)],
            RICH_BALANCE: 279.8,
        }
    )


def test_a_gift_card_that_no_longer_pays_is_credited():
    assert after(("modify_pending_order_payment", "#W2", PAYPAL)) == expected(
        **{
            "orders/#W2/payment_history": [paid(12.4, RICH), paid(12.4, PAYPAL), refunded(12.4, RICH)],
            RICH_BALANCE: 512.4,
        }
    )


def test_cancelling_after_a_change_of_payment_refunds_every_entry_as_the_original_does():
    state = after(
        ("modify_pending_order_payment", "#W2", PAYPAL), ("cancel_pending_order", "#W2", "no longer needed")
    )
    assert state == expected(
        **{
            "orders/#W2/status": "cancelled",
            "orders/#W2/cancel_reason": "no longer needed",
            "orders/#W2/payment_history": [
                paid(12.4, RICH),
                paid(12.4, PAYPAL),
                refunded(12.4, RICH),
                refunded(12.4, RICH),
                refunded(12.4, PAYPAL),
                refunded(12.4, RICH),
            ],
            RICH_BALANCE: 537.2,
        }
    )


def test_a_return_is_noted_with_its_items_sorted():
    assert after(("return_delivered_order_items", "#W3", ["t-large", "m-red"], CARD)) == expected(
        **{
            "orders/#W3/status": "return requested",
            "orders/#W3/return_items": ["m-red", "t-large"],
            "orders/#W3/return_payment_method_id": CARD,
        }
    )


def test_a_return_moves_no_money_yet():
    assert after(("return_delivered_order_items", "#W3", ["m-red"], POOR))["users"] == SHOP["users"]


def test_an_exchange_is_noted_with_both_lists_sorted_and_the_difference_rounded():
    calls = ("exchange_delivered_order_items", "#W3", ["t-large", "m-red"], ["t-small", "m-blue"], POOR)
    assert after(calls) == expected(
        **{
            "orders/#W3/status": "exchange requested",
            "orders/#W3/exchange_items": ["m-red", "t-large"],
            "orders/#W3/exchange_new_items": ["m-blue", "t-small"],
            "orders/#W3/exchange_payment_method_id": POOR,
            "orders/#W3/exchange_price_difference": -47.2,
        }
    )


def test_a_transfer_writes_nothing():
    assert after(("transfer_to_human_agents", "A parcel got lost.")) == SHOP


def test_a_transfer_leaves_a_mark():
    shop = desk()
    assert not shop.transferred()
    shop.transfer_to_human_agents("A parcel got lost.")
    assert shop.transferred()


@pytest.mark.parametrize("email", ["mona.quist1@example.com", "Mona.Quist1@Example.com "])
def test_a_customer_is_found_by_email(email):
    assert desk().find_user_id_by_email(email) == "mona_quist_1"


def test_a_customer_is_found_by_name_and_zip_code():
    assert desk().find_user_id_by_name_zip("mona", "QUIST", "80203") == "mona_quist_1"


@pytest.mark.parametrize(
    ("call", "arguments", "found"),
    [
        ("get_user_details", ["mona_quist_1"], SHOP["users"]["mona_quist_1"]),
        ("get_order_details", ["#W3"], SHOP["orders"]["#W3"]),
        ("get_product_details", ["p-mug"], SHOP["products"]["p-mug"]),
        ("list_all_product_types", [], {"Mug": "p-mug", "Tent": "p-tent"}),
        ("calculate", ["10 / 3"], 3.33),
        ("think", ["Is it pending?"], ""),
    ],
)
def test_what_is_looked_up_is_what_the_database_holds(call, arguments, found):
    assert getattr(desk(), call)(*arguments) == found


def test_the_address_of_an_order_is_no_part_of_the_profile():
    shop = desk()
    shop.modify_pending_order_address("#W1", *NEW_HOME)
    assert shop.get_user_details("mona_quist_1")["address"] == HOME
