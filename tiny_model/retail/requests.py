"""One request drawn: a customer, what they want, and all values that its sentences and programs need."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from environments.retail.people import CITIES, STREETS
from tiny_model import wordings
from tiny_model.retail.kinds import Kind, fill, kinds
from tiny_model.retail.shops import Customer, Record

Values = dict[str, str]
_REASONS = ("ordered by mistake", "ordered by mistake", "ordered by mistake", "no longer needed")
"""The drilled mistake is the other reason, so that either is wrong for it."""
_SOURCES = {"paypal": "PayPal", "gift_card": "gift card", "credit_card": "credit card"}
_ORIGINAL = 'method = order["payment_history"][0]["payment_method_id"]'
_GIFT = 'method = [m for m in user["payment_methods"] if "gift_card" in m][0]'
BY_ZIP = 0.2
"""Share of the customers who give name and zip code."""
_MANNER = 0.15
_FIRST_METHOD = 0.3
"""Of the payments that can be changed to the customer's first method alone, so many are asked for."""
_TO_GIFT_CARD = 0.75
"""Of the refunds, where there is one that did not pay."""


@dataclass(frozen=True)
class Request:
    """What one customer wants."""

    kind: Kind
    customer: Customer
    values: Values

    def code(self, program: str) -> str:
        """A program with its values written in."""
        return fill(program, self.values)

    @property
    def right(self) -> str:
        """The right program."""
        return self.code(self.kind.do)

    def said(self, frame: str, rng: random.Random) -> str:
        """An instruction: who the customer is, and what they want."""
        texts = wordings.sections("retail")
        how = "zip" if "zip" in self.values["find"] else "email"
        wish = wordings.chosen(frame, rng)
        parts = [wordings.chosen(rng.choice(texts[f"introduction, {how}"]), rng), wish]
        if rng.random() < _MANNER:
            parts.insert(rng.choice((1, 2)), rng.choice(texts["manner"]))
        said = {name: _said(name, value, rng) for name, value in self.values.items()}
        said |= {"because": _said("reason", self.values.get("reason", ""), rng)}
        return wordings.with_values(" ".join(parts), said)


def draw(kind: Kind, customer: Customer, rng: random.Random) -> Request | None:
    """A request of this kind by this customer; None where there is none."""
    values = _DRAWS[kind.name](customer, rng)
    if values is None:
        return None
    return Request(kind, customer, _who(customer, rng) | values)


def draw_any(kind: Kind, anyone: Callable[[], Customer], rng: random.Random) -> Request:
    """A request of this kind by the first customer who can have it."""
    while True:
        if (found := draw(kind, anyone(), rng)) is not None:
            return found


def feasible(customer: Customer, rng: random.Random) -> list[Request]:
    """One request of each kind that this customer can have."""
    drawn = (draw(kind, customer, rng) for kind in kinds().values())
    return [request for request in drawn if request is not None]


def _said(name: str, value: str, rng: random.Random) -> str:
    """A value as a customer says it."""
    sayings = _sayings()
    return rng.choice(sayings[value]) if name in ("reason", "way", "back") and value in sayings else value


@cache
def _sayings() -> dict[str, list[str]]:
    return {name: choices.split("|") for name, choices in wordings.pairs("retail_slots")}


def _who(customer: Customer, rng: random.Random) -> Values:
    profile = customer.profile
    first, last = profile["name"].values()
    email, code = profile["email"], profile["address"]["zip"]
    by_zip = f'find_user_id_by_name_zip("{first}", "{last}", "{code}")'
    return {
        "user": customer.user_id,
        "name": f"{first} {last}",
        "email": email,
        "zip": code,
        "find": by_zip if rng.random() < BY_ZIP else f'find_user_id_by_email("{email}")',
    }


def _of(order: Record, item: Record) -> Values:
    return {
        "order": order["order_id"],
        "product": item["name"],
        "item": item["item_id"],
        "price": repr(item["price"]),
        "status": order["status"],
        "amount": repr(order["payment_history"][0]["amount"]),
        "count": str(len(order["items"])),
        "method": order["payment_history"][0]["payment_method_id"],
    }


def _one(
    customer: Customer, rng: random.Random, fits: Callable[[Record, Record], bool]
) -> tuple[Record, Record] | None:
    """An order and an item that names it."""
    found = [(order, item) for order, item in customer.named if fits(order, item)]
    return rng.choice(found) if found else None


def _cancel(customer: Customer, rng: random.Random) -> Values | None:
    found = _one(customer, rng, lambda order, _: order["status"] == "pending")
    return found and _of(*found) | _reason(rng)


def _reason(rng: random.Random) -> Values:
    reason = rng.choice(_REASONS)
    other = "no longer needed" if reason == "ordered by mistake" else "ordered by mistake"
    return {"reason": reason, "other_reason": other}


