"""What TauBench's own airline tools do to its database, retold from their source so that ours can be held to it.

https://github.com/sierra-research/tau-bench, tau_bench/envs/airline/tools (MIT, Sierra Research), read in 2026. What
the source answers with `Error: …` is a `Refused` here; what fails in the source fails here, at the same point.
"""

import contextlib
import copy
from typing import Any


class Refused(Exception):
    """The source returns a text that begins with `Error`."""


class Original:
    """The tools that write, over `{users, flights, reservations}`. The new cabin is never written."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def step(self, name: str, arguments: dict[str, Any]) -> None:
        """As the source's environment replays an action: errors are passed over, a transfer is left out."""
        tool = None if name in ("step", "data") or name.startswith("_") else getattr(self, name, None)
        if tool is not None:
            with contextlib.suppress(Exception):
                tool(**copy.deepcopy(arguments))

    def book_reservation(
        self, user_id, origin, destination, flight_type, cabin, flights, passengers, payment_methods,
        total_baggages, nonfree_baggages, insurance,
    ):  # fmt: skip
        _need(user_id in self.data["users"])
        user, taken = self.data["users"][user_id], self.data["reservations"]
        name = "HATHAT"
        if name in taken:
            name = "HATHAU"
            if name in taken:
                name = "HATHAV"
        flights = copy.deepcopy(flights)
        price = 0
        for flight in flights:
            self._fill(flight, cabin, len(passengers))
            price += flight["price"] * len(passengers)
        if insurance == "yes":
            price += 30 * len(passengers)
        price += 50 * nonfree_baggages
        methods = user["payment_methods"]
        for payment in payment_methods:
            _need(payment["payment_id"] in methods)
            method = methods[payment["payment_id"]]
            if method["source"] in ["gift_card", "certificate"]:
                _need(not method["amount"] < payment["amount"])
        _need(sum(payment["amount"] for payment in payment_methods) == price)
        for payment in payment_methods:
            method = methods[payment["payment_id"]]
            if method["source"] == "gift_card":
                method["amount"] -= payment["amount"]
            elif method["source"] == "certificate":
                del methods[payment["payment_id"]]
        taken[name] = {
            "reservation_id": name, "user_id": user_id, "origin": origin, "destination": destination,
            "flight_type": flight_type, "cabin": cabin, "flights": flights, "passengers": passengers,
            "payment_history": payment_methods, "created_at": "2024-05-15T15:00:00",
            "total_baggages": total_baggages, "nonfree_baggages": nonfree_baggages, "insurance": insurance,
        }  # fmt: skip
        user["reservations"].append(name)

    def cancel_reservation(self, reservation_id):
        reservation = self._reservation(reservation_id)
        paid = reservation["payment_history"]
        paid.extend([{"payment_id": one["payment_id"], "amount": -one["amount"]} for one in paid])
        reservation["status"] = "cancelled"

    def send_certificate(self, user_id, amount):
        _need(user_id in self.data["users"])
        methods = self.data["users"][user_id]["payment_methods"]
        for number in [3221322, 3221323, 3221324]:
            name = f"certificate_{number}"
            if name not in methods:
                methods[name] = {"source": "certificate", "amount": amount, "id": name}
                return

    def update_reservation_flights(self, reservation_id, cabin, flights, payment_id):
        reservation = self._reservation(reservation_id)
        number = len(reservation["passengers"])
        flights = copy.deepcopy(flights)
        due = 0
        for flight in flights:
            same = [
                held
                for held in reservation["flights"]
                if held["flight_number"] == flight["flight_number"]
                and held["date"] == flight["date"]
                and cabin == reservation["cabin"]
            ]
            if same:
                for field in ("price", "origin", "destination"):
                    flight[field] = same[0][field]
            else:
                self._fill(flight, cabin, number)
            due += flight["price"] * number
        due -= sum(flight["price"] for flight in reservation["flights"]) * number
        method = self._method(reservation, payment_id, due)
        if method["source"] == "gift_card":
            method["amount"] -= due
        reservation["flights"] = flights
        if due != 0:
            reservation["payment_history"].append({"payment_id": payment_id, "amount": due})

    def update_reservation_baggages(self, reservation_id, total_baggages, nonfree_baggages, payment_id):
        reservation = self._reservation(reservation_id)
        due = 50 * max(0, nonfree_baggages - reservation["nonfree_baggages"])
        method = self._method(reservation, payment_id, due)
        reservation["total_baggages"] = total_baggages
        reservation["nonfree_baggages"] = nonfree_baggages
        if method["source"] == "gift_card":
            method["amount"] -= due
        if due != 0:
            reservation["payment_history"].append({"payment_id": payment_id, "amount": due})

    def update_reservation_passengers(self, reservation_id, passengers):
        reservation = self._reservation(reservation_id)
        _need(len(passengers) == len(reservation["passengers"]))
        reservation["passengers"] = passengers

    def _reservation(self, reservation_id):
        _need(reservation_id in self.data["reservations"])
        return self.data["reservations"][reservation_id]

    def _fill(self, flight, cabin, number):
        _need(flight["flight_number"] in self.data["flights"])
        known = self.data["flights"][flight["flight_number"]]
        _need(flight["date"] in known["dates"])
        day = known["dates"][flight["date"]]
        _need(day["status"] == "available")
        _need(not day["available_seats"][cabin] < number)
        flight["price"] = day["prices"][cabin]
        flight["origin"], flight["destination"] = known["origin"], known["destination"]

    def _method(self, reservation, payment_id, due):
        methods = self.data["users"][reservation["user_id"]]["payment_methods"]
        _need(payment_id in methods)
        method = methods[payment_id]
        _need(method["source"] != "certificate")
        _need(not (method["source"] == "gift_card" and method["amount"] < due))
        return method


def _need(holds):
    if not holds:
        raise Refused
