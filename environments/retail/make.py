"""Write the shop's data: `python -m environments.retail.make`, or `… --small --out DIR`. The same bytes each time."""

import argparse
import itertools
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from environments.retail.catalogue import CATALOGUE
from environments.retail.people import CITIES, FIRST_NAMES, LAST_NAMES, STREETS

SEED = 20261120
HERE = Path(__file__).parent
STATUSES = {"delivered": 42, "pending": 33, "processed": 15, "cancelled": 10}
ITEMS = {1: 30, 2: 27, 3: 20, 4: 13, 5: 10}
BRANDS = ("visa", "mastercard")
Record = dict[str, Any]


class Size(NamedTuple):
    """How much there is of everything."""

    users: int
    orders: int
    products: int
    least_variants: int
    most_variants: int


LARGE = Size(users=500, orders=1000, products=50, least_variants=12, most_variants=24)
SMALL = Size(users=24, orders=48, products=12, least_variants=4, most_variants=6)


class Numbers:
    """Ids of so many digits, none given twice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._given: set[int] = set()

    def next(self, digits: int) -> str:
        """One that was not given before; it does not begin with 0."""
        while True:
            number = self._rng.randrange(10 ** (digits - 1), 10**digits)
            if number not in self._given:
                self._given.add(number)
                return str(number)


def shop(size: Size, seed: int | str = SEED, products: Sequence[str] | None = None) -> dict[str, Any]:
    """The tables `users`, `orders` and `products`; `products` names those to be sold, else some are drawn."""
    rng = random.Random(f"{seed} {size}")
    numbers = Numbers(rng)
    sold = products or _some(rng, CATALOGUE, size.products)
    goods = [_product(rng, numbers, name, size) for name in sorted(sold)]
    users = _users(rng, numbers, size.users)
    everyone = list(users)
    owners = [*everyone, *rng.choices(everyone, k=size.orders - len(everyone))]
    rng.shuffle(owners)
    orders = {}
    for owner in owners:
        order = _order(rng, numbers, owner, users[owner], goods)
        orders[order["order_id"]] = order
        users[owner]["orders"].append(order["order_id"])
    return {
        "users": users,
        "orders": orders,
        "products": {product["product_id"]: product for product in goods},
    }


def _some(rng: random.Random, names: Iterable[str], number: int) -> list[str]:
    return rng.sample(list(names), number)


def _weighted(rng: random.Random, weights: dict[Any, int]) -> Any:
    return rng.choices(list(weights), list(weights.values()))[0]


def _product(rng: random.Random, numbers: Numbers, name: str, size: Size) -> Record:
    """Some of the combinations of its options, each at a price of its own; two or more are available."""
    usual, options = CATALOGUE[name]
    combinations = list(itertools.product(*(enumerate(values) for values in options.values())))
    number = min(len(combinations), rng.randint(size.least_variants, size.most_variants))
    variants: dict[str, Record] = {}
    prices: set[float] = set()
    for position, chosen in enumerate(rng.sample(combinations, number)):
        better = sum(rank / len(values) for (rank, _), values in zip(chosen, options.values(), strict=True))
        price = 0.0
        while not price or price in prices:
            price = round(usual * (0.85 + 0.25 * better) * rng.uniform(0.97, 1.03), 2)
        prices.add(price)
        item_id = numbers.next(10)
        variants[item_id] = {
            "item_id": item_id,
            "options": {option: value for option, (_, value) in zip(options, chosen, strict=True)},
            "available": position < 2 or rng.random() < 0.7,
            "price": price,
        }
    variants = dict(sorted(variants.items()))
    return {"name": name, "product_id": numbers.next(10), "variants": variants}


def _users(rng: random.Random, numbers: Numbers, number: int) -> dict[str, Record]:
    users: dict[str, Record] = {}
    known: set[tuple[str, str, str]] = set()
    while len(users) < number:
        first, last, address = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES), _address(rng)
        if (first, last, address["zip"]) in known:  # a name and a zip code find one customer
            continue
        known.add((first, last, address["zip"]))
        users[f"{first}_{last}_{numbers.next(4)}".lower()] = {
            "name": {"first_name": first, "last_name": last},
            "address": address,
            "email": f"{first}.{last}{numbers.next(4)}@example.com".lower(),
            "payment_methods": _payment_methods(rng, numbers),
            "orders": [],
        }
    return users


def _address(rng: random.Random) -> dict[str, str]:
    city, state, prefix = rng.choice(CITIES)
    second = rng.choice(
        (f"Apt {rng.randint(1, 60)}", f"Suite {rng.randint(100, 950)}", f"Unit {rng.randint(1, 30)}", "")
    )
    return {
        "address1": f"{rng.randint(1, 990)} {rng.choice(STREETS)}",
        "address2": second,
        "city": city,
        "country": "USA",
        "state": state,
        "zip": f"{prefix}{rng.randint(1, 99):02}",
    }


def _payment_methods(rng: random.Random, numbers: Numbers) -> dict[str, Record]:
    """One to four, in any order; a customer may have two cards of a kind, and a gift card may be empty."""
    sources = (
        rng.choice(("credit_card", "paypal", "gift_card")),
        *rng.choices(
            ("credit_card", "paypal", "gift_card"), (3, 2, 3), k=_weighted(rng, {0: 25, 1: 40, 2: 25, 3: 10})
        ),
    )
    if sources.count("paypal") > 1:
        sources = tuple(dict.fromkeys(sources))
    methods = {}
    for source in sources:
        method: Record = {"source": source, "id": f"{source}_{numbers.next(7)}"}
        if source == "credit_card":
            method |= {"brand": rng.choice(BRANDS), "last_four": f"{rng.randrange(10000):04}"}
        elif source == "gift_card":
            method["balance"] = rng.choice((0, rng.randint(5, 100), rng.randint(50, 400), rng.randint(200, 1500)))
        methods[method["id"]] = method
    return methods


def _order(rng: random.Random, numbers: Numbers, owner: str, user: Record, products: list[Record]) -> Record:
    status = _weighted(rng, STATUSES)
    items = _items(rng, products)
    total, method = round(sum(item["price"] for item in items), 2), rng.choice(list(user["payment_methods"]))
    kinds = ("payment", "refund") if status == "cancelled" else ("payment",)
    sent = status in ("processed", "delivered") or (status == "cancelled" and rng.random() < 0.5)
    return {
        "order_id": f"#W{numbers.next(7)}",
        "user_id": owner,
        "address": _address(rng) if rng.random() < 0.25 else dict(user["address"]),
        "items": items,
        "fulfillments": _fulfillments(rng, numbers, items) if sent else [],
        "status": status,
        "payment_history": [
            {"transaction_type": kind, "amount": total, "payment_method_id": method} for kind in kinds
        ],
    }


def _items(rng: random.Random, products: list[Record]) -> list[Record]:
    """Now and then the same item twice, or two items of one product."""
    items: list[Record] = []
    for _ in range(_weighted(rng, ITEMS)):
        product = rng.choice(products)
        if items and rng.random() < 0.12:
            product = next(each for each in products if each["product_id"] == items[-1]["product_id"])
        variant = rng.choice(list(product["variants"].values()))
        if items and rng.random() < 0.05:
            items.append({**items[-1], "options": dict(items[-1]["options"])})
            continue
        items.append(
            {
                "name": product["name"],
                "product_id": product["product_id"],
                "item_id": variant["item_id"],
                "price": variant["price"],
                "options": dict(variant["options"]),
            }
        )
    return items


def _fulfillments(rng: random.Random, numbers: Numbers, items: list[Record]) -> list[Record]:
    """One parcel, or sometimes two."""
    ids = [item["item_id"] for item in items]
    cut = rng.randint(1, len(ids) - 1) if len(ids) > 1 and rng.random() < 0.15 else len(ids)
    return [{"tracking_id": [numbers.next(12)], "item_ids": part} for part in (ids[:cut], ids[cut:]) if part]


def write(folder: Path, size: Size) -> None:
    """Write a file a table, a record a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in shop(size).items():
        if isinstance(table, dict):
            lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(record)}" for key, record in table.items())
            text = f"{{\n{lines}\n}}\n"
        else:
            text = json.dumps(table) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Read the flags and write."""
    parser = argparse.ArgumentParser(prog="python -m environments.retail.make", description=main.__doc__)
    parser.add_argument("--small", action="store_true", help="a shop of a few dozen, for small models")
    parser.add_argument("--out", type=Path, help="folder to write to (default: data, or small, of the environment)")
    flags = parser.parse_args()
    write(flags.out or HERE / ("small" if flags.small else "data"), SMALL if flags.small else LARGE)


if __name__ == "__main__":
    main()
