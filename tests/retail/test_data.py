"""The shop that ships, and the loading of other people's data."""

import json
import re
from collections import Counter

import pytest
from retail.shop import (
    BLUE,
    CARD,
    FOLDER,
    HOME,
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
    state_hash,
)

from environments.retail import make
from sca.dialogue.setting import Setting
from sca.environment import Start
from sca.errors import UsageError

SHOPS = {"data": (make.LARGE, RETAIL.load(FOLDER / "data")), "small": (make.SMALL, RETAIL.load(FOLDER / "small"))}
both = pytest.mark.parametrize("folder", SHOPS)
SCHEMA = {
    "users": {"name", "address", "email", "payment_methods", "orders"},
    "orders": {"order_id", "user_id", "address", "items", "fulfillments", "status", "payment_history"},
    "products": {"name", "product_id", "variants"},
}


@both
def test_the_data_is_written_again_to_the_same_bytes(folder, tmp_path):
    make.write(tmp_path, SHOPS[folder][0])
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in (FOLDER / folder).iterdir()}


@both
def test_there_is_as_much_as_promised(folder):
    size, shop = SHOPS[folder]
    assert [len(shop[table]) for table in ("users", "orders", "products")] == [size.users, size.orders, size.products]


def test_there_are_about_590_items():
    assert 575 <= sum(len(product["variants"]) for product in SHOPS["data"][1]["products"].values()) <= 605


@both
def test_records_have_the_fields_of_the_benchmark(folder):
    shop = SHOPS[folder][1]
    assert all(set(record) == fields for table, fields in SCHEMA.items() for record in shop[table].values())


@both
def test_every_order_stands_with_its_customer_once(folder):
    shop = SHOPS[folder][1]
    listed = sorted((order, user) for user, record in shop["users"].items() for order in record["orders"])
    assert listed == sorted((key, order["user_id"]) for key, order in shop["orders"].items())


@both
def test_every_customer_has_an_order(folder):
    assert all(user["orders"] for user in SHOPS[folder][1]["users"].values())


@both
def test_an_order_was_paid_in_full_by_a_method_of_its_customer(folder):
    shop = SHOPS[folder][1]
    for order in shop["orders"].values():
        first = order["payment_history"][0]
        assert first["amount"] == round(sum(item["price"] for item in order["items"]), 2)
        assert first["payment_method_id"] in shop["users"][order["user_id"]]["payment_methods"]


@both
def test_only_cancelled_orders_were_refunded(folder):
    for order in SHOPS[folder][1]["orders"].values():
        kinds = [entry["transaction_type"] for entry in order["payment_history"]]
        assert kinds == (["payment", "refund"] if order["status"] == "cancelled" else ["payment"])


@both
def test_parcels_hold_what_was_ordered(folder):
    for order in SHOPS[folder][1]["orders"].values():
        sent = Counter(item for parcel in order["fulfillments"] for item in parcel["item_ids"])
        ordered = Counter(item["item_id"] for item in order["items"])
        wanted = {"pending": [Counter()], "cancelled": [Counter(), ordered]}.get(order["status"], [ordered])
        assert sent in wanted


@both
def test_ordered_items_are_items_of_their_product(folder):
    shop = SHOPS[folder][1]
    for order in shop["orders"].values():
        for ordered in order["items"]:
            product = shop["products"][ordered["product_id"]]
            variant = product["variants"][ordered["item_id"]]
            assert (ordered["name"], ordered["price"], ordered["options"]) == (
                product["name"],
                variant["price"],
                variant["options"],
            )


@both
def test_items_of_a_product_differ_in_options_and_price(folder):
    for product in SHOPS[folder][1]["products"].values():
        variants = product["variants"].values()
        assert len({json.dumps(variant["options"]) for variant in variants}) == len(variants)
        assert len({variant["price"] for variant in variants}) == len(variants)


@both
def test_every_product_has_two_available_items(folder):
    products = SHOPS[folder][1]["products"].values()
    assert all(sum(variant["available"] for variant in product["variants"].values()) >= 2 for product in products)


@both
def test_email_and_name_with_zip_code_each_find_one_customer(folder):
    users = SHOPS[folder][1]["users"].values()
    names = {(*user["name"].values(), user["address"]["zip"]) for user in users}
    assert len(names) == len({user["email"] for user in users}) == len(users)


