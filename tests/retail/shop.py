"""A shop small enough to work out by hand."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

from sca.environment.loading import find, load

FOLDER = find("retail")
RETAIL = load(FOLDER)


def item(product: str, item_id: str, price: float, **options: str) -> dict[str, Any]:
    return {
        "name": product.title(),
        "product_id": f"p-{product}",
        "item_id": item_id,
        "price": price,
        "options": options,
    }


def variant(item_id: str, price: float, available: bool = True, **options: str) -> dict[str, Any]:
    return {"item_id": item_id, "options": options, "available": available, "price": price}


def product(name: str, *variants: dict[str, Any]) -> dict[str, Any]:
    return {"name": name.title(), "product_id": f"p-{name}", "variants": {v["item_id"]: v for v in variants}}


def order(order_id: str, status: str, paid_with: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "user_id": "mona_quist_1",
        "address": HOME,
        "items": list(items),
        "fulfillments": [],
        "status": status,
        "payment_history": [paid(round(sum(i["price"] for i in items), 2), paid_with)],
    }


def paid(amount: float, method: str) -> dict[str, Any]:
    return {"transaction_type": "payment", "amount": amount, "payment_method_id": method}


def refunded(amount: float, method: str) -> dict[str, Any]:
    return {"transaction_type": "refund", "amount": amount, "payment_method_id": method}


HOME = {
    "address1": "1 Fern Row",
    "address2": "",
    "city": "Denver",
    "country": "USA",
    "state": "CO",
    "zip": "80203",
}
CARD, PAYPAL, RICH, POOR = "credit_card_1", "paypal_1", "gift_card_1", "gift_card_2"
RED, BLUE, GONE, LARGE = (
    item("mug", "m-red", 10.1, colour="red"),
    item("mug", "m-blue", 12.4, colour="blue"),
    item("mug", "m-gone", 9.0, colour="grey"),
    item("tent", "t-large", 200.0, size="large"),
)
SHOP = {
    "users": {
        "mona_quist_1": {
            "name": {"first_name": "Mona", "last_name": "Quist"},
            "address": HOME,
            "email": "mona.quist1@example.com",
            "payment_methods": {
                CARD: {"source": "credit_card", "id": CARD, "brand": "visa", "last_four": "0042"},
                PAYPAL: {"source": "paypal", "id": PAYPAL},
                RICH: {"source": "gift_card", "id": RICH, "balance": 500},
                POOR: {"source": "gift_card", "id": POOR, "balance": 1.05},
            },
            "orders": ["#W1", "#W2", "#W3", "#W4", "#W5"],
        },
        "viggo_dahl_2": {
            "name": {"first_name": "Viggo", "last_name": "Dahl"},
            "address": {**HOME, "zip": "99201"},
            "email": "viggo.dahl2@example.com",
            "payment_methods": {"paypal_2": {"source": "paypal", "id": "paypal_2"}},
            "orders": [],
        },
    },
    "orders": {
        "#W1": order("#W1", "pending", CARD, RED, RED, LARGE),
        "#W2": order("#W2", "pending", RICH, BLUE),
        "#W3": order("#W3", "delivered", CARD, RED, RED, LARGE),
        "#W4": order("#W4", "processed", CARD, BLUE),
        "#W5": order("#W5", "delivered", RICH, LARGE),
    },
    "products": {
        "p-mug": product(
            "mug",
            variant("m-red", 10.1, colour="red"),
            variant("m-blue", 12.4, colour="blue"),
            variant("m-gone", 9.0, available=False, colour="grey"),
            variant("m-plain", 7.7, colour="white"),
        ),
        "p-tent": product("tent", variant("t-large", 200.0, size="large"), variant("t-small", 150.5, size="small")),
    },
}


def write(folder: Path, **tables: Any) -> None:
    """The small shop, or other tables of it, as files of data."""
    for name, table in (SHOP | tables).items():
        (folder / f"{name}.json").write_text(json.dumps(table))


def desk(state: Any = None) -> Any:
    """A service desk on a fresh copy of the state, without anything shared within it."""
    return RETAIL(json.loads(json.dumps(SHOP)) if state is None else state)


def expected(**changes: Any) -> dict[str, Any]:
    """The small shop with other values: a path such as `orders/#W1/status`, written as a keyword."""
    state = json.loads(json.dumps(SHOP))
    for path, value in changes.items():
        *way, last = path.split("/")
        place = state
        for step in way:
            place = place[step]
        place[last] = copy.deepcopy(value)
    return state


def state_hash(state: Any) -> str:
    """As records hold it."""
    text = json.dumps(state, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
