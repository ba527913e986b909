"""Tools that change a reservation."""

import copy
from typing import Any

from sca.environment import ToolError, write

from .desk import BAG, Cabin, Desk, Record, check_bags, settle


class Changes(Desk):
    """Other flights or another cabin, more bags, other passengers."""

    @write
    def update_reservation_flights(
        self, reservation_id: str, cabin: Cabin, flights: list[dict[str, Any]], payment_id: str
    ) -> dict[str, Any]:
        """Set the flights and the cabin of a reservation and return it.

        flights are all that the reservation is to have, like [{"flight_number": "HAT001", "date": "2024-05-20"}],
        those that stay included. A flight that stays in the same cabin keeps its price; any other costs what it costs
        now and must have seats left. The difference is paid with, or refunded to, a credit card or a gift card. Have
        the traveller confirm first.
        """
        reservation = self._reservation(reservation_id)
        number = len(reservation["passengers"])
        segments = [self._segment(reservation, flight, cabin, number) for flight in copy.deepcopy(flights)]
        due = 0
        for segment in segments:
            due += segment["price"] * number
        due -= sum(flight["price"] for flight in reservation["flights"]) * number
        method = self._method_for_change(reservation, payment_id, due)
        reservation["flights"] = segments
        if "original_cabin" not in self.switches_on:
            reservation["cabin"] = cabin
        settle(reservation, method, payment_id, due)
        return reservation

    def _segment(self, reservation: Record, flight: Record, cabin: str, passengers: int) -> Record:
        """A flight as the reservation is to hold it: as it does now, or at today's price."""
        for held in reservation["flights"] if cabin == reservation["cabin"] else ():
            if all(held[name] == flight.get(name) for name in ("flight_number", "date")):
                return {**flight, **{name: held[name] for name in ("price", "origin", "destination")}}
        return self._seat(flight, cabin, passengers)

    @write
    def update_reservation_baggages(
        self, reservation_id: str, total_baggages: int, nonfree_baggages: int, payment_id: str
    ) -> dict[str, Any]:
        """Set the number of checked bags of a reservation and return it.

        Both numbers are those after the change, not what is added. 50 dollars are charged for each bag that is not
        free beyond those paid for already, to a credit card or a gift card. Have the traveller confirm first.
        """
        reservation = self._reservation(reservation_id)
        check_bags(total_baggages, nonfree_baggages)
        due = BAG * max(0, nonfree_baggages - reservation["nonfree_baggages"])
        method = self._method_for_change(reservation, payment_id, due)
        reservation["total_baggages"] = total_baggages
        reservation["nonfree_baggages"] = nonfree_baggages
        settle(reservation, method, payment_id, due)
        return reservation

    @write
    def update_reservation_passengers(self, reservation_id: str, passengers: list[dict[str, str]]) -> dict[str, Any]:
        """Set the passengers of a reservation and return it.

        All of them, as many as there are now, like
        [{"first_name": "Mona", "last_name": "Quist", "dob": "1990-01-31"}]. Have the traveller confirm first.
        """
        reservation = self._reservation(reservation_id)
        if len(passengers) != len(reservation["passengers"]):
            raise ToolError(
                f"{reservation_id} is for {len(reservation['passengers'])} passengers, not {len(passengers)}; "
                "their number cannot be changed"
            )
        reservation["passengers"] = copy.deepcopy(passengers)
        return reservation
