"""Tools that look up."""

from typing import Any

from sca.environment import ToolError, read

from .desk import Desk


class LookUps(Desk):
    """Who the customer is, what they ordered, what the shop has."""

    @read
    def find_user_id_by_email(self, email: str) -> str:
        """Return the user id of the customer with this e-mail address. Try this first to authenticate a customer.

        Capital letters do not matter. Example: find_user_id_by_email("mona.quist4321@example.com")
        """
        for user_id, user in self.state["users"].items():
            if user["email"].lower() == str(email).strip().lower():
                return str(user_id)
        raise ToolError(
            f"no customer has the e-mail address {email!r}; ask for the spelling, or for first name, last name and "
            "zip code and use find_user_id_by_name_zip"
        )

    @read
    def find_user_id_by_name_zip(self, first_name: str, last_name: str, zip: str) -> str:
        """Return the user id of the customer with this name and the zip code of their default address.

        Use it when the customer is not found by e-mail or does not remember it. Capital letters do not matter.
        Example: find_user_id_by_name_zip("Mona", "Quist", "80203")
        """
        wanted = (str(first_name).strip().lower(), str(last_name).strip().lower(), str(zip).strip())
        for user_id, user in self.state["users"].items():
            name = user["name"]
            if (name["first_name"].lower(), name["last_name"].lower(), user["address"]["zip"]) == wanted:
                return str(user_id)
        raise ToolError(
            f"no customer is called {first_name} {last_name} with the zip code {zip}; ask for the spelling and for "
            "the zip code of the default address"
        )

    @read
    def get_user_details(self, user_id: str) -> dict[str, Any]:
        """Return a customer's profile.

        name (first_name, last_name), address (address1, address2, city, state, country, zip), email,
        payment_methods (by payment method id: source is "credit_card", "paypal" or "gift_card"; a credit card has
        brand and last_four, a gift card has balance) and orders, the list of the customer's order ids.
        """
        return self._user(user_id)

    @read
    def get_order_details(self, order_id: str) -> dict[str, Any]:
        """Return an order. The id begins with #, for example "#W1234567".

        user_id, address, items (each with name, product_id, item_id, price, options), fulfillments (tracking_id,
        item_ids), status and payment_history (transaction_type "payment" or "refund", amount, payment_method_id).
        status is "pending", "processed", "delivered", "cancelled", "pending (item modified)", "return requested" or
        "exchange requested". Once it was acted on it also has cancel_reason; or return_items and
        return_payment_method_id; or exchange_items, exchange_new_items, exchange_payment_method_id and
        exchange_price_difference.
        """
        return self._order(order_id)

    @read
    def get_product_details(self, product_id: str) -> dict[str, Any]:
        """Return a product: name, product_id and variants, its items by item id.

        Each variant has item_id, options, available (true or false) and price. A product id is not an item id:
        take it from list_all_product_types or from the items of an order.
        """
        return self._product(product_id)

    @read
    def list_all_product_types(self) -> dict[str, str]:
        """Return the product id of every product the shop has, by product name, in alphabetical order."""
        products = self.state["products"].values()
        return dict(sorted((product["name"], product["product_id"]) for product in products))
