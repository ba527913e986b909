"""Actions as the authors of a benchmark write them, by chance: most are carried out, many are refused."""

import random
from typing import Any

Action = tuple[str, dict[str, Any]]
ADDRESS = ("address1", "address2", "city", "state", "country", "zip")
TEXTS = ["12 Fern Row", "", "Zürich", "São Paulo", "NE", "02139", 'a "quoted" \\ text', "\u2028"]


class Author:
    """Writes actions for one database of a shop."""

    def __init__(self, data: dict[str, Any], seed: int) -> None:
        self.data, self.rng = data, random.Random(seed)
        self.orders = {
            status: [order for order in data["orders"].values() if order["status"] == status]
            for status in ("pending", "delivered", "processed", "cancelled")
        }
        self.focus = {status: self.rng.sample(orders, min(3, len(orders))) for status, orders in self.orders.items()}

    def actions(self, number: int) -> list[Action]:
        """So many of them; a few orders come up again and again, so that one action gets in another's way."""
        makers = [
            self.cancel,
            self.address,
            self.user_address,
            self.payment,
            self.items,
            self.returned,
            self.exchanged,
        ]
        return [self.odd() if self.rng.random() < 0.15 else self.rng.choice(makers)() for _ in range(number)]

    def _order(self, status: str) -> dict[str, Any]:
        if self.rng.random() < 0.1:
            status = self.rng.choice(list(self.focus))
        return self.rng.choice(self.focus[status])

    def _method(self, order: dict[str, Any]) -> str:
        users = self.data["users"]
        if self.rng.random() < 0.1:
            return self.rng.choice(list(users[self.rng.choice(list(users))]["payment_methods"]))
        own = list(users[order["user_id"]]["payment_methods"])
        return self.rng.choice([*own, order["payment_history"][0]["payment_method_id"]])

    def _items(self, order: dict[str, Any]) -> list[str]:
        held = [item["item_id"] for item in order["items"]]
        chosen = self.rng.sample(held, self.rng.randint(0 if self.rng.random() < 0.1 else 1, len(held)))
        return chosen + held[:1] if self.rng.random() < 0.1 else chosen

    def _new_items(self, order: dict[str, Any], item_ids: list[str]) -> list[str]:
        products = {item["item_id"]: item["product_id"] for item in order["items"]}
        chosen = []
        for item_id in item_ids:
            variants = self.data["products"][products[item_id]]["variants"]
            able = [key for key, variant in variants.items() if variant["available"]]
            chosen.append(self.rng.choice(list(variants) if self.rng.random() < 0.1 else able))
        return chosen[1:] if self.rng.random() < 0.05 else chosen

    def _place(self) -> dict[str, str]:
        return {name: self.rng.choice(TEXTS) for name in ADDRESS}

    def cancel(self) -> Action:
        reasons = ["no longer needed", "ordered by mistake", "too dear"]
        order = self._order("pending")
        return "cancel_pending_order", {"order_id": order["order_id"], "reason": self.rng.choice(reasons)}

    def address(self) -> Action:
        return "modify_pending_order_address", {"order_id": self._order("pending")["order_id"], **self._place()}

    def user_address(self) -> Action:
        return "modify_user_address", {"user_id": self.rng.choice([*self.data["users"], "nobody"]), **self._place()}

    def payment(self) -> Action:
        order = self._order("pending")
        arguments = {"order_id": order["order_id"], "payment_method_id": self._method(order)}
        return "modify_pending_order_payment", arguments

    def items(self) -> Action:
        return "modify_pending_order_items", self._swap(self._order("pending"))

    def exchanged(self) -> Action:
        return "exchange_delivered_order_items", self._swap(self._order("delivered"))

    def _swap(self, order: dict[str, Any]) -> dict[str, Any]:
        item_ids = self._items(order)
        return {
            "order_id": order["order_id"],
            "item_ids": item_ids,
            "new_item_ids": self._new_items(order, item_ids),
            "payment_method_id": self._method(order),
        }

    def returned(self) -> Action:
        order = self._order("delivered")
        arguments = {"item_ids": self._items(order), "payment_method_id": self._method(order)}
        return "return_delivered_order_items", {"order_id": order["order_id"], **arguments}

    def odd(self) -> Action:
        """What changes nothing: looks, thoughts, transfers, unknown tools, arguments that do not fit."""
        order = self._order("pending")
        return self.rng.choice(
            [
                ("think", {"thought": "Is it pending?"}),
                ("calculate", {"expression": "(10.1 + 2) * 3"}),
                ("calculate", {"expression": "__import__('os')"}),
                ("list_all_product_types", {}),
                ("get_order_details", {"order_id": order["order_id"][1:]}),
                ("find_user_id_by_email", {"email": "nobody@example.com"}),
                ("transfer_to_human_agents", {"summary": "out of reach"}),
                ("respond", {"content": "hello"}),
                ("upgrade_order", {"order_id": order["order_id"]}),
                ("cancel_pending_order", {"order_id": order["order_id"]}),
                ("cancel_pending_order", {"order_id": order["order_id"], "reason": "no longer needed", "fee": 0}),
                ("modify_user_address", {"user_id": order["user_id"], "zip": "80203"}),
                ("return_delivered_order_items", {"order_id": "#W0", "item_ids": [], "payment_method_id": "x"}),
            ]
        )
