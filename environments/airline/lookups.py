"""Tools that look up."""

import datetime
from collections.abc import Iterator
from typing import Any

from sca.environment import ToolError, read

from .desk import Desk, Record

CITIES = {
    "ATL": "Atlanta", "BOS": "Boston", "CLT": "Charlotte", "DEN": "Denver", "DFW": "Dallas", "DTW": "Detroit",
    "EWR": "Newark", "IAH": "Houston", "JFK": "New York", "LAS": "Las Vegas", "LAX": "Los Angeles",
    "LGA": "New York", "MCO": "Orlando", "MIA": "Miami", "MSP": "Minneapolis", "ORD": "Chicago",
    "PHL": "Philadelphia", "PHX": "Phoenix", "SEA": "Seattle", "SFO": "San Francisco",
}  # fmt: skip
"""The city of each airport, by its IATA code."""


class LookUps(Desk):
    """Who the traveller is, what is booked, what flies."""

    @read
    def get_user_details(self, user_id: str) -> dict[str, Any]:
        """Return a traveller's profile. The id looks like "mona_quist_1234".

        name (first_name, last_name), address, email, dob, payment_methods (by payment id: source is "credit_card",
        "gift_card" or "certificate"; a gift card and a certificate have an amount in dollars), saved_passengers,
        membership ("regular", "silver" or "gold") and reservations, the list of reservation ids.
        """
        return self._user(user_id)

    @read
    def get_reservation_details(self, reservation_id: str) -> dict[str, Any]:
        """Return a reservation. The id has six capital letters or digits, for example "ZFA04Y".

        user_id, origin, destination, flight_type ("one_way" or "round_trip"), cabin, flights (each with origin,
        destination, flight_number, date and the price a passenger), passengers (first_name, last_name, dob),
        payment_history (payment_id, amount; negative amounts are refunds), created_at, total_baggages,
        nonfree_baggages, insurance ("yes" or "no") and, once it is cancelled, status.
        """
        return self._reservation(reservation_id)

    @read
    def list_all_airports(self) -> dict[str, str]:
        """Return the city of every airport that the airline serves, by its code of three letters."""
        flights = self.state["flights"].values()
        codes = sorted({flight[end] for flight in flights for end in ("origin", "destination")})
        return {code: CITIES.get(code, code) for code in codes}

    @read
    def search_direct_flight(self, origin: str, destination: str, date: str) -> list[dict[str, Any]]:
        """Return the flights between two airports on a date that can still be booked.

        Airports by their codes, the date as in "2024-05-20". Each flight has flight_number, origin, destination,
        scheduled_departure_time_est, scheduled_arrival_time_est ("+1" at its end means the next day),
        available_seats and prices in dollars a passenger, both by cabin.
        """
        _day(date)
        return [
            _on(flight, date)
            for flight in self._between(origin, destination)
            if flight["dates"].get(date, {}).get("status") == "available"
        ]

    @read
    def search_onestop_flight(self, origin: str, destination: str, date: str) -> list[list[dict[str, Any]]]:
        """Return the pairs of flights with one stop between two airports, the first of them on this date.

        Like search_direct_flight; each flight also has its date. The second leaves the stop after the first has
        arrived there, on the same day or, where the first arrives the next day, on that day.
        """
        next_day = (_day(date) + datetime.timedelta(days=1)).isoformat()
        found = []
        for first in self.state["flights"].values():
            if first["origin"] != origin or first["dates"].get(date, {}).get("status") != "available":
                continue
            arrival, _, late = first["scheduled_arrival_time_est"].partition("+")
            second_date = next_day if late else date
            for second in self._between(first["destination"], destination):
                leaves = second["scheduled_departure_time_est"]
                if arrival <= leaves and second["dates"].get(second_date, {}).get("status") == "available":
                    found.append([_on(first, date, dated=True), _on(second, second_date, dated=True)])
        return found

    def _between(self, origin: str, destination: str) -> Iterator[Record]:
        for flight in self.state["flights"].values():
            if (flight["origin"], flight["destination"]) == (origin, destination):
                yield flight


def _day(date: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(date)
    except ValueError:
        raise ToolError(f"{date!r} is no date; write it as in '2024-05-20'") from None


def _on(flight: Record, date: str, *, dated: bool = False) -> Record:
    """A flight on one date."""
    known = {name: value for name, value in flight.items() if name != "dates"}
    return {**known, **flight["dates"][date], **({"date": date} if dated else {})}
