"""A warehouse of some megabytes: the environment of the sandbox's benchmark. Its data is generated from a seed."""

from typing import Any

from sca.environment import Environment, ToolError, read, write


class Warehouse(Environment):
    """Orders and their customers."""

    @read
    def get_order(self, order_id: str) -> dict[str, Any]:
        """An order: its customer, status, address and items."""
        if order_id not in self.state["orders"]:
            raise ToolError(f"there is no order {order_id}")
        return dict(self.state["orders"][order_id])

    @read
    def get_customer(self, customer_id: str) -> dict[str, Any]:
        """A customer: name, town and the ids of the orders."""
        if customer_id not in self.state["customers"]:
            raise ToolError(f"there is no customer {customer_id}")
        return dict(self.state["customers"][customer_id])

    @write
    def cancel_order(self, order_id: str, reason: str) -> dict[str, Any]:
        """Cancel a pending order."""
        order = self.get_order(order_id)
        if order["status"] != "pending":
            raise ToolError(f"order {order_id} is {order['status']}; only pending orders can be cancelled")
        self.state["orders"][order_id].update(status="cancelled", reason=reason)
        return dict(self.state["orders"][order_id])

    @write
    def set_address(self, order_id: str, address: str) -> dict[str, Any]:
        """Send an order elsewhere."""
        self.get_order(order_id)
        self.state["orders"][order_id]["address"] = address
        return dict(self.state["orders"][order_id])
