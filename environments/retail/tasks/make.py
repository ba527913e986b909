"""Write `test.jsonl` from the sources beside it: `python -m environments.retail.tasks.make`. Always the same bytes.

A source says what the customer wants and, order by order, what is to come of it; this module writes the check, which
also sees to it that the customer's other orders and address are as they were. Keys of a `[[task]]`:

    kind            for breakdowns: cancel, return, several, refused …
    customer        the user id
    instruction     told to the simulated user; line breaks are spaces
    solution        Python
    near_misses     Python, three or more
    outcome."#W…"   {cancelled = reason}, {returned = [item ids], to = method},
                    {exchanged = [[old, new] …], with = method}; or any of address = "…", paid_with = method,
                    items = [[old, new] …] and with = method
    address         the customer's default address afterwards, where it is to change
    says            what must be said: a number, a text, or a list of which one is enough
    unsaid          texts that must not be said, such as somebody else's data
    transferred     true where the conversation ends with a human agent
    others          orders of other customers that must stay as they are
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from environments.held_out import Record, evaluate, literal, odd_keys, record, sources, spoken, write

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
NEEDED = {"kind", "customer", "instruction", "solution", "near_misses"}
OPTIONAL = {"outcome", "address", "says", "unsaid", "transferred", "others"}
PARTS = ("address1", "address2", "city", "state", "zip", "country")


def tasks() -> Iterator[Record]:
    """Every task as a record of `test.jsonl`, in the order of the sources."""
    shop = {name: json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")) for name in ("users", "orders")}
    for number, source in enumerate(sources(HERE, partial(problem_of, shop=shop)), start=1):
        near_misses = [near_miss.strip() for near_miss in source["near_misses"]]
        yield record(
            f"retail-test-{number:06}",
            source,
            source["customer"],
            check(source, shop),
            source["solution"].strip(),
            near_misses,
        )


def problem_of(source: Record, shop: Record) -> str | None:
    """What keeps a source from being a task; what its code does is for `sca validate` to say."""
    if odd := odd_keys(source, NEEDED, OPTIONAL):
        return odd
    if (user := shop["users"].get(source["customer"])) is None:
        return f"customer: there is no {source['customer']}"
    if foreign := source.get("outcome", {}).keys() - set(user["orders"]):
        return f"outcome: {', '.join(sorted(foreign))} is not an order of {source['customer']}"
    return None


def check(source: Record, shop: Record) -> str:
    """The source of `evaluate`."""
    user = shop["users"][source["customer"]]
    changes = source.get("outcome", {})
    expected = {
        number: facts
        for number in dict.fromkeys([*changes, *user["orders"], *source.get("others", ())])
        if (facts := _expected(shop["orders"][number], changes.get(number, {})))
    }
    home = _plain(source["address"]) if "address" in source else _place(user)
    clauses = [
        "all(as_expected(order, facts) for order, facts in EXPECTED.items())",
        f'place(get_user_details("{source["customer"]}")) == "{home}"',
        *spoken(source),
    ]
    return f"{HEAD}EXPECTED = {literal(expected)}\n{HELPERS}{evaluate(clauses)}"


def _expected(order: Record, change: Record) -> Record:
    """What the check looks at: all that could have changed, and nothing where no tool could change anything."""
    method = order["payment_history"][0]["payment_method_id"]
    if order["status"] == "pending":
        paid_with = [method, change["paid_with"], method] if "paid_with" in change else [method]
        facts = {
            "status": "pending",
            "address": _plain(change["address"]) if "address" in change else _place(order),
            "paid_with": paid_with,
        }
        if "items" in change:
            held = [item["item_id"] for item in order["items"]]
            for old, new in change["items"]:
                held[held.index(old)] = new
            facts |= {"status": "pending (item modified)", "items": held}
            paid_with.append(change["with"])
        if "cancelled" in change:
            facts |= {"status": "cancelled", "cancel_reason": change["cancelled"], "paid_with": paid_with * 2}
        return facts
    if "returned" in change:
        return {
            "status": "return requested",
            "return_items": sorted(change["returned"]),
            "return_payment_method_id": change["to"],
        }
    if "exchanged" in change:
        return {
            "status": "exchange requested",
            "exchange_items": sorted(old for old, _ in change["exchanged"]),
            "exchange_new_items": sorted(new for _, new in change["exchanged"]),
            "exchange_payment_method_id": change["with"],
        }
    return {"status": "delivered"} if order["status"] == "delivered" else {}


def _place(record: Record) -> str:
    return _plain(" ".join(record["address"][part] for part in PARTS))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


HEAD = """\
import re

"""
HELPERS = f"""

def place(record):
    parts = [record["address"][part] for part in {json.dumps(PARTS).replace("[", "(").replace("]", ")")}]
    return " ".join(re.findall(r"\\w+", " ".join(parts).lower()))


def as_expected(number, facts):
    order = get_order_details(number)
    order["items"] = [item["item_id"] for item in order["items"]]
    order["paid_with"] = [entry["payment_method_id"] for entry in order["payment_history"]]
    order["address"] = place(order)
    return all(order.get(name) == value for name, value in facts.items())


def evaluate(answer):
"""


if __name__ == "__main__":
    write(tasks(), HERE / "test.jsonl")
