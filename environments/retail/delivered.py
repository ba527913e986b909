"""Tools for what has arrived: return it, or exchange it."""

from typing import Any

from sca.environment import ToolError, write

from .desk import Desk, check_balance, check_items, is_gift_card


class DeliveredOrders(Desk):
    """Returns and exchanges are asked for here; money and parcels move later."""

    @write
    def return_delivered_order_items(
        self, order_id: str, item_ids: list[str], payment_method_id: str
    ) -> dict[str, Any]:
        """Ask for the return of some or all items of an order whose status is "delivered"; return the order.

        An item that was ordered twice may be named twice. The refund goes to the payment method that the order was
        paid with, or to a gift card of the customer. Only once an order: its status becomes "return requested",
        after which nothing more can be returned or exchanged. Have the customer confirm first.
        """
        order = self._order_that_is("delivered", order_id, "returned")
        self._payment_method(order, payment_method_id)
        paid_with = order["payment_history"][0]["payment_method_id"] if order["payment_history"] else None
        if not is_gift_card(payment_method_id) and payment_method_id != paid_with:
            raise ToolError(
                f"the refund goes to {paid_with}, which paid for {order_id}, or to a gift card of the customer; "
                "ask which one"
            )
        check_items(order, item_ids)
        order["status"] = "return requested"
        order["return_items"] = sorted(item_ids)
        order["return_payment_method_id"] = payment_method_id
        return order

    @write
    def exchange_delivered_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> dict[str, Any]:
        """Ask for the exchange of items of an order whose status is "delivered"; return the order.

        new_item_ids[i] takes the place of item_ids[i]: an available item of the same product. An item that was
        ordered twice may be named twice. The payment method pays, or gets back, the difference in price; a gift card
        must hold it. Only once an order: its status becomes "exchange requested", after which nothing more can be
        returned or exchanged. So collect all items first, and have the customer confirm.
        """
        order = self._order_that_is("delivered", order_id, "exchanged")
        difference = round(self._price_difference(order, item_ids, new_item_ids), 2)
        check_balance(self._payment_method(order, payment_method_id), difference)
        order["status"] = "exchange requested"
        order["exchange_items"] = sorted(item_ids)
        order["exchange_new_items"] = sorted(new_item_ids)
        order["exchange_payment_method_id"] = payment_method_id
        order["exchange_price_difference"] = difference
        return order
