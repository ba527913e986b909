"""Shops like the small one that ships: the same products, other customers, ids and prices."""

import copy
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from environments.retail import make
from sca.dialogue.setting import Setting
from sca.environment import Environment

Record = dict[str, Any]
ENVIRONMENT = "retail"


@cache
def setting() -> Setting:
    """The environment; its tools, prompts and themes are those of every shop."""
    return Setting.open(ENVIRONMENT, data())


def data() -> Path:
    """The small shop that ships."""
    return Path(make.__file__).parent / "small"


@cache
def shipped() -> Record:
    """Its tables; no document is about its customers."""
    return {
        name: json.loads((data() / f"{name}.json").read_text("utf-8")) for name in ("users", "orders", "products")
    }


@dataclass(frozen=True)
class Customer:
    """One customer of a shop, with all that the tools can find of them."""

    user_id: str
    profile: Record
    orders: list[Record]
    products: Record
    """Of the shop, by id."""

    @property
    def methods(self) -> list[Record]:
        """Payment methods in the profile's order."""
        return list(self.profile["payment_methods"].values())

    @cached_property
    def named(self) -> list[tuple[Record, Record]]:
        """Orders with an item whose product is in no other order of the customer and only once in this one."""
        names = [item["name"] for order in self.orders for item in order["items"]]
        return [(o, item) for o in self.orders for item in o["items"] if names.count(item["name"]) == 1]

    def product(self, name: str) -> Record:
        """A product by name."""
        found: Record = next(product for product in self.products.values() if product["name"] == name)
        return found

    def desk(self) -> Environment:
        """The environment over a fresh copy of what this customer has."""
        state = copy.deepcopy(
            {"users": {self.user_id: self.profile}, "orders": {o["order_id"]: o for o in self.orders}}
        ) | {"products": self.products}  # no tool changes a product
        return setting().environment(state)

    def tools(self, desk: Environment | None = None) -> dict[str, Callable[..., Any]]:
        """The environment's own tools, by default at a fresh desk; results as they cross a pipe."""
        desk = desk or self.desk()
        return {tool.name: _as_json(getattr(desk, tool.name)) for tool in setting().tools(None)}


def customers(tables: Record) -> list[Customer]:
    """All customers of a shop."""
    orders = tables["orders"]
    return [
        Customer(user_id, profile, [orders[number] for number in profile["orders"]], tables["products"])
        for user_id, profile in tables["users"].items()
    ]


@cache
def made(number: int) -> list[Customer]:
    """The customers of the shop with this number, but for those who are called as one of the shipped shop."""
    names = [product["name"] for product in shipped()["products"].values()]
    tables = make.shop(make.SMALL, seed=f"tiny_model {number}", products=names)
    known = {_name(profile) for profile in shipped()["users"].values()}
    return [one for one in customers(tables) if _name(one.profile) not in known]


def _name(profile: Record) -> Iterable[str]:
    return tuple(profile["name"].values())


def _as_json(tool: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: json.loads(json.dumps(tool(*args)))
