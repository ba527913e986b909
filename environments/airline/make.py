"""Write the data: `python -m environments.airline.make`, or `… --small --out DIR`. The same bytes each time."""

import argparse
import datetime
import json
import random
import string
from pathlib import Path
from typing import Any, NamedTuple

from environments.airline.flights import DAYS, NOW, make_flights, price
from environments.airline.network import PLACES, SMALL
from environments.retail.make import Numbers
from environments.retail.people import CITIES, FIRST_NAMES, LAST_NAMES, STREETS

SEED = 20240515
HERE = Path(__file__).parent
FREE_BAGS = {
    "regular": {"basic_economy": 0, "economy": 1, "business": 2},
    "silver": {"basic_economy": 1, "economy": 2, "business": 3},
    "gold": {"basic_economy": 2, "economy": 3, "business": 3},
}
"""Of each passenger; as in policy.md."""
Record = dict[str, Any]


class Size(NamedTuple):
    """How much there is of everything."""

    users: int
    flights: int
    reservations: int
    airports: tuple[str, ...]


LARGE = Size(users=500, flights=300, reservations=2000, airports=tuple(PLACES))
SMALL_SIZE = Size(users=20, flights=44, reservations=64, airports=SMALL)


def airline(size: Size) -> dict[str, Any]:
    """The tables `users`, `flights` and `reservations`."""
    rng = random.Random(f"{SEED} {size}")
    numbers = Numbers(rng)
    users = _users(rng, numbers, size.users)
    flights = make_flights(rng, size.airports, size.flights)
    by_origin: dict[str, list[Record]] = {}
    for flight in flights.values():
        by_origin.setdefault(flight["origin"], []).append(flight)
    reservations: dict[str, Record] = {}
    everyone = list(users)
    for owner in [*everyone, *rng.choices(everyone, k=size.reservations - len(everyone))]:
        reservation_id = _reservation_id(rng, reservations)
        reservations[reservation_id] = _reservation(rng, reservation_id, owner, users[owner], by_origin)
        users[owner]["reservations"].append(reservation_id)
    return {"users": users, "flights": flights, "reservations": reservations}


def _users(rng: random.Random, numbers: Numbers, number: int) -> dict[str, Record]:
    users: dict[str, Record] = {}
    while len(users) < number:
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        city, state, prefix = rng.choice(CITIES)
        users[f"{first}_{last}_{numbers.next(4)}".lower()] = {
            "name": {"first_name": first, "last_name": last},
            "address": {
                "address1": f"{rng.randint(1, 990)} {rng.choice(STREETS)}",
                "address2": rng.choice((f"Apt {rng.randint(1, 60)}", f"Suite {rng.randint(100, 950)}", "")),
                "city": city,
                "country": "USA",
                "state": state,
                "zip": f"{prefix}{rng.randint(1, 99):02}",
            },
            "email": f"{first}.{last}{numbers.next(4)}@example.com".lower(),
            "dob": _birthday(rng),
            "payment_methods": _payment_methods(rng, numbers),
            "saved_passengers": [_stranger(rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))],
            "membership": rng.choices(("regular", "silver", "gold"), (5, 3, 2))[0],
            "reservations": [],
        }
    return users


def _birthday(rng: random.Random) -> str:
    return (datetime.date(1942, 1, 1) + datetime.timedelta(days=rng.randrange(22_000))).isoformat()


def _stranger(rng: random.Random) -> Record:
    return {"first_name": rng.choice(FIRST_NAMES), "last_name": rng.choice(LAST_NAMES), "dob": _birthday(rng)}


def _payment_methods(rng: random.Random, numbers: Numbers) -> dict[str, Record]:
    """One to five: a credit card, and whatever else."""
    sources = [
        "credit_card",
        *rng.choices(("credit_card", "gift_card", "certificate"), (2, 4, 4), k=rng.randint(0, 4)),
    ]
    rng.shuffle(sources)
    methods: dict[str, Record] = {}
    for source in sources:
        method: Record = {"source": source, "id": f"{source}_{numbers.next(7)}"}
        if source == "credit_card":
            method |= {"brand": rng.choice(("visa", "mastercard")), "last_four": f"{rng.randrange(10_000):04}"}
        elif source == "gift_card":
            method["amount"] = rng.choice((rng.randint(1, 60), rng.randint(40, 300), rng.randint(150, 900)))
        else:
            method["amount"] = rng.choice((50, 100, 100, 150, 200, 250, 400, 500))
        methods[method["id"]] = method
    return methods


def _reservation_id(rng: random.Random, taken: dict[str, Record]) -> str:
    while True:
        name = "".join(rng.choices(string.ascii_uppercase + string.digits, k=6))
        if name not in taken and not name.startswith("HATHA"):  # what new reservations are called
            return name


