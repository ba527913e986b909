"""What TauBench's own retail tools do to its database, retold from their source so that ours can be held to it.

https://github.com/sierra-research/tau-bench, tau_bench/envs/retail/tools (MIT, Sierra Research), read in 2026. What
the source answers with `Error: …` is a `Refused` here; what fails in the source fails here, at the same point.
"""

import contextlib
import copy
from typing import Any


class Refused(Exception):
    """The source returns a text that begins with `Error`."""


class Original:
    """The tools that write, over `{users, orders, products}`."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def step(self, name: str, arguments: dict[str, Any]) -> None:
        """As the source's environment replays an action: errors are passed over, a transfer is left out."""
        tool = None if name in ("step", "data") or name.startswith("_") else getattr(self, name, None)
        if tool is None:
            return
        with contextlib.suppress(Exception):
            tool(**copy.deepcopy(arguments))

    def _order(self, order_id, status):
        _need(order_id in self.data["orders"])
        order = self.data["orders"][order_id]
        _need(order["status"] == status)
        return order

    def _methods(self, order):
        return self.data["users"][order["user_id"]]["payment_methods"]

    def cancel_pending_order(self, order_id, reason):
        order = self._order(order_id, "pending")
        _need(reason in ["no longer needed", "ordered by mistake"])
        refunds = []
        for payment in order["payment_history"]:
            refunds.append(_entry("refund", payment["amount"], payment["payment_method_id"]))
            if "gift_card" in payment["payment_method_id"]:
                card = self._methods(order)[payment["payment_method_id"]]
                card["balance"] += payment["amount"]
                card["balance"] = round(card["balance"], 2)
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        order["payment_history"].extend(refunds)

    def modify_pending_order_address(self, order_id, address1, address2, city, state, country, zip):
        order = self._order(order_id, "pending")
        order["address"] = _address(address1, address2, city, state, country, zip)

    def modify_user_address(self, user_id, address1, address2, city, state, country, zip):
        _need(user_id in self.data["users"])
        self.data["users"][user_id]["address"] = _address(address1, address2, city, state, country, zip)

    def modify_pending_order_payment(self, order_id, payment_method_id):
        order = self._order(order_id, "pending")
        methods, history = self._methods(order), order["payment_history"]
        _need(payment_method_id in methods)
        _need(not (len(history) > 1 or history[0]["transaction_type"] != "payment"))
        first = history[0]["payment_method_id"]
        _need(first != payment_method_id)
        amount, method = history[0]["amount"], methods[payment_method_id]
        _need(not (method["source"] == "gift_card" and method["balance"] < amount))
        history.extend([_entry("payment", amount, payment_method_id), _entry("refund", amount, first)])
        if method["source"] == "gift_card":
            method["balance"] -= amount
            method["balance"] = round(method["balance"], 2)
        if "gift_card" in first:
            methods[first]["balance"] += amount
            methods[first]["balance"] = round(methods[first]["balance"], 2)

    def modify_pending_order_items(self, order_id, item_ids, new_item_ids, payment_method_id):
        order = self._order(order_id, "pending")
        difference = self._difference(order, item_ids, new_item_ids)
        _need(payment_method_id in self._methods(order))
        method = self._methods(order)[payment_method_id]
        _need(not (method["source"] == "gift_card" and method["balance"] < difference))
        kind = "payment" if difference > 0 else "refund"
        order["payment_history"].append(_entry(kind, abs(difference), payment_method_id))
        if method["source"] == "gift_card":
            method["balance"] -= difference
            method["balance"] = round(method["balance"], 2)
        for item_id, new_item_id in zip(item_ids, new_item_ids):  # noqa: B905 - as long as each other by now
            item = _item(order, item_id)
            variant = self.data["products"][item["product_id"]]["variants"][new_item_id]
            item["item_id"], item["price"], item["options"] = new_item_id, variant["price"], variant["options"]
        order["status"] = "pending (item modified)"

    def return_delivered_order_items(self, order_id, item_ids, payment_method_id):
        order = self._order(order_id, "delivered")
        _need(payment_method_id in self._methods(order))
        first = order["payment_history"][0]["payment_method_id"]
        _need("gift_card" in payment_method_id or payment_method_id == first)
        _held(order, item_ids)
        order["status"] = "return requested"
        order["return_items"] = sorted(item_ids)
        order["return_payment_method_id"] = payment_method_id

    def exchange_delivered_order_items(self, order_id, item_ids, new_item_ids, payment_method_id):
        order = self._order(order_id, "delivered")
        difference = round(self._difference(order, item_ids, new_item_ids), 2)
        _need(payment_method_id in self._methods(order))
        method = self._methods(order)[payment_method_id]
        _need(not (method["source"] == "gift_card" and method["balance"] < difference))
        order["status"] = "exchange requested"
        order["exchange_items"] = sorted(item_ids)
        order["exchange_new_items"] = sorted(new_item_ids)
        order["exchange_payment_method_id"] = payment_method_id
        order["exchange_price_difference"] = difference

    def _difference(self, order, item_ids, new_item_ids):
        _held(order, item_ids)
        _need(len(item_ids) == len(new_item_ids))
        difference = 0
        for item_id, new_item_id in zip(item_ids, new_item_ids):  # noqa: B905 - just compared
            item = _item(order, item_id)
            variants = self.data["products"][item["product_id"]]["variants"]
            _need(new_item_id in variants and variants[new_item_id]["available"])
            difference += variants[new_item_id]["price"] - item["price"]
        return difference


def _need(holds):
    if not holds:
        raise Refused


def _held(order, item_ids):
    held = [item["item_id"] for item in order["items"]]
    for item_id in item_ids:
        _need(item_ids.count(item_id) <= held.count(item_id))


def _item(order, item_id):
    return next(item for item in order["items"] if item["item_id"] == item_id)


def _entry(kind, amount, payment_method_id):
    return {"transaction_type": kind, "amount": amount, "payment_method_id": payment_method_id}


def _address(address1, address2, city, state, country, zip):
    return {
        "address1": address1,
        "address2": address2,
        "city": city,
        "state": state,
        "country": country,
        "zip": zip,
    }