@both
def test_ids_look_like_those_of_the_benchmark(folder):
    shop = SHOPS[folder][1]
    assert all(re.fullmatch(r"#W\d{7}", key) for key in shop["orders"])
    assert all(re.fullmatch(r"[a-z]+_[a-z]+_\d{4}", key) for key in shop["users"])
    assert all(re.fullmatch(r"\d{10}", key) for product in shop["products"].values() for key in product["variants"])


@both
def test_orders_are_of_every_status_and_every_way_to_pay(folder):
    orders = SHOPS[folder][1]["orders"].values()
    assert {order["status"] for order in orders} == {"pending", "processed", "delivered", "cancelled"}
    paid = {order["payment_history"][0]["payment_method_id"].rsplit("_", 1)[0] for order in orders}
    assert paid == {"credit_card", "paypal", "gift_card"}


def test_challengers_begin_from_a_customer_each():
    shop = SHOPS["data"][1]
    assert RETAIL.starts(shop) == [Start(user_id) for user_id in shop["users"]]


def official(folder):
    """Write the small shop as TauBench ships its data: three files."""
    for table in ("users", "orders", "products"):
        (folder / f"{table}.json").write_text(json.dumps(SHOP[table]), encoding="utf-8")
    return RETAIL.load(folder)


def test_data_of_taubench_is_three_tables_and_nothing_else(tmp_path):
    assert official(tmp_path) == {table: SHOP[table] for table in ("users", "orders", "products")}


def test_a_day_at_the_desk_leaves_the_database_that_the_original_would(tmp_path):
    shop = desk(official(tmp_path))
    shop.modify_pending_order_payment("#W1", RICH)
    shop.modify_pending_order_items("#W1", ["t-large", "m-red"], ["t-small", "m-blue"], POOR)
    shop.cancel_pending_order("#W2", "ordered by mistake")
    shop.exchange_delivered_order_items("#W3", ["m-red", "m-red"], ["m-plain", "m-blue"], CARD)
    shop.return_delivered_order_items("#W5", ["t-large"], POOR)
    shop.modify_user_address("mona_quist_1", **HOME | {"zip": "80299"})
    shop.transfer_to_human_agents("The rest is out of my reach.")
    wanted = expected(
        **{
            "orders/#W1/status": "pending (item modified)",
            "orders/#W1/items": [BLUE, RED, item("tent", "t-small", 150.5, size="small")],
            "orders/#W1/payment_history": [
                paid(220.2, CARD),
                paid(220.2, RICH),
                refunded(220.2, CARD),
                refunded(-((150.5 - 200.0) + (12.4 - 10.1)), POOR),
            ],
            "orders/#W2/status": "cancelled",
            "orders/#W2/cancel_reason": "ordered by mistake",
            "orders/#W2/payment_history": [paid(12.4, RICH), refunded(12.4, RICH)],
            "orders/#W3/status": "exchange requested",
            "orders/#W3/exchange_items": ["m-red", "m-red"],
            "orders/#W3/exchange_new_items": ["m-blue", "m-plain"],
            "orders/#W3/exchange_payment_method_id": CARD,
            "orders/#W3/exchange_price_difference": -0.1,
            "orders/#W5/status": "return requested",
            "orders/#W5/return_items": ["t-large"],
            "orders/#W5/return_payment_method_id": POOR,
            "users/mona_quist_1/address": {**HOME, "zip": "80299"},
            "users/mona_quist_1/payment_methods/gift_card_1/balance": 292.2,
            "users/mona_quist_1/payment_methods/gift_card_2/balance": 48.25,
        }
    )
    assert state_hash(shop.state) == state_hash(wanted)


def test_data_of_taubench_2_is_one_file_with_the_tables(tmp_path):
    (tmp_path / "db.json").write_text(json.dumps(SHOP), encoding="utf-8")
    assert RETAIL.load(tmp_path) == SHOP


def test_the_folder_around_the_data_will_do(tmp_path):
    (tmp_path / "data").mkdir()
    official(tmp_path / "data")
    assert RETAIL.load(tmp_path) == SHOP


def test_one_file_without_a_table_is_refused(tmp_path):
    (tmp_path / "db.json").write_text('{"users": {}}', encoding="utf-8")
    with pytest.raises(ValueError, match="must be an object that holds users, orders, products"):
        RETAIL.load(tmp_path)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"lacks users\.json, orders\.json, products\.json"):
        RETAIL.load(tmp_path)


def test_data_that_cannot_be_loaded_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"--data .*: [^:]* lacks users\.json"):
        Setting.open("retail", tmp_path)
