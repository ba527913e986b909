"""Write `test.jsonl` from the sources beside it: `python -m environments.airline.tasks.make`. Always the same bytes.

A source says what the traveller wants and, reservation by reservation, what is to come of it; this module writes the
check, which also sees to it that the rest of what the traveller has is as it was. Keys of a `[[task]]`:

    kind            for breakdowns: book, cancel, cabin, bags, refused …
    traveller       the user id
    instruction     told to the simulated user; line breaks are spaces
    solution        Python
    near_misses     three or more: Python, or [old, new], the solution with `new` for `old`
    outcome."ID"    {cancelled = true}, or any of cabin, flights = ["HAT001 2024-05-20", …], passengers =
                    ["First Last 1990-01-31", …], bags = [total, not free]; with paid = {method = dollars}, what the
                    change costs, below zero for what it gives back
    booked          tables of a new reservation each: trip = "JFK-SEA one_way", cabin, flights, passengers, bags,
                    insurance, paid
    certificate     dollars of the one that is sent as compensation
    says            what must be said: a number, a text, or a list of which one is enough
    unsaid          texts that must not be said, such as somebody else's data
    transferred     true where the conversation ends with a human agent
    others          reservations of other travellers that must stay as they are

Of payments the sum by method counts, however many steps led to it, and the order of flights, passengers and payments
does not.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from environments.held_out import Record, evaluate, literal, odd_keys, record, sources, spoken, write

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
NEEDED = {"kind", "traveller", "instruction", "solution", "near_misses"}
OPTIONAL = {"outcome", "booked", "certificate", "says", "unsaid", "transferred", "others"}
ISSUED = "certificate_3221322"
"""What the first certificate of a conversation is called."""


def tasks() -> Iterator[Record]:
    """Every task as a record of `test.jsonl`, in the order of the sources."""
    desk = {name: json.loads((DATA / f"{name}.json").read_text("utf-8")) for name in ("users", "reservations")}
    for number, source in enumerate(sources(HERE, partial(problem_of, desk=desk)), start=1):
        solution = source["solution"].strip()
        near_misses = [_near_miss(near_miss, solution) for near_miss in source["near_misses"]]
        start = source["traveller"]
        yield record(f"airline-test-{number:06}", source, start, check(source, desk), solution, near_misses)


def problem_of(source: Record, desk: Record) -> str | None:
    """What keeps a source from being a task; what its code does is for `sca validate` to say."""
    if odd := odd_keys(source, NEEDED, OPTIONAL):
        return odd
    if (user := desk["users"].get(source["traveller"])) is None:
        return f"traveller: there is no {source['traveller']}"
    if foreign := source.get("outcome", {}).keys() - set(user["reservations"]):
        return f"outcome: {', '.join(sorted(foreign))} is not a reservation of {source['traveller']}"
    for near_miss in source["near_misses"]:
        if isinstance(near_miss, list) and near_miss[0] not in source["solution"]:
            return f"near_misses: {near_miss[0]!r} is not in the solution"
    return None


def _near_miss(near_miss: str | list[str], solution: str) -> str:
    if isinstance(near_miss, str):
        return near_miss.strip()
    old, new = near_miss
    return solution.replace(old, new)


def check(source: Record, desk: Record) -> str:
    """The source of `evaluate`."""
    user = desk["users"][source["traveller"]]
    changes = source.get("outcome", {})
    numbers = dict.fromkeys([*changes, *user["reservations"], *source.get("others", ())])
    expected = {number: _expected(desk["reservations"][number], changes.get(number, {})) for number in numbers}
    booked = sorted(map(_in_order, source.get("booked", ())), key=str)
    head = f"""import re

EXPECTED = {literal(expected)}
BOOKED = {literal(booked)}
AMOUNTS = {literal(_amounts(user, source))}
"""
    clauses = [
        "all(seen(number) == facts for number, facts in EXPECTED.items())",
        "sorted((seen(number) for number in new), key=str) == BOOKED",
        "amounts == AMOUNTS",
        *spoken(source),
    ]
    return f"{head}{HELPERS.replace('USER_ID', source['traveller'])}{evaluate(clauses)}"


def _expected(reservation: Record, change: Record) -> Record:
    """A reservation as it is to be, in the form in which the check sees it."""
    facts = {
        "trip": f"{reservation['origin']}-{reservation['destination']} {reservation['flight_type']}",
        "status": "cancelled" if change.get("cancelled") else reservation.get("status", "booked"),
        "cabin": reservation["cabin"],
        "flights": [f"{flight['flight_number']} {flight['date']}" for flight in reservation["flights"]],
        "passengers": [f"{p['first_name']} {p['last_name']} {p['dob']}" for p in reservation["passengers"]],
        "bags": [reservation["total_baggages"], reservation["nonfree_baggages"]],
        "insurance": reservation["insurance"],
    }
    paid: dict[str, float] = {}
    history = [(entry["payment_id"], entry["amount"]) for entry in reservation["payment_history"]]
    for method, amount in [*history, *change.get("paid", {}).items()]:
        paid[method] = paid.get(method, 0) + amount
    facts |= {name: value for name, value in change.items() if name in facts}
    return _in_order(facts | {"paid": {} if facts["status"] == "cancelled" else paid})


def _in_order(facts: Record) -> Record:
    paid = {method: amount for method, amount in sorted(facts["paid"].items()) if amount}
    ordered = {"flights": sorted(facts["flights"]), "passengers": sorted(facts["passengers"]), "paid": paid}
    order = ("trip", "status", "cabin", "flights", "passengers", "bags", "insurance", "paid")
    whole = {"status": "booked"} | facts | ordered
    return {name: whole[name] for name in order}


def _amounts(user: Record, source: Record) -> dict[str, float]:
    """What gift cards and certificates are to hold: bookings use certificates up, a cancellation credits no card."""
    held = {method["id"]: method["amount"] for method in user["payment_methods"].values() if "amount" in method}
    for new in source.get("booked", ()):
        for method in new["paid"].keys() & held.keys():
            held[method] -= new["paid"][method]
            if method.startswith("certificate"):
                del held[method]
    for change in source.get("outcome", {}).values():
        for method in change.get("paid", {}).keys() & held.keys():
            held[method] -= change["paid"][method]
    if "certificate" in source:
        held[ISSUED] = source["certificate"]
    return dict(sorted(held.items()))


HELPERS = """

def seen(number):
    reservation, paid = get_reservation_details(number), {}
    for entry in reservation["payment_history"]:
        paid[entry["payment_id"]] = paid.get(entry["payment_id"], 0) + entry["amount"]
    people = reservation["passengers"]
    return {
        "trip": f"{reservation['origin']}-{reservation['destination']} {reservation['flight_type']}",
        "status": reservation.get("status", "booked"),
        "cabin": reservation["cabin"],
        "flights": sorted(f"{flight['flight_number']} {flight['date']}" for flight in reservation["flights"]),
        "passengers": sorted(f"{one['first_name']} {one['last_name']} {one['dob']}" for one in people),
        "bags": [reservation["total_baggages"], reservation["nonfree_baggages"]],
        "insurance": reservation["insurance"],
        "paid": {method: amount for method, amount in sorted(paid.items()) if amount},
    }


def evaluate(answer):
    user = get_user_details("USER_ID")
    new = [number for number in user["reservations"] if number not in EXPECTED]
    methods = user["payment_methods"].values()
    amounts = {method["id"]: method["amount"] for method in methods if "amount" in method}
"""


if __name__ == "__main__":
    write(tasks(), HERE / "test.jsonl")
