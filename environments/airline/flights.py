"""Made-up flights, each on every day of a month."""

import datetime
import random
from typing import Any, NamedTuple

from environments.airline.network import half_hours, routes

Record = dict[str, Any]
DAYS = [datetime.date(2024, 5, day) for day in range(1, 31)]
NOW = datetime.datetime(2024, 5, 15, 15)
PRICES = {"basic_economy": (48, 105), "economy": (96, 210), "business": (190, 520)}
"""Least and most of each cabin, in dollars."""
CANCELLED = 0.045


class Times(NamedTuple):
    """When a flight leaves and arrives on one day."""

    leaves: datetime.datetime
    arrives: datetime.datetime


def make_flights(rng: random.Random, airports: tuple[str, ...], number: int) -> dict[str, Record]:
    """By flight number. Every airport can be left and reached where there are flights enough."""
    ways = routes(airports)
    rng.shuffle(ways)
    chosen = [ways[index % len(ways)] for index in range(number)]
    rng.shuffle(chosen)
    flights = {}
    for index, (origin, destination) in enumerate(chosen, 1):
        leaves, takes = rng.randrange(24) * 2, half_hours(origin, destination)
        flights[f"HAT{index:03}"] = {
            "flight_number": f"HAT{index:03}",
            "origin": origin,
            "destination": destination,
            "scheduled_departure_time_est": _clock(leaves),
            "scheduled_arrival_time_est": _clock(leaves + takes),
            "dates": {day.isoformat(): _day(rng, day, leaves, takes) for day in DAYS},
        }
    return flights


def price(rng: random.Random, cabin: str) -> int:
    """What a passenger pays."""
    return rng.randint(*PRICES[cabin])


def _clock(half_hours: int) -> str:
    days, left = divmod(half_hours, 48)
    return f"{left // 2:02}:{left % 2 * 30:02}:00" + (f"+{days}" if days else "")


def _day(rng: random.Random, day: datetime.date, leaves: int, takes: int) -> Record:
    """What became of a flight on one day, or what can be booked of it, as things stand now."""
    start = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(minutes=30 * leaves)
    planned = Times(start, start + datetime.timedelta(minutes=30 * takes))
    if day > NOW.date():
        return {
            "status": "available",
            "available_seats": {cabin: _seats(rng) for cabin in PRICES},
            "prices": {cabin: price(rng, cabin) for cabin in PRICES},
        }
    if rng.random() < CANCELLED:
        return {"status": "cancelled"}
    late = datetime.timedelta(minutes=rng.choice((-8, -3, 0, 0, 2, 5, 9, 14, 26, 48, 95)))
    real = Times(planned.leaves + late, planned.arrives + late + datetime.timedelta(minutes=rng.randint(-12, 12)))
    if real.arrives <= NOW:
        return {"status": "landed"} | _told("actual", "actual", real)
    if real.leaves <= NOW:
        return {"status": "flying"} | _told("actual", "estimated", real)
    delayed = late >= datetime.timedelta(minutes=26)
    return {"status": "delayed" if delayed else "on time"} | _told("estimated", "estimated", real)


def _told(leaving: str, arriving: str, times: Times) -> Record:
    return {
        f"{leaving}_departure_time_est": times.leaves.isoformat(),
        f"{arriving}_arrival_time_est": times.arrives.isoformat(),
    }


def _seats(rng: random.Random) -> int:
    """Now and then hardly any."""
    return rng.randint(0, 3) if rng.random() < 0.15 else rng.randint(1, 20)
