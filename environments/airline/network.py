"""Where made-up flights go, and how long they take."""

import math

PLACES = {
    "ATL": (18, 6), "BOS": (28, 16), "CLT": (21, 8), "DEN": (6, 11), "DFW": (10, 5), "DTW": (20, 14),
    "EWR": (26, 13), "IAH": (11, 2), "JFK": (26, 13), "LAS": (-3, 8), "LAX": (-6, 6), "LGA": (26, 14),
    "MCO": (21, 1), "MIA": (23, -2), "MSP": (13, 16), "ORD": (17, 13), "PHL": (25, 12), "PHX": (0, 5),
    "SEA": (-7, 20), "SFO": (-9, 11),
}  # fmt: skip
"""Each airport's place on a rough map, in hundreds of miles east and north of nowhere in particular."""
SMALL = ("ATL", "DEN", "JFK", "ORD", "SEA", "SFO")
METROPOLIS = frozenset({"EWR", "JFK", "LGA"})
"""Airports of one city; nobody flies between them."""


def half_hours(origin: str, destination: str) -> int:
    """How long a flight takes, in half hours."""
    (east, north), (other_east, other_north) = PLACES[origin], PLACES[destination]
    return 2 + math.ceil(math.hypot(east - other_east, north - other_north) / 2.6)


def routes(airports: tuple[str, ...]) -> list[tuple[str, str]]:
    """Every pair of airports that a flight may join, in order."""
    return [
        (origin, destination)
        for origin in airports
        for destination in airports
        if origin != destination and not {origin, destination} <= METROPOLIS
    ]
