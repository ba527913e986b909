"""A small shop: look customers and orders up, cancel what is pending, return what was delivered."""

from typing import Any

from sca.environment import Environment, Start, ToolError, read, write


class Shop(Environment):
    """The order desk of a small shop."""

    counts = "state"

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """Each challenger begins from one customer."""
        return [Start(user_id) for user_id in state["users"]]

    @read
    def find_user(self, email: str) -> str:
        """Return the user id of the customer with this e-mail address."""
        for user_id, user in self.state["users"].items():
            if user["email"] == email.strip().lower():
                return str(user_id)
        raise ToolError(f"no customer has the e-mail address {email}; check the spelling")

    @read
    def get_user(self, user_id: str) -> dict[str, Any]:
        """Return a customer: name, email and orders, a list of order ids."""
        return self._get("users", user_id)

    @read
    def get_order(self, order_id: str) -> dict[str, Any]:
        """Return an order: user_id, status and items, each with item_id, name and price.

        A cancelled order also has cancel_reason; an order with a return also has return_items, a list of item ids.
        """
        return self._get("orders", order_id)

    @write
    def cancel_order(self, order_id: str, reason: str) -> dict[str, Any]:
        """Cancel a pending order and return it. The reason is "no longer needed" or "ordered by mistake"."""
        order = self._get("orders", order_id)
        if order["status"] != "pending":
            raise ToolError(f"{order_id} is {order['status']}; only a pending order can be cancelled")
        if reason not in ("no longer needed", "ordered by mistake"):
            raise ToolError('reason must be "no longer needed" or "ordered by mistake"')
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        return order

    @write
    def return_items(self, order_id: str, item_ids: list[str]) -> dict[str, Any]:
        """Ask for the return of some items of a delivered order and return the order. Only once an order."""
        order = self._get("orders", order_id)
        if order["status"] != "delivered":
            raise ToolError(f"{order_id} is {order['status']}; only items of a delivered order can be returned")
        ordered = [item["item_id"] for item in order["items"]]
        if not item_ids or not set(item_ids) <= set(ordered) or len(set(item_ids)) < len(item_ids):
            raise ToolError(f"item_ids must be one or more different items of {order_id}: {', '.join(ordered)}")
        order["status"] = "return requested"
        order["return_items"] = sorted(item_ids)
        return order

    def _get(self, table: str, key: str) -> dict[str, Any]:
        if key not in self.state[table]:
            raise ToolError(f"there is no {key} among the {table}; look its id up first")
        found: dict[str, Any] = self.state[table][key]
        return found
