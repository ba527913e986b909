"""Tools that make a reservation, cancel one, or compensate."""

import copy
from typing import Any, Literal

from sca.environment import ToolError, write

from .desk import BAG, INSURANCE, Cabin, Desk, Record, check_bags, payment_method

NOW = "2024-05-15T15:00:00"
RESERVATION_IDS = ("HATHAT", "HATHAU", "HATHAV")
"""What new reservations are called, in this order."""
CERTIFICATE_IDS = ("certificate_3221322", "certificate_3221323", "certificate_3221324")


class Bookings(Desk):
    """Book, cancel, send a certificate."""

    @write
    def book_reservation(
        self,
        user_id: str,
        origin: str,
        destination: str,
        flight_type: Literal["one_way", "round_trip"],
        cabin: Cabin,
        flights: list[dict[str, Any]],
        passengers: list[dict[str, str]],
        payment_methods: list[dict[str, Any]],
        total_baggages: int,
        nonfree_baggages: int,
        insurance: Literal["yes", "no"],
    ) -> dict[str, Any]:
        """Book flights and return the reservation.

        flights are like [{"flight_number": "HAT001", "date": "2024-05-20"}], those of the way back included;
        passengers like [{"first_name": "Mona", "last_name": "Quist", "dob": "1990-01-31"}]; payment_methods like
        [{"payment_id": "gift_card_1234567", "amount": 120}]. Their amounts must add up to the price of every flight
        for every passenger, 30 a passenger for insurance, and 50 for each of the nonfree_baggages. A certificate is
        used up, whatever it held; a gift card must hold its amount. Have the traveller confirm first.
        """
        user = self._user(user_id)
        check_bags(total_baggages, nonfree_baggages)
        taken = self.state["reservations"]
        reservation_id = next((name for name in RESERVATION_IDS if name not in taken), None)
        if reservation_id is None:
            raise ToolError("no more than three reservations can be made in a conversation")
        segments = [self._seat(flight, cabin, len(passengers)) for flight in copy.deepcopy(flights)]
        price = 0
        for segment in segments:
            price += segment["price"] * len(passengers)
        price += INSURANCE * len(passengers) if insurance == "yes" else 0
        price += BAG * nonfree_baggages
        self._check_payments(user, payment_methods, price)
        for payment in payment_methods:
            method = user["payment_methods"][payment["payment_id"]]
            if method["source"] == "gift_card":
                method["amount"] -= payment["amount"]
            elif method["source"] == "certificate":
                del user["payment_methods"][payment["payment_id"]]
        taken[reservation_id] = {
            "reservation_id": reservation_id,
            "user_id": user_id,
            "origin": origin,
            "destination": destination,
            "flight_type": flight_type,
            "cabin": cabin,
            "flights": segments,
            "passengers": copy.deepcopy(passengers),
            "payment_history": copy.deepcopy(payment_methods),
            "created_at": NOW,
            "total_baggages": total_baggages,
            "nonfree_baggages": nonfree_baggages,
            "insurance": insurance,
        }
        user["reservations"].append(reservation_id)
        reservation: Record = taken[reservation_id]
        return reservation

    def _check_payments(self, user: Record, payments: list[Record], price: float) -> None:
        """Refuse what does not cover the price exactly, or takes more than there is."""
        due: dict[str, float] = {}
        for payment in payments:
            amount = payment.get("amount")
            if not isinstance(amount, int | float) or isinstance(amount, bool) or amount < 0:
                raise ToolError('each payment must be like {"payment_id": "credit_card_1234567", "amount": 120}')
            method = payment_method(user, payment.get("payment_id"))
            if method["source"] == "certificate" and method["id"] in due:
                raise ToolError(f"{method['id']} can be used once only; name it once")
            due[method["id"]] = due.get(method["id"], 0) + amount
            if method["source"] != "credit_card" and method["amount"] < due[method["id"]]:
                raise ToolError(f"{method['id']} holds {method['amount']}, not {due[method['id']]}")
        paid = sum(payment["amount"] for payment in payments)
        if paid != price:
            raise ToolError(f"the payments add up to {paid}, but the price is {price}; make them equal")

    @write
    def cancel_reservation(self, reservation_id: str) -> dict[str, Any]:
        """Cancel a whole reservation and return it.

        Everything paid is noted as refunded the way it came, which takes 5 to 7 business days. It cannot be undone;
        have the traveller confirm first.
        """
        reservation = self._reservation(reservation_id)
        refunds = [
            {"payment_id": payment["payment_id"], "amount": -payment["amount"]}
            for payment in reservation["payment_history"]
        ]
        reservation["payment_history"] += refunds
        reservation["status"] = "cancelled"
        return reservation

    @write
    def send_certificate(self, user_id: str, amount: float) -> str:
        """Give a traveller a certificate of so many dollars, as compensation, and return its id.

        The policy says who gets one, and how much.
        """
        user = self._user(user_id)
        if amount < 0:
            raise ToolError("the amount must not be negative")
        methods = user["payment_methods"]
        name = next((name for name in CERTIFICATE_IDS if name not in methods), None)
        if name is None:
            raise ToolError("no more than three certificates can be sent to a traveller")
        methods[name] = {"source": "certificate", "amount": amount, "id": name}
        return name