def _pay(customer: Customer, rng: random.Random) -> Values | None:
    found = _one(customer, rng, lambda order, _: order["status"] == "pending")
    if found is None:
        return None
    paid = found[0]["payment_history"][0]
    sources = [method["source"] for method in customer.methods]
    fitting = [
        method
        for method in customer.methods
        if method["id"] != paid["payment_method_id"]
        and sources.count(method["source"]) == 1
        and method.get("balance", 10**6) >= paid["amount"]
    ]
    others = [method for method in fitting if method is not customer.methods[0]]  # the first is the drilled mistake
    if not others and (not fitting or rng.random() > _FIRST_METHOD):
        return None
    method = rng.choice(others or fitting)
    source = method["source"]
    return _of(*found) | {"method": method["id"], "source": source, "way": source}


def _ship(customer: Customer, rng: random.Random) -> Values | None:
    found = _one(customer, rng, lambda order, _: order["status"] == "pending")
    return found and _of(*found) | _place(rng)


def _move(customer: Customer, rng: random.Random) -> Values | None:
    return _place(rng)


def _place(rng: random.Random) -> Values:
    city, state, prefix = rng.choice(CITIES)
    street, code = f"{rng.randint(1, 99)} {rng.choice(STREETS)}", f"{prefix}{rng.randint(1, 99):02}"
    place = f"{street}, {city}, {state} {code}"
    return {"street": street, "city": city, "state": state, "code": code, "place": place}


def _return(customer: Customer, rng: random.Random) -> Values | None:
    """Of one item or of a whole order."""
    found = _one(customer, rng, lambda order, _: order["status"] == "delivered" and len(order["items"]) > 1)
    if found is None:
        return None
    values = _of(*found)
    cards = [method["id"] for method in customer.methods if method["source"] == "gift_card"]
    if values["method"] in cards:  # the way it was paid and the gift card would be one
        return None
    original = {"back": "original", "refund": "to the way it was paid"}
    if len(cards) == 1 and rng.random() < _TO_GIFT_CARD:
        there = {"back": "gift", "refund": "to the gift card", "method": cards[0]}
        return values | there | {"method_of": _GIFT, "other_method_of": _ORIGINAL}
    return values | original | {"method_of": _ORIGINAL, "other_method_of": _GIFT}


def _exchange(customer: Customer, rng: random.Random) -> Values | None:
    found = _one(customer, rng, lambda order, _: order["status"] == "delivered")
    if found is None:
        return None
    order, item = found
    paid = order["payment_history"][0]["payment_method_id"]
    holds = customer.profile["payment_methods"][paid].get("balance", 10**6)
    variants = list(customer.product(item["name"])["variants"].values())
    options = {option for variant in variants for option in variant["options"].values()}
    choices = []
    for option in sorted(options):
        fitting = [v for v in variants if option in str(v) and v["available"]]
        if len(fitting) != 1 or fitting[0]["item_id"] == item["item_id"]:
            continue
        if fitting[0]["price"] - item["price"] <= holds:
            choices.append({"option": option, "new": fitting[0]["item_id"]})
    return _of(order, item) | rng.choice(choices) if choices else None


def _price(customer: Customer, rng: random.Random) -> Values | None:
    found = _one(customer, rng, lambda order, _: len(order["items"]) > 1)
    return found and _of(*found)


def _status(customer: Customer, rng: random.Random) -> Values | None:
    found = _one(customer, rng, lambda *_: True)
    if found is None:
        return None
    others = [each for each in ("pending", "processed", "delivered", "cancelled") if each != found[0]["status"]]
    return _of(*found) | {"other_status": rng.choice(others)}


def _track(customer: Customer, rng: random.Random) -> Values | None:
    found = _one(customer, rng, lambda order, _: len(order["fulfillments"]) == 1)
    return found and _of(*found) | {"tracking": found[0]["fulfillments"][0]["tracking_id"][0]}


def _cheapest(customer: Customer, rng: random.Random) -> Values | None:
    product = rng.choice(list(customer.products.values()))
    prices = [variant["price"] for variant in product["variants"].values() if variant["available"]]
    return {"product": product["name"], "price": repr(min(prices)), "dearest": repr(max(prices))}


def _both(customer: Customer, rng: random.Random) -> Values | None:
    values = _cancel(customer, rng)
    if values is None:
        return None
    found = _one(customer, rng, lambda order, _: order["order_id"] != values["order"])
    return found and values | {"second": found[1]["name"], "price": repr(found[1]["price"])}


def _refused(customer: Customer, rng: random.Random) -> Values | None:
    closed = ("delivered", "processed")
    found = _one(customer, rng, lambda order, _: order["status"] in closed and len(order["items"]) > 1)
    return found and _of(*found)


_DRAWS: dict[str, Callable[[Customer, random.Random], Values | None]] = {
    "cancel": _cancel,
    "pay": _pay,
    "ship": _ship,
    "move": _move,
    "return": _return,
    "return_all": _return,
    "exchange": _exchange,
    "price": _price,
    "status": _status,
    "track": _track,
    "cheapest": _cheapest,
    "both": _both,
    "refused": _refused,
}
