"""Tools that change a customer's address or an order that was not sent yet."""

from typing import Any, Literal, get_args

from sca.environment import ToolError, write

from .desk import Desk, address, check_balance, credit, entry, is_gift_card, item_of

Reason = Literal["no longer needed", "ordered by mistake"]


class PendingOrders(Desk):
    """Cancel or change what is pending."""

    @write
    def cancel_pending_order(self, order_id: str, reason: Reason) -> dict[str, Any]:
        """Cancel a whole order whose status is "pending", refund it and return it.

        The reason is "no longer needed" or "ordered by mistake". What was paid goes back the way it came: to a gift
        card at once, otherwise in 5 to 7 business days. It cannot be undone; have the customer confirm first.
        """
        order = self._order_that_is("pending", order_id, "cancelled")
        if reason not in get_args(Reason):
            raise ToolError(f"reason must be {' or '.join(map(repr, get_args(Reason)))}; ask which one it is")
        paid = list(order["payment_history"])
        cards = [
            (self._payment_method(order, payment["payment_method_id"]), payment["amount"])
            for payment in paid
            if is_gift_card(payment["payment_method_id"])
        ]
        for card, amount in cards:
            credit(card, amount)
        order["payment_history"] += [entry("refund", each["amount"], each["payment_method_id"]) for each in paid]
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        return order

    @write
    def modify_pending_order_address(
        self, order_id: str, address1: str, address2: str, city: str, state: str, country: str, zip: str
    ) -> dict[str, Any]:
        """Set the shipping address of an order whose status is "pending" and return the order.

        Give the whole address, as in ("#W1234567", "12 Fern Row", "Apt 4", "Denver", "CO", "USA", "80203");
        address2 may be "". The customer's default address stays as it is. Have the customer confirm first.
        """
        order = self._order_that_is("pending", order_id, "sent to another address")
        order["address"] = address(address1, address2, city, state, country, zip)
        return order

    @write
    def modify_pending_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> dict[str, Any]:
        """Replace items of an order whose status is "pending" by other items of the same products; return the order.

        new_item_ids[i] takes the place of item_ids[i]: an available item of the same product. An item that was
        ordered twice may be named twice. The difference in price is paid with, or refunded to, the payment method; a
        gift card must hold it. Only once an order: its status becomes "pending (item modified)", after which it can
        be neither changed nor cancelled. So collect all items first, and have the customer confirm.
        """
        order = self._order_that_is("pending", order_id, "modified")
        difference = self._price_difference(order, item_ids, new_item_ids)
        method = self._payment_method(order, payment_method_id)
        check_balance(method, difference)
        kind = "payment" if difference > 0 else "refund"
        order["payment_history"].append(entry(kind, abs(difference), payment_method_id))
        if method["source"] == "gift_card":
            credit(method, -difference)
        for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
            item = item_of(order, item_id)
            variant = self._available(item, new_item_id)
            item.update(item_id=new_item_id, price=variant["price"], options=dict(variant["options"]))
        order["status"] = "pending (item modified)"
        return order

    @write
    def modify_pending_order_payment(self, order_id: str, payment_method_id: str) -> dict[str, Any]:
        """Pay an order whose status is "pending" with another payment method of the customer; return the order.

        Only while the order has exactly one payment. A gift card must hold the whole amount. The first method gets
        its money back: a gift card at once, others in 5 to 7 business days. Have the customer confirm first.
        """
        order = self._order_that_is("pending", order_id, "paid otherwise")
        method = self._payment_method(order, payment_method_id)
        history = order["payment_history"]
        if len(history) != 1 or history[0]["transaction_type"] != "payment":
            raise ToolError(f"{order_id} must have exactly one payment; its payment method cannot be changed again")
        amount, first_id = history[0]["amount"], history[0]["payment_method_id"]
        if payment_method_id == first_id:
            raise ToolError(f"{order_id} is paid with {first_id} already; choose another payment method")
        check_balance(method, amount)
        first = self._payment_method(order, first_id) if is_gift_card(first_id) else None
        history += [entry("payment", amount, payment_method_id), entry("refund", amount, first_id)]
        if method["source"] == "gift_card":
            credit(method, -amount)
        if first is not None:
            credit(first, amount)
        return order

    @write
    def modify_user_address(
        self, user_id: str, address1: str, address2: str, city: str, state: str, country: str, zip: str
    ) -> dict[str, Any]:
        """Set the default address of a customer and return their profile. Orders keep the address they have.

        Give the whole address, as in ("mona_quist_4321", "12 Fern Row", "Apt 4", "Denver", "CO", "USA", "80203");
        address2 may be "". Have the customer confirm first.
        """
        user = self._user(user_id)
        user["address"] = address(address1, address2, city, state, country, zip)
        return user
