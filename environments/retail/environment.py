"""A shop's service desk: the database counts and what the agent said, and a simulated customer takes part."""

from pathlib import Path
from typing import Any

from sca.environment import Environment, Start, load_tables
from sca.environment.service import Service

from .delivered import DeliveredOrders
from .lookups import LookUps
from .pending import PendingOrders
from .redaction import redact
from .themes import THEMES

TABLES = ("users", "orders", "products")


class Retail(DeliveredOrders, PendingOrders, Service, LookUps, Environment):
    """The service desk of an online shop: look customers, orders and products up, change pending orders and
    addresses, and take returns and exchanges of what was delivered."""

    counts = "both"
    user = True
    themes = THEMES

    @classmethod
    def load(cls, data: Path) -> dict[str, Any]:
        """The tables users, orders and products, each by id, in the format of TauBench's own files, or of
        TauBench 2's `db.json`.

        Raises FileNotFoundError that names what is missing.
        """
        return load_tables(data, TABLES)

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A customer each, by user id."""
        return [Start(user_id) for user_id in state["users"]]

    @classmethod
    def redacted(cls, state: Any, start: Start, instruction: str) -> str:
        """Without the numbers of the customer's orders, where the rest still names the order."""
        user = state["users"].get(start.text, {"orders": []})
        return redact({number: state["orders"][number] for number in user["orders"]}, instruction)