def _reservation(
    rng: random.Random, reservation_id: str, owner: str, user: Record, by_origin: dict[str, list[Record]]
) -> Record:
    cabin = rng.choices(("basic_economy", "economy", "business"), (4, 4, 3))[0]
    round_trip = rng.random() < 0.5
    flights = _journey(rng, by_origin, cabin, round_trip=round_trip)
    passengers = _passengers(rng, user)
    free = FREE_BAGS[user["membership"]][cabin] * len(passengers)
    bags = rng.choice((0, 0, len(passengers), free, free + 1, rng.randint(0, free + 2)))
    insurance = rng.choice(("yes", "no"))
    each = sum(flight["price"] for flight in flights) + (30 if insurance == "yes" else 0)
    total = each * len(passengers) + 50 * max(0, bags - free)
    paid = _payments(rng, user, total)
    before = min(NOW, datetime.datetime.fromisoformat(f"{flights[0]['date']}T00:00:00"))
    created = before - datetime.timedelta(seconds=rng.choice((rng.randrange(1, 86_400), rng.randrange(1, 1_300_000))))
    reservation = {
        "reservation_id": reservation_id,
        "user_id": owner,
        "origin": flights[0]["origin"],
        "destination": _far_end(flights, round_trip=round_trip),
        "flight_type": "round_trip" if round_trip else "one_way",
        "cabin": cabin,
        "flights": [{name: flight[name] for name in flight if name != "back"} for flight in flights],
        "passengers": passengers,
        "payment_history": paid,
        "created_at": created.isoformat(),
        "total_baggages": bags,
        "nonfree_baggages": max(0, bags - free),
        "insurance": insurance,
    }
    if rng.random() < 0.03:
        paid += [{"payment_id": payment["payment_id"], "amount": -payment["amount"]} for payment in paid]
        reservation["status"] = "cancelled"
    return reservation


def _far_end(flights: list[Record], *, round_trip: bool) -> str:
    """Where the journey goes: the end of its last flight, or of the last one there."""
    there = [flight for flight in flights if not flight["back"]] if round_trip else flights
    return str(there[-1]["destination"])


def _journey(rng: random.Random, by_origin: dict[str, list[Record]], cabin: str, *, round_trip: bool) -> list[Record]:
    """One or two flights, and back by one or two some days later, all within the month."""
    while True:
        day = rng.choice(DAYS[8:])
        there = _way(rng, by_origin, rng.choice(list(by_origin)), None, day, cabin)
        if there and not round_trip:
            return there
        days = [later for later in DAYS if 0 < (later - day).days < 8]
        if there and days:
            back = _way(rng, by_origin, there[-1]["destination"], there[0]["origin"], rng.choice(days), cabin)
            if back:
                return [*there, *({**flight, "back": True} for flight in back)]


def _way(
    rng: random.Random,
    by_origin: dict[str, list[Record]],
    origin: str,
    goal: str | None,
    day: datetime.date,
    cabin: str,
) -> list[Record] | None:
    """From an airport to a goal (None: anywhere) with at most one stop; None where no flights fit."""
    first_choices = by_origin.get(origin, [])
    direct = [[flight] for flight in first_choices if goal in (None, flight["destination"])]
    with_stop = [
        [first, second]
        for first in first_choices
        if "+" not in first["scheduled_arrival_time_est"] and first["destination"] != goal
        for second in by_origin.get(first["destination"], [])
        if second["destination"] != origin and goal in (None, second["destination"])
        and first["scheduled_arrival_time_est"] <= second["scheduled_departure_time_est"]
    ]  # fmt: skip
    ways = rng.choice((direct, with_stop)) or direct or with_stop
    return [_segment(rng, flight, day, cabin) for flight in rng.choice(ways)] if ways else None


def _segment(rng: random.Random, flight: Record, day: datetime.date, cabin: str) -> Record:
    prices = flight["dates"][day.isoformat()].get("prices")
    return {
        "origin": flight["origin"],
        "destination": flight["destination"],
        "flight_number": flight["flight_number"],
        "date": day.isoformat(),
        "price": prices[cabin] if prices and rng.random() < 0.5 else price(rng, cabin),
        "back": False,
    }


def _passengers(rng: random.Random, user: Record) -> list[Record]:
    """The traveller, people they know, or strangers; one to five."""
    people = [{**user["name"], "dob": user["dob"]}, *user["saved_passengers"]]
    rng.shuffle(people)
    number = rng.choices((1, 2, 3, 4, 5), (45, 25, 15, 10, 5))[0]
    return [dict(one) for one in (people + [_stranger(rng) for _ in range(number)])[:number]]


def _payments(rng: random.Random, user: Record, total: int) -> list[Record]:
    """By one card, or by two."""
    cards = [name for name, method in user["payment_methods"].items() if method["source"] != "certificate"]
    chosen = rng.sample(cards, 2) if len(cards) > 1 and rng.random() < 0.15 else [rng.choice(cards)]
    part = rng.randint(1, total - 1) if len(chosen) == 2 else total
    return [
        {"payment_id": name, "amount": amount} for name, amount in zip(chosen, (part, total - part), strict=False)
    ]


def write(folder: Path, size: Size) -> None:
    """Write a file a table, a record a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in airline(size).items():
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(record)}" for key, record in table.items())
        (folder / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def main() -> None:
    """Read the flags and write."""
    parser = argparse.ArgumentParser(prog="python -m environments.airline.make", description=main.__doc__)
    parser.add_argument("--small", action="store_true", help="six airports and a few dozen reservations")
    parser.add_argument("--out", type=Path, help="folder to write to (default: data, or small, of the environment)")
    flags = parser.parse_args()
    write(flags.out or HERE / ("small" if flags.small else "data"), SMALL_SIZE if flags.small else LARGE)


if __name__ == "__main__":
    main()
