"""What the tools share: find a record or refuse, and the checks that come before any change."""

from collections import Counter
from typing import Any

from sca.environment import ToolError, Toolset

Record = dict[str, Any]


class Desk(Toolset):
    """Look-ups that refuse with what to do instead. Nothing here changes the state."""

    def _user(self, user_id: str) -> Record:
        user: Record | None = self.state["users"].get(_text("user_id", user_id))
        if user is None:
            raise ToolError(
                f"no customer has the user id {user_id!r}; find it with find_user_id_by_email or "
                "find_user_id_by_name_zip"
            )
        return user

    def _product(self, product_id: str) -> Record:
        product: Record | None = self.state["products"].get(_text("product_id", product_id))
        if product is None:
            raise ToolError(
                f"no product has the id {product_id!r}; list_all_product_types lists product ids (an item id is "
                "not a product id)"
            )
        return product

    def _order(self, order_id: str) -> Record:
        orders, key = self.state["orders"], _text("order_id", order_id)
        if key not in orders:
            if f"#{key}" in orders:
                raise ToolError(f"order ids begin with #; write '#{key}'")
            raise ToolError(f"there is no order {key!r}; get_user_details lists the order ids of a customer")
        order: Record = orders[key]
        return order

    def _order_that_is(self, status: str, order_id: str, wish: str) -> Record:
        order = self._order(order_id)
        if order["status"] != status:
            raise ToolError(f"{order_id} is {order['status']!r}; only an order that is {status!r} can be {wish}")
        return order

    def _payment_method(self, order: Record, payment_method_id: str) -> Record:
        """One of those that the order's customer has."""
        methods = self._user(order["user_id"])["payment_methods"]
        if _text("payment_method_id", payment_method_id) not in methods:
            raise ToolError(
                f"{payment_method_id!r} is no payment method of {order['user_id']}; theirs are "
                f"{', '.join(methods) or 'none'}"
            )
        method: Record = methods[payment_method_id]
        return method

    def _price_difference(self, order: Record, item_ids: list[str], new_item_ids: list[str]) -> float:
        """What the new items cost more than the old ones, not rounded. Refuses what cannot be put in their place."""
        check_items(order, item_ids)
        _texts("new_item_ids", new_item_ids)
        if len(item_ids) != len(new_item_ids):
            raise ToolError(
                f"{len(item_ids)} item_ids, but {len(new_item_ids)} new_item_ids; give one new item for each, "
                "in the same order"
            )
        difference: float = 0
        for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
            item = item_of(order, item_id)
            # Added up one by one: `sum` rounds otherwise since Python 3.12, and the last digit is in the database.
            difference += self._available(item, new_item_id)["price"] - item["price"]
        return difference

    def _available(self, item: Record, new_item_id: str) -> Record:
        """The variant of an item's product that is to take its place."""
        variant: Record | None = self._product(item["product_id"])["variants"].get(new_item_id)
        if variant is None:
            problem = f"is no item of the product {item['name']} ({item['product_id']})"
        elif not variant["available"]:
            problem = "is not available"
        else:
            return variant
        raise ToolError(f"{new_item_id} {problem}; get_product_details lists the items of a product")


def address(address1: str, address2: str, city: str, state: str, country: str, zip: str) -> dict[str, str]:
    """An address as records hold it. Raises ToolError for what is not text."""
    parts = {
        "address1": address1,
        "address2": address2,
        "city": city,
        "state": state,
        "country": country,
        "zip": zip,
    }
    return {name: _text(name, value) for name, value in parts.items()}


def check_items(order: Record, item_ids: list[str]) -> None:
    """Refuse items that the order does not hold, or not so many times."""
    held = Counter(item["item_id"] for item in order["items"])
    for item_id, number in Counter(_texts("item_ids", item_ids)).items():
        if number > held[item_id]:
            times = f"{held[item_id]} time(s), not {number}" if held[item_id] else "not at all"
            raise ToolError(
                f"{order['order_id']} holds {item_id} {times}; its items are "
                f"{', '.join(item['item_id'] for item in order['items'])}"
            )


def item_of(order: Record, item_id: str) -> Record:
    """The first item of the order with this id."""
    return next(item for item in order["items"] if item["item_id"] == item_id)


def check_balance(method: Record, amount: float) -> None:
    """Refuse a gift card that holds less than `amount`."""
    if method["source"] == "gift_card" and method["balance"] < amount:
        raise ToolError(
            f"{method['id']} holds {method['balance']}, but {round(amount, 2)} is due; choose another payment method"
        )


def entry(kind: str, amount: float, payment_method_id: str) -> Record:
    """A line of a payment history; `kind` is payment or refund."""
    return {"transaction_type": kind, "amount": amount, "payment_method_id": payment_method_id}


def is_gift_card(payment_method_id: str) -> bool:
    """Gift cards are known by their id."""
    return "gift_card" in payment_method_id


def credit(method: Record, amount: float) -> None:
    """Put money on a gift card, or take it off where the amount is negative."""
    method["balance"] = round(method["balance"] + amount, 2)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ToolError(f"{name} must be text, not {type(value).__name__}")
    return value


def _texts(name: str, values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ToolError(f"{name} must be a list of item ids, for example ['1008292230']")
    return values
