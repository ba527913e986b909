"""Flights, hotels and what a trip costs. The tools `max`, `min` and `sum` go by the names of builtins."""

import builtins
import re
from typing import Any

from sca.environment import ToolError, Toolset, read


class TravelPlanner(Toolset):
    """Find flights and hotels between eight cities in the first two weeks of June 2026, and add up prices."""

    @read
    def find_flights(self, from_location: str, to_location: str, date: str) -> list[dict[str, Any]]:
        """Return the flights from one city to another on a day; the list is empty when there are none.

        Cities: Athens, Dublin, Lisbon, Oslo, Prague, Rome, Vienna, Zurich. Dates, as YYYY-MM-DD, run from
        2026-06-01 to 2026-06-14. Each flight is a dict with from_location, to_location, date and price.
        Example: find_flights("Oslo", "Rome", "2026-06-03")
        """
        self._check_city(from_location)
        self._check_city(to_location)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
            raise ToolError("date must be written as YYYY-MM-DD, for example 2026-06-03")
        wanted = {"from_location": from_location, "to_location": to_location, "date": date}
        return [flight for flight in self.state["flights"] if wanted.items() <= flight.items()]

    @read
    def book_hotel(self, location: str, *preferences: str) -> list[dict[str, Any]]:
        """Return the hotels of a city that have every one of the preferences; it books nothing.

        Preferences are given one by one and may be left out: breakfast, gym, parking, pool, wifi. Each hotel
        is a dict with location, preferences, price_per_night and rating (2 to 5 stars).
        Example: book_hotel("Rome", "breakfast", "pool")
        """
        self._check_city(location)
        known = sorted({preference for hotel in self.state["hotels"] for preference in hotel["preferences"]})
        for preference in preferences:
            if preference not in known:
                raise ToolError(f"no hotel offers {preference!r}; preferences are {', '.join(known)}")
        return [
            hotel
            for hotel in self.state["hotels"]
            if hotel["location"] == location and set(preferences) <= set(hotel["preferences"])
        ]

    @read
    def budget_calculator(self, flight_price: float, hotel_price_per_night: float, num_nights: int) -> float:
        """Return what a trip costs: the flight price plus the hotel price for each of the nights.

        Example: budget_calculator(120, 80, 3) returns 360
        """
        if num_nights < 0:
            raise ToolError("num_nights cannot be negative")
        return flight_price + hotel_price_per_night * num_nights

    @read
    def max(self, *args: float | list[float]) -> float:
        """Return the largest of the numbers, given one by one or as one list.

        Example: max(120, 95, 240) returns 240
        """
        return builtins.max(_numbers("max", args))

    @read
    def min(self, *args: float | list[float]) -> float:
        """Return the smallest of the numbers, given one by one or as one list.

        Example: min([120, 95, 240]) returns 95
        """
        return builtins.min(_numbers("min", args))

    @read
    def sum(self, *args: float | list[float]) -> float:
        """Return the sum of the numbers, given one by one or as one list.

        Example: sum(120, 95, 240) returns 455
        """
        return builtins.sum(_numbers("sum", args))

    def _check_city(self, city: str) -> None:
        cities = sorted({hotel["location"] for hotel in self.state["hotels"]})
        if city not in cities:
            raise ToolError(f"no city called {city!r}; cities are {', '.join(cities)}")


def _numbers(tool: str, args: tuple[float | list[float], ...]) -> list[float]:
    """The numbers themselves, whether they came one by one or as one list."""
    values = args[0] if len(args) == 1 and isinstance(args[0], list) else args
    numbers = [value for value in values if isinstance(value, (int, float))]
    if not numbers or len(numbers) != len(values):
        raise ToolError(f"give numbers, one by one or as one list: {tool}(120, 95) or {tool}([120, 95])")
    return numbers
